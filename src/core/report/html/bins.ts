/** Time cut into equal bins, as many as wanted at most: where they do not reach, all become twice as wide. */

export interface Bins<Bin> {
  readonly widthMs: number
  /** The bin of an instant, made if need be; it is another after the next call. */
  at(instant: number): Bin
  /** Those that were asked for, in order, by the instant at which they begin. */
  list(): (readonly [startAt: number, bin: Bin])[]
  /** Widens until no more than so many lie between the first and the last. */
  fit(most: number): void
}

/** A power of two of it is a second. */
const NARROWEST_MS = 1000 / 128

/** `most`: two at least. `merge` takes the second into the first. */
export function createBins<Bin>(most: number, make: () => Bin, merge: (into: Bin, from: Bin) => void): Bins<Bin> {
  let width = NARROWEST_MS
  let bins = new Map<number, Bin>()
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY

  function widen(): void {
    width *= 2
    const wider = new Map<number, Bin>()
    for (const [index, bin] of bins) {
      const into = wider.get(Math.floor(index / 2))
      if (into === undefined) wider.set(Math.floor(index / 2), bin)
      else merge(into, bin)
    }
    bins = wider
    first = Math.floor(first / 2)
    last = Math.floor(last / 2)
  }

  return {
    get widthMs() {
      return width
    },
    at(instant) {
      let index = Math.floor(instant / width)
      while (Math.max(last, index) - Math.min(first, index) >= most && bins.size > 0) {
        widen()
        index = Math.floor(instant / width)
      }
      let bin = bins.get(index)
      if (bin === undefined) {
        bin = make()
        bins.set(index, bin)
        first = Math.min(first, index)
        last = Math.max(last, index)
      }
      return bin
    },
    fit(wanted) {
      while (bins.size > 0 && last - first >= wanted) widen()
    },
    list() {
      return [...bins].sort(([a], [b]) => a - b).map(([index, bin]) => [index * width, bin] as const)
    },
  }
}
