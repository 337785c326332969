/** What every open schedule must do, ours and yours. */
import type { OpenArrival } from 'inferbench'
import { describe, expect, it } from 'vitest'

export interface ExpectedArrival {
  /** Requests a second, when the schedule has one rate. */
  readonly rate?: number
  /**
   * Variance of the number of requests in a long window over its mean, given with `rate`: 1 for Poisson, 0 for equal gaps, the
   * squared coefficient of variation of the gaps for independent ones.
   */
  readonly dispersion?: number
  /** The seed makes no difference (constant, replay). */
  readonly unseeded?: boolean
  /** The schedule ends, with so many requests, `within` more or fewer (0 when absent). */
  readonly ends?: { readonly count: number; readonly within?: number; readonly byMs?: number }
}

/** Requests looked at: enough that the statistics below decide, few enough to take some ten milliseconds. */
const REQUESTS = 100_000
/** Expected requests in a window over which requests are counted: long against the gaps, so that the limit theorems hold. */
const WINDOW = 100
const SEEDS: readonly number[] = [1, 42, 20_231_118]

/** `make` makes the schedule anew from a seed. */
export function testArrival(name: string, make: (seed: number) => OpenArrival, expected: ExpectedArrival = {}): void {
  describe(`arrival: ${name}`, () => {
    it('has a name and never goes back in time', () => {
      for (const seed of SEEDS) {
        const arrival = make(seed)
        expect(arrival.kind).toBe('open')
        expect(arrival.name).not.toBe('')
        let before = 0
        for (const at of instantsOf(arrival, REQUESTS)) {
          if (!(at >= before && Number.isFinite(at))) expect.fail(`due at ${at} ms after ${before} ms`)
          before = at
        }
      }
    })

    it('gives the same instants for the same seed, in whatever order it is asked', () => {
      const whole = instantsOf(make(42), 2000)
      const backwards = make(42)
      for (let n = whole.length - 1; n >= 0; n--) expect(backwards.due(n)).toBe(whole[n])
      for (let n = 0; n < whole.length; n += 7) expect(backwards.due(n)).toBe(whole[n])
    })

    it(expected.unseeded ? 'does not depend on the seed' : 'gives other instants for other seeds', () => {
      const [one, other] = [instantsOf(make(1), 1000), instantsOf(make(2), 1000)]
      if (expected.unseeded) expect(other).toEqual(one)
      else expect(one.filter((at, n) => at === other[n]).length).toBeLessThan(one.length / 10)
    })

    it('is the union of its shards', () => {
      const whole = instantsOf(make(42), 3000)
      const shards = [0, 1, 2].flatMap((shard) => {
        // Each shard is computed on its own, as on a thread of its own, and asks for its indices only.
        const arrival = make(42)
        const own: number[] = []
        for (let n = shard; n < whole.length; n += 3) own.push(arrival.due(n)!)
        return own
      })
      expect(shards.sort((a, b) => a - b)).toEqual(whole)
    })

    it(expected.ends ? 'ends where it says, and stays ended' : 'does not end', () => {
      for (const seed of SEEDS) {
        const arrival = make(seed)
        const instants = instantsOf(arrival, REQUESTS)
        if (!expected.ends) {
          expect(instants.length).toBe(REQUESTS)
          continue
        }
        const { count, within = 0, byMs } = expected.ends
        expect(Math.abs(instants.length - count)).toBeLessThanOrEqual(within)
        for (let after = 0; after < 100; after++) expect(arrival.due(instants.length + after)).toBeUndefined()
        if (byMs !== undefined && instants.length > 0) expect(instants.at(-1)).toBeLessThanOrEqual(byMs)
      }
    })

    const { rate, dispersion } = expected
    if (rate === undefined) return

    it(`comes to ${rate} requests a second`, () => {
      // The instant of the last of N requests has the relative deviation sqrt(dispersion / N); five of them are allowed, and
      // the one gap by which the first request may be early or late.
      const tolerance = 5 * Math.sqrt((dispersion ?? 1) / REQUESTS) + 2 / REQUESTS
      for (const seed of SEEDS) {
        const arrival = make(seed)
        expect(arrival.meanRate).toBe(rate)
        const found = (REQUESTS * 1000) / arrival.due(REQUESTS - 1)!
        expect(Math.abs(found / rate - 1)).toBeLessThanOrEqual(tolerance)
      }
    })

    if (dispersion === undefined) return

    it(`has an index of dispersion of ${dispersion}`, () => {
      // Over M windows the index has the relative deviation sqrt(2 / M), 4.5 % here; five of them are allowed. A window is finite,
      // and for gaps far from exponential that moves the index by some percent, well within.
      const windows = REQUESTS / WINDOW
      const tolerance = dispersion * 5 * Math.sqrt(2 / windows) + 0.01
      for (const seed of SEEDS) {
        const index = indexOfDispersion(instantsOf(make(seed), REQUESTS), (WINDOW * 1000) / rate)
        expect(Math.abs(index - dispersion)).toBeLessThanOrEqual(tolerance)
      }
    })
  })
}

/** The first `limit` instants, or all that there are. */
export function instantsOf(arrival: OpenArrival, limit: number): number[] {
  const instants: number[] = []
  for (let n = 0; n < limit; n++) {
    const at = arrival.due(n)
    if (at === undefined) break
    instants.push(at)
  }
  return instants
}

/** Variance over mean of the counts in windows that follow each other; the last, cut one is left out. */
function indexOfDispersion(instants: readonly number[], windowMs: number): number {
  const counts: number[] = new Array(Math.floor(instants.at(-1)! / windowMs)).fill(0)
  for (const at of instants) {
    const window = Math.floor(at / windowMs)
    if (window < counts.length) counts[window]! += 1
  }
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1)
  return variance / mean
}
