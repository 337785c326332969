/** How many answers had ended by an instant, and with how many tokens: in bins of time, bounded. */

const MOST_BINS = 1024

interface Bin {
  answers: number
  tokens: number
}

export interface Ends {
  add(endAt: number, tokens: number): void
  /** What ended between two instants, over the whole bins inside; undefined where there is none. */
  between(startAt: number, endAt: number): (Bin & { readonly ms: number }) | undefined
}

/** Bins lie on multiples of their width, so that the result does not depend on the order of what is added. */
export function createEnds(): Ends {
  let widthMs = 1
  let bins = new Map<number, Bin>()
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY

  const put = (into: Map<number, Bin>, index: number, bin: Bin): void => {
    const known = into.get(index)
    if (known === undefined) into.set(index, { ...bin })
    else {
      known.answers += bin.answers
      known.tokens += bin.tokens
    }
  }

  const widen = (): void => {
    widthMs *= 2
    const wider = new Map<number, Bin>()
    for (const [index, bin] of bins) put(wider, Math.floor(index / 2), bin)
    bins = wider
  }

  return {
    add(endAt, tokens) {
      least = Math.min(least, endAt)
      most = Math.max(most, endAt)
      while (Math.floor(most / widthMs) - Math.floor(least / widthMs) >= MOST_BINS) widen()
      put(bins, Math.floor(endAt / widthMs), { answers: 1, tokens })
    },
    between(startAt, endAt) {
      const from = Math.ceil(startAt / widthMs)
      const to = Math.floor(endAt / widthMs)
      if (!(to > from)) return undefined
      const sum = { answers: 0, tokens: 0, ms: (to - from) * widthMs }
      for (const [index, bin] of bins) {
        if (index < from || index >= to) continue
        sum.answers += bin.answers
        sum.tokens += bin.tokens
      }
      return sum
    },
  }
}
