/**
 * How events follow each other when one is expected each unit of time. Every open schedule is a pace whose positions are mapped
 * to instants by a rate: divided by it where it is constant (`open.ts`), sent through the inverse of its integral where it is
 * not (`stages.ts`). That is exact for Poisson processes of any rate, and keeps the counts of the others.
 */

import { makeRandom } from '../stats/random.ts'
import { requirePositive } from './check.ts'

/** The position of event `n` (from 0), not decreasing with `n`; about `n` in the mean. Pure. */
export type Pace = (n: number) => number

/** One event each unit, the first at 0. */
export const steadyPace: Pace = (n) => n

/** Independent exponential gaps; the first event comes after one, so that counts from 0 on are Poisson. */
export function poissonPace(seed: number): Pace {
  const random = makeRandom(seed, 'arrival')
  return cumulate(() => random.exponential())
}

/**
 * Independent gamma gaps of mean 1 and coefficient of variation 1/sqrt(burstiness): 1 is Poisson, below 1 is burstier, towards
 * infinity it becomes steady. The first event comes after one gap (an ordinary renewal process, as in vLLM's benchmark).
 */
export function gammaPace(burstiness: number, seed: number): Pace {
  requirePositive('burstiness', burstiness)
  const random = makeRandom(seed, 'arrival')
  return cumulate(() => random.gamma(burstiness) / burstiness)
}

/** Sums of gaps, kept, so that any order of asking gives the same answer: 8 bytes an event. */
function cumulate(nextGap: () => number): Pace {
  const positions: number[] = []
  let last = 0
  return (n) => {
    while (positions.length <= n) {
      last += nextGap()
      positions.push(last)
    }
    return positions[n]!
  }
}
