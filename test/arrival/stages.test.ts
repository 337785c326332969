import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeArrival, poisson, type RateStage } from '../../src/core/arrival/mod.ts'
import type { OpenArrival } from '../../src/core/arrival.ts'
import { instantsOf, testArrival } from '../conformance/arrival.ts'

function makeStages(stages: readonly RateStage[], pace: 'constant' | 'poisson' | 'gamma', seed = 42): OpenArrival {
  return makeArrival({ kind: 'stages', stages, pace, burstiness: 4 }, seed) as OpenArrival
}

const ramp: RateStage[] = [
  { durationMs: 10_000, from: 0, to: 100 },
  { durationMs: 5000, rate: 0 },
  { durationMs: 20_000, rate: 50 },
]
// 500 and 1000 requests expected; a Poisson count of mean 1500 has the deviation 39, a gamma one of burstiness 4 half of that.
testArrival('stages, constant', () => makeStages(ramp, 'constant'), {
  unseeded: true,
  ends: { count: 1500, byMs: 35_000 },
})
testArrival('stages, poisson', (seed) => makeStages(ramp, 'poisson', seed), {
  ends: { count: 1500, within: 5 * 39, byMs: 35_000 },
})
testArrival('stages, gamma', (seed) => makeStages(ramp, 'gamma', seed), {
  ends: { count: 1500, within: 5 * 20, byMs: 35_000 },
})

describe('stages', () => {
  it('step: each stage has its own gaps, a pause has no request', () => {
    const steps = makeStages(
      [
        { durationMs: 300, rate: 10 },
        { durationMs: 1000, rate: 0 },
        { durationMs: 100, rate: 20 },
      ],
      'constant',
    )
    expect(instantsOf(steps, 10)).toEqual([0, 100, 200, 1300, 1350].map((at) => expect.closeTo(at, 6)))
  })

  it('one stage: the plain schedule of its rate, cut', () => {
    const plain = instantsOf(poisson(20, 42), 1000)
    const staged = instantsOf(makeStages([{ durationMs: 10_000, rate: 20 }], 'poisson'), 1000)
    expect(staged).toEqual(plain.filter((at) => at < 10_000).map((at) => expect.closeTo(at, 6)))
  })

  it('ramp: request n is due where the area under the rate is n', () => {
    // From 0 at 20 a second each second, the area after t seconds is 10 t².
    const up = makeStages([{ durationMs: 2000, from: 0, to: 40 }], 'constant')
    for (const n of [0, 1, 10, 39]) expect(up.due(n)).toBeCloseTo(1000 * Math.sqrt(n / 10), 6)
    expect(up.due(40)).toBeUndefined()
    const down = makeStages([{ durationMs: 2000, from: 40, to: 0 }], 'constant')
    for (const n of [0, 1, 10, 39]) expect(down.due(n)).toBeCloseTo(2000 - 1000 * Math.sqrt((40 - n) / 10), 6)
    expect(down.due(40)).toBeUndefined()
  })

  const rate = fc.double({ min: 0, max: 200, noNaN: true })
  const durationMs = fc.double({ min: 1, max: 20_000, noNaN: true })
  const stage: fc.Arbitrary<RateStage> = fc.oneof(
    fc.record({ durationMs, rate }),
    fc.record({ durationMs, from: rate, to: rate }),
  )

  it('constant pace: at any instant as many requests were due as the rate comes to', () => {
    fc.assert(
      fc.property(
        fc.array(stage, { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, share) => {
          const totalMs = list.reduce((sum, one) => sum + one.durationMs, 0)
          const total = area(list, totalMs)
          fc.pre(total > 1)
          const instants = instantsOf(makeStages(list, 'constant'), 100_000)
          const at = share * totalMs
          const due = instants.filter((instant) => instant < at).length
          // Request n is due when the area reaches n: before it reaches a whole number, that number of requests were.
          expect(Math.abs(due - Math.ceil(area(list, at) - 1e-6))).toBeLessThanOrEqual(1)
          expect(Math.abs(instants.length - total)).toBeLessThanOrEqual(1)
          for (const [n, instant] of instants.entries()) expect(area(list, instant)).toBeCloseTo(n, 4)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('poisson pace: counts of each second follow the ramp', () => {
    // Over 200 seeds the mean count of a second of mean m has the deviation sqrt(m / 200); five of them are allowed.
    const seeds = Array.from({ length: 200 }, (_, seed) => seed)
    const counts = seeds.map((seed) => {
      const perSecond = [0, 0, 0, 0]
      for (const at of instantsOf(makeStages([{ durationMs: 4000, from: 10, to: 50 }], 'poisson', seed), 1000)) {
        perSecond[Math.floor(at / 1000)]! += 1
      }
      return perSecond
    })
    for (const [second, expected] of [15, 25, 35, 45].entries()) {
      const found = counts.map((perSecond) => perSecond[second]!)
      const mean = found.reduce((sum, count) => sum + count, 0) / found.length
      const variance = found.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (found.length - 1)
      expect(Math.abs(mean - expected)).toBeLessThan(5 * Math.sqrt(expected / seeds.length))
      // The variance of 200 Poisson counts has the relative deviation sqrt(2 / 199), and they are Poisson in each second.
      expect(Math.abs(variance / expected - 1)).toBeLessThan(5 * Math.sqrt(2 / 199))
    }
  })
})

/** Requests expected until an instant: the integral of the rate, by trapezium. */
function area(list: readonly RateStage[], untilMs: number): number {
  let startMs = 0
  let sum = 0
  for (const stage of list) {
    const [from, to] = 'rate' in stage ? [stage.rate, stage.rate] : [stage.from, stage.to]
    const spent = Math.min(Math.max(untilMs - startMs, 0), stage.durationMs)
    const rateThen = from + ((to - from) * spent) / stage.durationMs
    sum += ((from + rateThen) / 2) * (spent / 1000)
    startMs += stage.durationMs
  }
  return sum
}
