/**
 * Counters of single series, read on where they begin again. A server with several engines shows a series each: when one of them starts anew the sum
 * of all falls by what that one had counted, and nobody could tell from the sum how much came since.
 */
import { keyOf, type SeriesSet } from './series-set.ts'
import type { TextSample } from './text.ts'

interface Known {
  readonly sample: TextSample
  /** What it had counted before it began again. */
  readonly earlier: number
}

export interface Continued {
  readonly set: SeriesSet
  /** In how many readings so far a series had begun again. */
  readonly restarts: number
}

/** A series that is shown no more keeps what it had counted, as long as there are others of its name. */
export function createMemory(isCounter: (name: string) => boolean): (set: SeriesSet) => Continued {
  const known = new Map<string, Map<string, Known>>()
  let restarts = 0
  return (set) => {
    let fell = false
    const readOn = (name: string, series: readonly TextSample[]): readonly TextSample[] => {
      const ofName = known.get(name) ?? new Map<string, Known>()
      known.set(name, ofName)
      const odd: TextSample[] = []
      for (const sample of series) {
        if (!(Number.isFinite(sample.value) && sample.value >= 0)) {
          odd.push(sample)
          continue
        }
        const key = keyOf(sample.labels)
        const last = ofName.get(key)
        const begins = last !== undefined && sample.value < last.sample.value
        fell ||= begins
        ofName.set(key, { sample, earlier: (last?.earlier ?? 0) + (begins ? last.sample.value : 0) })
      }
      return [
        ...odd,
        ...[...ofName.values()].map(({ sample, earlier }) => ({ ...sample, value: sample.value + earlier })),
      ]
    }
    const byName = new Map(
      [...set.byName].map(([name, series]) => [name, isCounter(name) ? readOn(name, series) : series] as const),
    )
    if (fell) restarts++
    return { set: { ...set, byName }, restarts }
  }
}
