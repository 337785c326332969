export interface StopFinder {
  /** What can be said for certain: nothing of a stop string, nor of what may become one. */
  push(text: string): string
  /** What was held back, when the answer ends without a stop string. */
  end(): string
  readonly found: boolean
}

/** Finds the first stop string in a text that comes in pieces. */
export function createStopFinder(stops: readonly string[]): StopFinder {
  const wanted = stops.filter((stop) => stop !== '')
  let held = ''
  let found = false

  /** Length of the longest end of `held` that some stop string begins with. */
  function countDoubtful(): number {
    const longest = Math.max(0, ...wanted.map((stop) => stop.length - 1))
    for (let length = Math.min(longest, held.length); length > 0; length--) {
      const end = held.slice(-length)
      if (wanted.some((stop) => stop.startsWith(end))) return length
    }
    return 0
  }

  return {
    push(text) {
      if (found) return ''
      held += text
      const places = wanted.map((stop) => held.indexOf(stop)).filter((place) => place >= 0)
      found = places.length > 0
      const certain = found ? Math.min(...places) : held.length - countDoubtful()
      const said = held.slice(0, certain)
      held = found ? '' : held.slice(certain)
      return said
    },
    end() {
      const rest = held
      held = ''
      return rest
    },
    get found() {
      return found
    },
  }
}
