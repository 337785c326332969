/** What levels come to: saturation, the best level, the knee, and how it is shown. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeProbadorSweep } from '../../src/core/compat/probador/sweep.ts'
import type { MetricResult } from '../../src/core/metric.ts'
import { describeSweep, drawSweep, listSweepRows } from '../../src/core/report/sweep.ts'
import type { RepetitionSummary, ScenarioSummary } from '../../src/core/summary.ts'
import { type MeasuredLoad, nextLoad, summarizeSweep } from '../../src/core/sweep/mod.ts'
import type { SweepRules } from '../../src/core/sweep.ts'

interface Figures {
  readonly rate: number
  readonly meanMs: number
  readonly p99?: number
  /** Good requests of 100, a run each. */
  readonly good?: readonly number[]
}

function measured(load: number, { rate, meanMs, p99, good }: Figures): MeasuredLoad {
  const quantiles = { p50: meanMs, p90: p99 ?? 2 * meanMs, ...(p99 === undefined ? {} : { p99 }) }
  const e2e: MetricResult = {
    kind: 'distribution',
    unit: 'ms',
    distribution: { count: 100, sum: 100 * meanMs, mean: meanMs, min: 1, max: 1e6, quantiles, method: 'exact' },
  }
  const metrics = { e2e, e2e_due: e2e, req_s: { kind: 'scalar', unit: 'requests/s', value: rate } } as const
  const window = { name: 'measure', startAt: 0, endAt: 1000 }
  const counts = { requests: 100, byOutcome: { ok: 100 }, byReason: {}, warmupRequests: 0, notes: {} }
  const runs = good?.map(
    (value, place): RepetitionSummary => ({
      run: place + 1,
      window,
      counts,
      metrics: { goodput: { kind: 'scalar', unit: '%', value } },
    }),
  )
  const summary: ScenarioSummary = {
    scenario: `c${load}`,
    title: `${load} streams`,
    window,
    counts,
    metrics,
    tokenSources: {},
    ...(runs === undefined ? {} : { runs }),
  }
  return { load, summary }
}

const LOADS = [1, 2, 4, 8, 16]
const ladder: SweepRules = { kind: 'ladder', unit: 'streams', loads: LOADS, saturation: 2, earlyStop: true }
const searching: SweepRules = { kind: 'search', unit: 'streams', loads: LOADS, saturation: 2, share: 0.95, mostRuns: 3 }

/** Queueing sets in at 4. */
const KNEE = [
  measured(1, { rate: 10, meanMs: 100, p99: 110 }),
  measured(2, { rate: 19, meanMs: 105, p99: 120 }),
  measured(4, { rate: 36, meanMs: 111, p99: 140 }),
  measured(8, { rate: 40, meanMs: 200, p99: 215 }),
  measured(16, { rate: 41, meanMs: 390, p99: 420 }),
]

describe('a ladder', () => {
  it('takes its loads in order and stops after the first that is saturated', () => {
    expect(nextLoad(ladder, [])).toBe(1)
    expect(nextLoad(ladder, KNEE.slice(0, 2))).toBe(4)
    expect(nextLoad(ladder, KNEE)).toBeUndefined()
    expect(nextLoad({ ...ladder, saturation: 1.5 }, KNEE.slice(0, 4))).toBeUndefined()
    expect(nextLoad({ ...ladder, saturation: 1.5, earlyStop: false }, KNEE.slice(0, 4))).toBe(16)
  })

  it('names the best level, the knee and what is saturated', () => {
    const result = summarizeSweep(ladder, KNEE)
    expect(result).toMatchObject({ tail: 'e2e.p99', optimal: 8, knee: 4, pareto: [1, 2, 4, 8] })
    expect(result.levels.map(({ saturated }) => saturated)).toEqual([false, false, false, false, true])
    expect(result.levels[4]!.reason).toBe('e2e.p99 420.0 ms is above 2 x 110.0 ms, that of the least load')
    const lines = describeSweep(result, ladder, []).join('\n')
    expect(lines).toMatch(/saturation: 8 streams, 40.0 requests\/s at 200.0 ms/)
    expect(lines).toMatch(/first saturated at 16 streams/)
  })

  it('compares by the highest quantile that all levels have', () => {
    const short = measured(2, { rate: 19, meanMs: 105 })
    expect(summarizeSweep(ladder, [KNEE[0]!, short]).tail).toBe('e2e.p90')
    expect(summarizeSweep({ ...ladder, unit: 'requests/s' }, KNEE).tail).toBe('e2e_due.p99')
  })

  it('counts a level without an answer as saturated, and says nothing of what it lacks', () => {
    const { summary } = measured(2, { rate: 0, meanMs: 1 })
    const result = summarizeSweep(ladder, [KNEE[0]!, { load: 2, summary: { ...summary, metrics: {} } }])
    expect(result.levels[1]).toEqual({
      scenario: 'c2',
      load: 2,
      runs: 1,
      saturated: true,
      reason: 'no request succeeded',
    })
    expect(result).toMatchObject({ optimal: 1, knee: 1, tail: 'e2e.p99' })
  })

  it('comes to what probador comes to', () => {
    const level = fc.record({
      rate: fc.double({ min: 0.1, max: 1000, noNaN: true }),
      p99: fc.double({ min: 1, max: 1000, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 8 }), fc.boolean(), (levels, earlyStop) => {
        const theirs = judgeProbadorSweep(
          levels.map(({ rate, p99 }, place) => ({
            concurrency: place + 1,
            throughput_rps: rate,
            latency_p99_ms: p99,
            decode_tok_s: 1,
          })),
          { saturationThreshold: 2, earlyStop },
        )
        const rules: SweepRules = { ...ladder, loads: levels.map((_, place) => place + 1), earlyStop }
        const taken: MeasuredLoad[] = []
        for (let load = nextLoad(rules, taken); load !== undefined; load = nextLoad(rules, taken)) {
          taken.push(measured(load, { ...levels[load - 1]!, meanMs: 1 }))
        }
        const ours = summarizeSweep(rules, taken)
        expect(ours.levels.map(({ load, saturated }) => [load, saturated])).toEqual(
          theirs.levels.map(({ concurrency, saturated }) => [concurrency, saturated]),
        )
        expect(ours.pareto).toEqual(theirs.pareto_frontier)
        expect(ours.optimal).toBe(theirs.optimal_concurrency)
      }),
    )
  })
})

