import type { Platform } from '../platform.ts'
import type { Job } from './exchange.ts'

/** The longest that preparing may keep the loop, ms. */
const SLICE_MS = 0.25

/** Calls made and encoded before they are due, so that a send is nothing but a send. */
export interface Preparer {
  /** Job `n`: prepared, or made on the spot when it comes out of order. */
  take(n: number): Job
  /** Forgets what was prepared: it would be encoded otherwise now. */
  reset(): void
}

/** Prepares `ahead` jobs at once, and keeps as many ready, in slices between turns of the loop, below `limit`. */
export function createPreparer(platform: Platform, make: (n: number) => Job, ahead: number, limit: number): Preparer {
  let jobs: Job[] = []
  let head = 0
  let next = 0
  let refilling = false
  const ready = (): number => jobs.length - head

  const refill = (): void => {
    refilling = false
    const until = platform.clock.now() + SLICE_MS
    while (ready() < ahead && next < limit) {
      if (platform.clock.now() >= until) {
        wake()
        return
      }
      jobs.push(make(next++))
    }
  }
  const wake = (): void => {
    if (refilling || next >= limit) return
    refilling = true
    platform.nextTurn(refill)
  }

  while (ready() < ahead && next < limit) jobs.push(make(next++))

  return {
    take(n) {
      const first = jobs[head]
      if (first === undefined || first.n !== n) {
        next = Math.max(next, n + 1)
        return make(n)
      }
      head++
      if (head >= 256) {
        jobs.splice(0, head)
        head = 0
      }
      if (ready() * 2 < ahead) wake()
      return first
    },
    reset() {
      next = jobs[head]?.n ?? next
      jobs = []
      head = 0
    },
  }
}
