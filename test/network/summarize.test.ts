import fc from 'fast-check'
import type { MetricResult, Sample, Series, Window } from 'inferbench'
import { createDistribution } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { describeOffset, readOffset } from '../../plugins/network/clock-offset.ts'
import { readClock } from '../../plugins/network/ping.ts'
import plugin from '../../plugins/network.ts'
import { seriesOf } from '../process/context.ts'

const before: Window = { name: 'before', startAt: 0, endAt: 1000 }
const measure: Window = { name: 'measure', startAt: 2000, endAt: 12_000 }
const after: Window = { name: 'after', startAt: 13_000, endAt: 14_000 }

const answered = (at: number, connectMs: number, more: object = {}): Sample => ({
  at,
  connectMs,
  answerMs: 2 * connectMs,
  ...more,
})

function withTtft(series: Series, values: readonly number[]): Series {
  const collector = createDistribution()
  for (const value of values) collector.add(value)
  const ttft: MetricResult = { kind: 'distribution', unit: 'ms', distribution: collector.result()! }
  return { ...series, scenario: { ...series.scenario, metrics: { ttft } } }
}

const idle = [answered(-90, 10, { idle: true }), answered(-50, 12, { idle: true }), answered(500, 11)]
const busy = [3000, 5000, 7000, 9000].map((at) => answered(at, 40))

const summarize = (samples: readonly Sample[], window = measure, ttft: readonly number[] = [100, 100, 100]) =>
  plugin.summarize!(withTtft(seriesOf(plugin, samples, [before, measure, after]), ttft), window)

describe('what round trips come to', () => {
  it('under load, beside those without, and of TTFT', () => {
    const { metrics, line, findings } = summarize([...idle, ...busy])
    expect(metrics.network_connect).toMatchObject({ distribution: { count: 4, mean: 40 } })
    expect(metrics.network_answer).toMatchObject({ distribution: { mean: 80 } })
    expect(metrics.network_loss).toMatchObject({ value: 0 })
    expect(metrics.network_share).toMatchObject({ value: 40 })
    expect(metrics.network_rise).toMatchObject({ value: 29 })
    expect(line).toBe('round trip 40.0 ms, idle 11.0 ms, 40 % of TTFT, answer 80.0 ms')
    expect(findings).toEqual([
      { code: 'network-share', figure: 40, message: 'the way to the server and back takes 40.0 ms' },
      { code: 'network-rise', figure: 29, message: 'a round trip takes 40.0 ms under load, and 11.0 ms without' },
    ])
    expect(plugin.limits!.map(({ code }) => code)).toEqual(expect.arrayContaining(findings!.map(({ code }) => code)))
  })

  it('before the load, what was asked first included', () => {
    const { metrics, findings } = summarize([...idle, ...busy], before)
    expect(metrics.network_connect).toMatchObject({ distribution: { count: 3, mean: 11 } })
    expect(metrics.network_share?.kind).toBe('absent')
    expect(findings).toEqual([])
  })

  it('with what was lost, and why', () => {
    const { metrics, line, findings } = summarize([...idle, ...busy, { at: 9500, failed: 'connect: ECONNREFUSED' }])
    expect(metrics.network_loss).toMatchObject({ value: 20 })
    expect(line).toContain('1 of 5 lost')
    expect(findings).toContainEqual({
      code: 'network-loss',
      figure: 20,
      message: '1 of 5 questions to an idle route had no answer (connect: ECONNREFUSED)',
    })
  })

  it('is nothing to speak of below a millisecond', () => {
    expect(
      summarize([answered(10, 0.2), answered(20, 0.2), ...busy.map(({ at }) => answered(at, 0.9))], measure, [1, 1])
        .findings,
    ).toEqual([])
  })

  it('is absent, with the reason, where nothing was asked or answered', () => {
    for (const [samples, reason] of [
      [[], 'nothing was asked in this time'],
      [[{ at: 3000, failed: 'no answer within 3000 ms' }], 'no answer: no answer within 3000 ms'],
    ] as const) {
      expect(summarize(samples).metrics.network_connect).toEqual({ kind: 'absent', unit: 'ms', reason })
    }
    expect(summarize([]).line).toBeUndefined()
  })

  it('has all figures, all of them finite, and a short line, whatever the file holds', () => {
    const odd = fc.record(
      {
        connectMs: fc.anything(),
        answerMs: fc.anything(),
        failed: fc.anything(),
        clockLowMs: fc.double(),
        clockHighMs: fc.anything(),
        idle: fc.anything(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(odd), (rows) => {
        const { metrics, line } = summarize(rows.map((row, i) => ({ ...row, at: i * 700 })))
        expect(Object.keys(metrics)).toEqual(plugin.definitions.map(({ id }) => id))
        expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics)
        expect(line?.length ?? 0).toBeLessThanOrEqual(76)
      }),
    )
  })
})

describe('the clock of the server', () => {
  it('lies within what every date allows, and many allow less than one', () => {
    const offset = fc.integer({ min: -1e7, max: 1e7 })
    const asked = fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 0, max: 800 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
      ),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(offset, asked, (offsetMs, questions) => {
        let now = 1_764_000_000_000
        const bounds = questions.map(([pauseMs, tripMs, share]) => {
          const sentMs = now + pauseMs
          now = sentMs + tripMs
          const date = new Date(sentMs + share * tripMs + offsetMs).toUTCString()
          return readClock([['Date', date]], sentMs, now)
        })
        const found = readOffset(bounds)!
        expect(Math.abs(found.offsetMs - offsetMs)).toBeLessThanOrEqual(found.uncertaintyMs + 1e-6)
        for (const one of bounds)
          expect(found.uncertaintyMs).toBeLessThanOrEqual((one.clockHighMs! - one.clockLowMs!) / 2)
      }),
    )
  })

  it('is told where it is surely off by more than two seconds', () => {
    expect(describeOffset({ offsetMs: 2400, uncertaintyMs: 500 })).toBeUndefined()
    expect(describeOffset({ offsetMs: 2600, uncertaintyMs: 500 })).toContain('2.6 s ahead of ours (± 0.5 s)')
  })

  it('is not told by what is no date', () => {
    for (const headers of [[], [['date', 'soon']]] as [string, string][][]) expect(readClock(headers, 0, 1)).toEqual({})
  })
})