describe('a search', () => {
  const figures = { rate: 10, meanMs: 100, p99: 110 }

  it('looks at each run of a level, and says what it is sure of', () => {
    const levels = [
      measured(1, { ...figures, good: [100, 100] }),
      measured(2, { ...figures, good: [97, 96, 95] }),
      measured(4, { ...figures, good: [40, 50] }),
    ]
    const result = summarizeSweep(searching, levels)
    expect(result.answer).toEqual({ load: 2, low: 1, high: 4, complete: true })
    expect(result.levels[1]).toMatchObject({ runs: 3, slo: { side: 'met', sure: false, good: 288, requests: 300 } })
    expect(describeSweep(result, searching, [{ metric: 'ttft', limitMs: 200 }])[0]).toBe(
      'highest load that meets ttft<=200ms for 95 % of requests: 2 streams (sure of 1 stream; surely missed from 4 streams on)',
    )
    const { head, rows } = listSweepRows(result, searching)
    expect(head.slice(-3)).toEqual(['runs', 'good', 'limits'])
    expect(rows[1]!.slice(-3)).toEqual(['3', '96 %', 'met?'])
  })

  it('says when no load meets the limits, and when the last one still does', () => {
    const none = summarizeSweep(searching, [measured(1, { ...figures, good: [0, 0] })])
    expect(none.answer).toEqual({ high: 1, complete: true })
    expect(describeSweep(none, searching, [])[0]).toMatch(
      /^no load meets .*\(sure of none; surely missed from 1 stream/,
    )
    const all = summarizeSweep(
      searching,
      LOADS.map((load) => measured(load, { ...figures, good: [100, 100] })),
    )
    expect(all.answer).toEqual({ load: 16, low: 16, complete: true })
    expect(describeSweep(all, searching, [])[0]).toMatch(/16 streams, where the search ends/)
    const cut = summarizeSweep(searching, [measured(1, { ...figures, good: [100, 100] })])
    expect(cut.answer).toEqual({ load: 1, low: 1, complete: false })
  })
})

describe('the picture', () => {
  it('is as wide as it may be, and marks the knee, the best and the saturated level once each', () => {
    const lines = drawSweep(summarizeSweep(ladder, KNEE), 80)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    const plot = lines.filter((line) => line.includes('|')).join('\n')
    expect([...plot].filter((letter) => 'K*xo'.includes(letter)).sort()).toEqual(['*', 'K', 'o', 'o', 'x'])
    expect(plot).toMatch(/K4/)
    expect(lines.at(-1)).toMatch(/K knee {3}\* most throughput {3}x saturated/)
  })

  it('never breaks, whatever the figures', () => {
    const level = fc.record({
      rate: fc.double({ min: 0, max: 1e9, noNaN: true }),
      meanMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(level, { maxLength: 12 }), fc.integer({ min: 60, max: 200 }), (levels, columns) => {
        const result = summarizeSweep(
          ladder,
          levels.map((one, place) => measured(place + 1, { ...one, p99: one.meanMs })),
        )
        const lines = drawSweep(result, columns)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.min(72, columns) + 1)
      }),
    )
  })
})
