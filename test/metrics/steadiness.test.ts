import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSummarizer } from '../../src/core/metrics/summarize.ts'
import type { OkRecord } from '../../src/core/record.ts'
import { makeRandom, shuffle } from '../../src/core/stats/random.ts'
import { addToTrend, emptyTrend, lineOf, mergeTrend } from '../../src/core/stats/trend.ts'
import type { ScenarioSummary } from '../../src/core/summary.ts'
import { okRecord } from './records.ts'

/** Sent at a minute, with so many ms to the first token and between each of the next three. */
function answerAt(minute: number, ttftMs: number, tpotMs: number): OkRecord {
  const us = [ttftMs, tpotMs, tpotMs, tpotMs].map((ms) => Math.round(ms * 1000))
  const sentAt = minute * 60_000
  return okRecord({ sentAt, dueAt: sentAt, endAt: sentAt + 1000, outputTokens: 4, events: { us, kind: 'tttt' } })
}

function summarize(records: readonly OkRecord[]): ScenarioSummary {
  const summarizer = createSummarizer()
  for (const record of records) summarizer.add(record)
  return summarizer.summary([{ name: 'one', title: 'one' }])[0]!
}

function scalar(summary: ScenarioSummary, id: string): number | undefined {
  const result = summary.metrics[id]
  return result?.kind === 'scalar' ? result.value : undefined
}

describe('drift', () => {
  it('is in ms a minute of real time, whatever the order of the records', () => {
    const rising = Array.from({ length: 60 }, (_, i) => answerAt(i / 10, 50 + i * 0.3, 10 + i * 0.1))
    for (const records of [rising, shuffle(rising, makeRandom(1, 'test'))]) {
      const summary = summarize(records)
      expect(scalar(summary, 'ttft_drift')).toBeCloseTo(3, 6)
      expect(scalar(summary, 'tpot_drift')).toBeCloseTo(1, 6)
    }
  })

  it('is about nothing where values spread without a trend: the sorted line of the original is not repeated', () => {
    const alternating = Array.from({ length: 60 }, (_, i) => answerAt(i, i % 2 === 0 ? 40 : 60, 10))
    expect(Math.abs(scalar(summarize(alternating), 'ttft_drift')!)).toBeLessThan(0.02)
  })

  it('is not measured below 30 answers, or when all were sent at once', () => {
    const few = Array.from({ length: 29 }, (_, i) => answerAt(i, 50, 10))
    expect(summarize(few).metrics.ttft_drift).toMatchObject({ kind: 'absent' })
    const together = Array.from({ length: 40 }, (_, i) => answerAt(1, 50 + i, 10))
    expect(summarize(together).metrics.ttft_drift).toMatchObject({ kind: 'absent' })
  })
})

describe('degradation', () => {
  const judge = (ttft: (i: number) => number, tpot: (i: number) => number, count = 60) =>
    summarize(Array.from({ length: count }, (_, i) => answerAt(i, ttft(i), tpot(i))))

  it('is a rise in real time that explains the spread and is worth its name', () => {
    expect(
      scalar(
        judge(
          () => 50,
          (i) => 10 + 0.1 * i,
        ),
        'tpot_degraded',
      ),
    ).toBe(1)
    // Falls; spreads; rises by less than 1 %.
    expect(
      scalar(
        judge(
          () => 50,
          (i) => 20 - 0.1 * i,
        ),
        'tpot_degraded',
      ),
    ).toBe(0)
    expect(
      scalar(
        judge(
          () => 50,
          (i) => (i % 2 === 0 ? 8 : 12),
        ),
        'tpot_degraded',
      ),
    ).toBe(0)
    expect(
      scalar(
        judge(
          () => 50,
          (i) => 10 + 0.001 * i,
        ),
        'tpot_degraded',
      ),
    ).toBe(0)
    expect(
      judge(
        () => 50,
        (i) => 10 + i,
        29,
      ).metrics.tpot_degraded,
    ).toMatchObject({ kind: 'absent' })
  })

  it('of the tail is p99 by p50, from 100 answers on', () => {
    const summary = judge(
      (i) => (i < 98 ? 50 : 500),
      () => 10,
      100,
    )
    const { ttft, tpot } = summary.metrics
    const of = (result: typeof ttft) => (result?.kind === 'distribution' ? result.distribution.quantiles : {})
    expect(scalar(summary, 'ttft_tail')).toBe(of(ttft).p99! / of(ttft).p50!)
    expect(scalar(summary, 'ttft_tail')).toBeGreaterThan(5)
    expect(scalar(summary, 'tpot_tail')).toBe(1)
    expect(scalar(summary, 'tpot_iqr')).toBe(of(tpot).p75! - of(tpot).p25!)
    expect(
      judge(
        () => 50,
        () => 10,
        99,
      ).metrics.e2e_tail,
    ).toMatchObject({ kind: 'absent' })
  })
})

describe('jitter', () => {
  it('counts every spike', () => {
    const calm = Array.from({ length: 75 }, (_, i) => answerAt(i, 50, 10))
    const spiky = Array.from({ length: 25 }, (_, i) => answerAt(i, 50, 60))
    expect(scalar(summarize([...calm, ...spiky]), 'tpot_spikes')).toBe(25)
    expect(scalar(summarize(calm), 'tpot_spikes')).toBe(0)
    expect(scalar(summarize(calm), 'tpot_cv')).toBe(0)
  })

  it('is not measured without answers', () => {
    expect(summarize([]).metrics.tpot_cv).toMatchObject({ kind: 'absent' })
    expect(summarize([]).metrics.tpot_spikes).toMatchObject({ kind: 'absent' })
  })
})

describe('a trend', () => {
  it('comes out the same in one pass and merged from any two parts', () => {
    const point = fc.tuple(
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 50 }), fc.nat(50), (points, cut) => {
        const [whole, head, tail] = [emptyTrend(), emptyTrend(), emptyTrend()]
        for (const [i, [x, y]] of points.entries()) {
          addToTrend(whole, x, y)
          addToTrend(i < cut ? head : tail, x, y)
        }
        mergeTrend(head, tail)
        expect(head.count).toBe(whole.count)
        expect(head.xy).toBeCloseTo(whole.xy, 3)
        expect(head.xx).toBeCloseTo(whole.xx, 3)
      }),
    )
  })

  it('finds the line that the points are on, far from the origin too', () => {
    const trend = emptyTrend()
    for (let i = 0; i < 100; i++) addToTrend(trend, 1e6 + i, 7 - 2 * i)
    expect(lineOf(trend)!.slope).toBeCloseTo(-2, 9)
    expect(lineOf(trend)!.fit).toBeCloseTo(1, 9)
  })
})
