/** The search for the highest load that meets limits, and what it is sure of. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeRandom } from '../../src/core/stats/random.ts'
import { listLoads } from '../../src/core/sweep/loads.ts'
import { answerSearch, type JudgedLoad, nextInSearch } from '../../src/core/sweep/search.ts'
import { type Attempt, judgeShare } from '../../src/core/sweep/share.ts'
import type { SearchAnswer } from '../../src/core/sweep.ts'

const MOST_RUNS = 5

interface Searched {
  readonly answer: SearchAnswer
  readonly measurements: readonly number[]
}

/** Plays a search; `measure` is one run at a load. */
function search(loads: readonly number[], share: number, measure: (load: number, run: number) => Attempt): Searched {
  const attempts = new Map<number, Attempt[]>()
  const judged = new Map<number, JudgedLoad>()
  const measurements: number[] = []
  for (;;) {
    const load = nextInSearch(loads, judged, MOST_RUNS)
    if (load === undefined) return { answer: answerSearch(loads, judged, MOST_RUNS), measurements }
    measurements.push(load)
    if (measurements.length > loads.length * MOST_RUNS) throw new Error('the search does not end')
    const runs = attempts.get(load) ?? []
    runs.push(measure(load, runs.length))
    attempts.set(load, runs)
    judged.set(load, { judgement: judgeShare(runs, share), runs: runs.length })
  }
}

const grids = fc
  .tuple(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 500 }),
    fc.double({ min: 1.01, max: 3, noNaN: true }),
  )
  .map(([from, more, factor]) => listLoads(from, from + more, factor, true))

/** Shares that never rise with the load, one for each. */
const sloped = grids.chain((loads) =>
  fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: loads.length, maxLength: loads.length })
    .map((shares) => ({ loads, shares: shares.sort((a, b) => b - a) })),
)

describe('a ladder of loads', () => {
  it('rises from its first load to its last by the factor at most, or by one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 1.01, max: 4, noNaN: true }),
        fc.boolean(),
        (from, more, factor, whole) => {
          const loads = listLoads(from, from + more, factor, whole)
          expect([loads[0], loads.at(-1)]).toEqual([from, from + more])
          for (const [place, load] of loads.entries()) {
            const before = loads[place - 1]
            if (before === undefined) continue
            expect(load).toBeGreaterThan(before)
            // Whole loads are rounded to the nearest, others to three digits.
            expect(load).toBeLessThanOrEqual(Math.max(before + 1, before * factor * 1.006 + (whole ? 0.5 : 0)))
          }
        },
      ),
    )
  })

  it('is what people expect of doublings', () => {
    expect(listLoads(1, 64, 2, true)).toEqual([1, 2, 4, 8, 16, 32, 64])
    expect(listLoads(1, 10, 2, false)).toEqual([1, 2, 4, 8, 10])
    expect(listLoads(0.5, 2, 1.5, false)).toEqual([0.5, 0.75, 1.13, 1.69, 2])
  })
})

describe('the share of good requests', () => {
  it('lies within its interval, which narrows with more requests', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (requests, part) => {
        const good = Math.round(part * requests)
        const { low, high } = judgeShare([{ good, requests }], 0.95)
        expect(low).toBeLessThanOrEqual(good / requests + 1e-12)
        expect(high).toBeGreaterThanOrEqual(good / requests - 1e-12)
        const four = judgeShare([{ good: 4 * good, requests: 4 * requests }], 0.95)
        expect(four.high - four.low).toBeLessThan(high - low)
      }),
    )
  })

  it('of 128 good ones is surely above 95 %, with four bad ones not yet', () => {
    expect(judgeShare([{ good: 128, requests: 128 }], 0.95)).toMatchObject({ side: 'met', sure: true })
    expect(judgeShare([{ good: 124, requests: 128 }], 0.95)).toMatchObject({ side: 'met', sure: false })
    expect(judgeShare([{ good: 90, requests: 128 }], 0.95)).toMatchObject({ side: 'missed', sure: true })
    expect(judgeShare([{ good: 0, requests: 0 }], 0.95)).toMatchObject({ side: 'missed', sure: false, low: 0, high: 1 })
  })

  it('is known less well where runs disagree', () => {
    const even = judgeShare(Array(4).fill({ good: 90, requests: 100 }), 0.8)
    const odd = judgeShare(
      [100, 100, 100, 60].map((good) => ({ good, requests: 100 })),
      0.8,
    )
    expect([even.good, even.sure]).toEqual([odd.good, true])
    expect(odd.sure).toBe(false)
    expect(odd.high - odd.low).toBeGreaterThan(2 * (even.high - even.low))
  })
})

