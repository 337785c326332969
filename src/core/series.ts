/** What plugins cut their samples with. Pure; samples are in order of their instants. */
import type { Sample, Series } from './plugin.ts'
import type { Window } from './summary.ts'

export interface WindowSamples {
  /** The last one at or before the window's start: with the first one after its end, what counters are differed by. */
  readonly before?: Sample
  /** Neither before it nor after it. */
  readonly within: readonly Sample[]
  /** The first one at or after the window's end. */
  readonly after?: Sample
}

/** Of several devices, give each one's samples by themselves. */
export function cutSamples(samples: readonly Sample[], { startAt, endAt }: Window): WindowSamples {
  const first = countWhile(samples, ({ at }) => at < startAt)
  const last = countWhile(samples, ({ at }) => at <= endAt)
  const before = samples[first]?.at === startAt ? samples[first] : samples[first - 1]
  const after = last > 0 && samples[last - 1]!.at === endAt ? samples[last - 1] : samples[last]
  return {
    ...(before === undefined ? {} : { before }),
    within: samples.slice(first, Math.max(first, last)),
    ...(after === undefined ? {} : { after }),
  }
}

/** With repetitions a measured window is several, with pauses between them: each by itself. Else it is the only one. */
export function partsOf({ windows }: Series, { name, startAt, endAt }: Window): readonly Window[] {
  return windows.filter((part) => part.name === name && part.startAt >= startAt && part.endAt <= endAt)
}

/** How many at the beginning pass a test that none passes after one that does not. */
function countWhile(samples: readonly Sample[], test: (sample: Sample) => boolean): number {
  let low = 0
  let high = samples.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (test(samples[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}
