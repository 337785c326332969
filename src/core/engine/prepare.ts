import type { Arrival } from '../arrival.ts'
import type { Platform } from '../platform.ts'
import type { Job } from './flight.ts'
import type { Share } from './share.ts'

/** The longest that preparing may keep the loop, ms. */
const SLICE_MS = 0.25

/** Calls made and encoded before they are due, so that a send is nothing but a send. */
export interface Preparer {
  /** Job `n`: prepared, or made on the spot when it comes out of order. */
  take(n: number): Job
  /** Forgets what was prepared: it would be encoded otherwise now. */
  reset(): void
}

/**
 * Prepares `ahead` jobs at once, and keeps as many ready, in slices between turns of the loop, below `limit`. Which requests
 * of a closed loop a shard will draw is not known beforehand: every shard prepares all of them, and drops what another drew.
 */
export function createPreparer(
  platform: Platform,
  make: (n: number) => Job,
  ahead: number,
  limit: number,
  share: Share,
  kind: Arrival['kind'],
  isSending: () => boolean,
): Preparer {
  const step = kind === 'open' ? share.shards : 1
  /** In rising order. */
  const jobs = new Map<number, Job>()
  let next = kind === 'open' ? share.index : 0
  let refilling = false

  const prepareNext = (): void => {
    if (kind === 'closed') next = Math.max(next, share.drawn())
    if (next >= limit) return
    jobs.set(next, make(next))
    next += step
  }
  const refill = (): void => {
    refilling = false
    // Sending comes first, as long as what it needs is there.
    if (isSending() && jobs.size > 0) {
      wake()
      return
    }
    const until = platform.clock.now() + SLICE_MS
    while (jobs.size < ahead && next < limit) {
      if (platform.clock.now() >= until) {
        wake()
        return
      }
      prepareNext()
    }
  }
  const wake = (): void => {
    if (refilling || next >= limit) return
    refilling = true
    platform.nextTurn(refill)
  }

  while (jobs.size < ahead && next < limit) prepareNext()

  return {
    take(n) {
      const job = jobs.get(n) ?? make(n)
      for (const passed of jobs.keys()) {
        if (passed > n) break
        jobs.delete(passed)
      }
      next = Math.max(next, n + step)
      if (jobs.size * 2 < ahead) wake()
      return job
    },
    reset() {
      for (const first of jobs.keys()) {
        next = first
        break
      }
      jobs.clear()
    },
  }
}