describe('the search', () => {
  it('finds the edge of a server that is all good up to a load and all bad beyond, in few measurements', () => {
    fc.assert(
      fc.property(grids, fc.nat(), (loads, pick) => {
        const edge = pick % (loads.length + 1)
        const { answer, measurements } = search(loads, 0.95, (load) => ({
          good: loads.indexOf(load) < edge ? 200 : 0,
          requests: 200,
        }))
        expect(answer).toEqual({
          ...(edge === 0 ? {} : { load: loads[edge - 1], low: loads[edge - 1] }),
          ...(edge === loads.length ? {} : { high: loads[edge] }),
          complete: true,
        })
        // Doublings, halvings, and a second look at both sides of the edge.
        expect(measurements.length).toBeLessThanOrEqual(14 + Math.ceil(Math.log2(loads.length)) + 2)
      }),
    )
  })

  it('is right about what it is sure of, whatever the noise, as long as intervals hold the truth', () => {
    fc.assert(
      fc.property(sloped, fc.double({ min: 0.5, max: 1, noNaN: true }), fc.integer(), (given, share, seed) => {
        const { loads, shares } = given
        const random = makeRandom(seed, 'noise')
        const truth = (load: number): number => shares[loads.indexOf(load)]!
        const told = new Map<number, Attempt[]>()
        const { answer } = search(loads, share, (load) => {
          const runs = told.get(load) ?? []
          told.set(load, runs)
          // Any answer at all, if only the interval over all runs so far still holds the truth; else the nearest to it.
          const requests = 100 + random.integer(200)
          const wild = { good: random.integer(requests + 1), requests }
          const tame = { good: Math.round(truth(load) * requests), requests }
          const { low, high } = judgeShare([...runs, wild], share)
          const attempt = low <= truth(load) && truth(load) <= high ? wild : tame
          const after = judgeShare([...runs, attempt], share)
          fc.pre(after.low <= truth(load) && truth(load) <= after.high)
          runs.push(attempt)
          return attempt
        })
        if (answer.low !== undefined) expect(truth(answer.low)).toBeGreaterThanOrEqual(share)
        if (answer.high !== undefined) expect(truth(answer.high)).toBeLessThan(share)
        if (answer.low !== undefined && answer.high !== undefined) expect(answer.low).toBeLessThan(answer.high)
        expect(answer.complete).toBe(true)
      }),
    )
  })

  it('says an interval that holds the true edge in 95 of 100 searches under binomial noise', () => {
    const loads = listLoads(1, 256, 1.05, true)
    const share = 0.95
    let [right, close] = [0, 0]
    const searches = 300
    for (let seed = 0; seed < searches; seed++) {
      const random = makeRandom(seed, 'server')
      const middle = 2 + random.uniform() * 200
      const truth = (load: number): number => 1 / (1 + (load / middle) ** 12)
      const edge = loads.filter((load) => truth(load) >= share).length
      const { answer } = search(loads, share, (load) => {
        const requests = Math.max(128, 4 * load)
        let good = 0
        for (let n = 0; n < requests; n++) if (random.uniform() < truth(load)) good++
        return { good, requests }
      })
      const low = answer.low === undefined ? 0 : loads.indexOf(answer.low) + 1
      const high = answer.high === undefined ? loads.length : loads.indexOf(answer.high)
      if (low <= edge && edge <= high) right++
      const found = answer.load === undefined ? 0 : loads.indexOf(answer.load) + 1
      if (Math.abs(found - edge) <= 2) close++
    }
    expect(right / searches).toBeGreaterThanOrEqual(0.95)
    expect(close / searches).toBeGreaterThanOrEqual(0.9)
  })

  it('ends, whatever a server does', () => {
    fc.assert(
      fc.property(grids, fc.integer(), (loads, seed) => {
        const random = makeRandom(seed, 'chaos')
        const { answer } = search(loads, 0.9, () => ({ good: random.integer(101), requests: 100 }))
        expect(answer.complete).toBe(true)
      }),
    )
  })
})
