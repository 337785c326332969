import type { Clock } from '../core/platform.ts'

/** Readings until a step is looked for in vain: some edge runtimes freeze time until the next I/O. */
const MAX_READINGS = 100_000
/** What is said then: the step of the coarsest clock that is documented to move at all. */
const FROZEN_STEP_MS = 1

/** The smallest of a few steps between two different readings, ms. Takes microseconds where the clock is fine. */
export function measureStep(now: () => number, steps = 32): number {
  let smallest = Number.POSITIVE_INFINITY
  let previous = now()
  for (let reading = 0, seen = 0; reading < MAX_READINGS && seen < steps; reading++) {
    const current = now()
    if (current <= previous) continue
    smallest = Math.min(smallest, current - previous)
    previous = current
    seen++
    // A coarse clock shows its step at once; waiting for more of them would take `steps` times as long.
    if (smallest >= 0.1 && seen >= 3) break
  }
  return Number.isFinite(smallest) ? smallest : FROZEN_STEP_MS
}

/**
 * How far `Date.now()` is ahead of `now()`, ms, finer than the millisecond that `Date.now()` shows: read at the instant
 * at which it ticks. The best of a few ticks, since a pause of the process between two readings would shift the result.
 */
function measureOffset(now: () => number): number {
  let offset = Date.now() - now()
  let narrowest = Number.POSITIVE_INFINITY
  let before = now()
  let wall = Date.now()
  for (let reading = 0; reading < MAX_READINGS && narrowest > 0.005; reading++) {
    const current = Date.now()
    const after = now()
    if (current !== wall && after - before < narrowest) {
      narrowest = after - before
      offset = current - (before + after) / 2
    }
    wall = current
    before = after
  }
  return offset
}

/**
 * The clock of every runtime: `performance.now()`, which is monotonic and, outside of edge runtimes, finer than a
 * microsecond. `epoch()` has the same resolution, so that stamps of two processes on one machine can be compared, yet it
 * follows `Date.now()` when the wall clock is set.
 */
export function createClock(now: () => number = () => performance.now()): Clock {
  const stepMs = measureStep(now)
  let offset: number | undefined
  return {
    now,
    epoch: () => {
      offset ??= measureOffset(now)
      const wall = Date.now()
      const fine = offset + now()
      if (Math.abs(fine - wall) > 2) offset = wall - now()
      return Math.min(Math.max(fine, wall), wall + 1)
    },
    stepMs,
  }
}
