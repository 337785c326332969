import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Distribution, MetricResult } from '../../src/core/metric.ts'
import { evaluateGates, parseGate } from '../../src/core/metrics/gates.ts'
import { describeSlo, parseSlo } from '../../src/core/metrics/slo.ts'
import { createSummarizer } from '../../src/core/metrics/summarize.ts'
import { createDistribution } from '../../src/core/stats/distribution.ts'
import type { ScenarioSummary } from '../../src/core/summary.ts'
import { httpErrorRecord, okRecord } from './records.ts'

function messageOf(task: () => unknown): string {
  try {
    task()
  } catch (thrown) {
    expect(thrown).toMatchObject({ name: 'BenchError', code: 'usage' })
    return (thrown as Error).message
  }
  throw new Error('nothing was thrown')
}

describe('limits of good requests', () => {
  it('reads = and <=, spaces and any unit of time', () => {
    expect(parseSlo('ttft=200ms, tpot<=30ms ,e2e=5s')).toEqual([
      { metric: 'ttft', limitMs: 200 },
      { metric: 'tpot', limitMs: 30 },
      { metric: 'e2e', limitMs: 5000 },
    ])
    expect(describeSlo(parseSlo('ttft=0.2s,itl<=30ms'))).toBe('ttft<=200ms, itl<=30ms')
  })

  it.each([
    ['ttftt=200ms', /no limit can be set on "ttftt"; did you mean "ttft"\?/],
    ['speed=200ms', /no limit can be set on "speed"; one can be on ttft, /],
    ['output_tok_s=200ms', /no limit can be set on "output_tok_s"/],
    ['ttft=200', /"200" in "ttft=200" is not a duration above 0/],
    ['ttft=0', /not a duration above 0/],
    ['ttft', /"ttft" is not a limit; write metric=duration/],
    ['ttft>200ms', /is not a limit/],
  ])('refuses %s', (text, message) => {
    expect(messageOf(() => parseSlo(text))).toMatch(message)
  })
})

describe('gates', () => {
  it.each([
    ['ttft.p99<500ms', { metric: 'ttft', statistic: 'p99', operator: '<', limit: 500 }],
    ['ttft.p99.9 <= 0.5s', { metric: 'ttft', statistic: 'p99.9', operator: '<=', limit: 500 }],
    ['itl.p97<30ms', { metric: 'itl', statistic: 'p97', operator: '<', limit: 30 }],
    ['e2e.mean<2s', { metric: 'e2e', statistic: 'mean', operator: '<', limit: 2000 }],
    ['errors<1%', { metric: 'errors', operator: '<', limit: 1 }],
    ['goodput>=95 %', { metric: 'goodput', operator: '>=', limit: 95 }],
    ['output_tok_s>1000', { metric: 'output_tok_s', operator: '>', limit: 1000 }],
    ['output_tok_s>1000 tok/s', { metric: 'output_tok_s', operator: '>', limit: 1000 }],
    ['req_s>=20/s', { metric: 'req_s', operator: '>=', limit: 20 }],
    ['output_tokens.min>=64', { metric: 'output_tokens', statistic: 'min', operator: '>=', limit: 64 }],
  ])('reads %s', (text, gate) => {
    expect(parseGate(text)).toEqual({ text, ...gate })
  })

  it.each([
    ['ttft', /is not a gate; write metric\.statistic<limit/],
    ['ttft.p99=500ms', /is not a gate/],
    ['ttft.p99<', /is not a gate/],
    ['ttfy.p99<500ms', /names no metric: "ttfy"; did you mean "ttft"\?/],
    ['speed.p99<500ms', /names no metric: "speed"; bench list has them all/],
    ['ttft<500ms', /needs a statistic; write ttft\.p99/],
    ['ttft.p100<500ms', /unknown statistic "p100"/],
    ['ttft.meen<500ms', /unknown statistic "meen"; did you mean "mean"\?/],
    ['errors.p99<1%', /asks for p99 of errors, which is one number; write errors/],
    ['ttft.p99<500', /has the limit "500", but ttft is in ms; write 500ms or 2s/],
    ['ttft.p99<500 tok/s', /but ttft is in ms/],
    ['errors<1', /but errors is in %; write 1%/],
    ['errors<10ms', /but errors is in %/],
    ['output_tok_s>1000ms', /but output_tok_s is in tok\/s; write 1000/],
    ['output_tok_s>many', /but output_tok_s is in tok\/s/],
  ])('refuses %s', (text, message) => {
    expect(messageOf(() => parseGate(text))).toMatch(message)
  })

  it('never fails but with one line that names the gate', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        try {
          parseGate(text)
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'usage' })
          expect((thrown as Error).message).toContain(text.trim())
        }
      }),
    )
  })
})

function scenarioWith(metrics: Record<string, MetricResult>): ScenarioSummary {
  const [scenario] = createSummarizer().summary([{ name: 'one', title: '1 stream' }])
  return { ...scenario!, metrics }
}

function distributionOf(values: readonly number[]): Distribution {
  const distribution = createDistribution()
  for (const value of values) distribution.add(value)
  return distribution.result()!
}

describe('judging by gates', () => {
  const hundred = distributionOf(Array.from({ length: 100 }, (_, i) => i + 1))
  const scenario = scenarioWith({
    ttft: { kind: 'distribution', unit: 'ms', distribution: hundred },
    errors: { kind: 'scalar', unit: '%', value: 0 },
    tpot: { kind: 'absent', unit: 'ms', reason: 'not streamed' },
  })
  const judge = (text: string) => evaluateGates([parseGate(text)], [scenario])[0]!

  it.each([
    ['ttft.p50<60ms', 'met', 50.5],
    ['ttft.p50<50.5ms', 'missed', 50.5],
    ['ttft.p50<=50.5ms', 'met', 50.5],
    ['ttft.max<=0.1s', 'met', 100],
    ['ttft.min>=1ms', 'met', 1],
    ['ttft.mean>51ms', 'missed', 50.5],
    ['errors<1%', 'met', 0],
  ])('%s is %s', (text, status, value) => {
    expect(judge(text)).toMatchObject({ gate: text, scenario: 'one', status, value })
  })

  it('takes a quantile that no table has from the histogram', () => {
    const result = judge('ttft.p97<98ms')
    expect(result.status).toBe('met')
    expect(Math.abs(result.value! - 97.03)).toBeLessThan(0.2)
  })

  it.each([
    ['ttft.p99.9<1s', 'ttft.p99.9<1s not met: not measured, p99.9 needs 1000 samples, there are 100'],
    ['tpot.p50<1s', 'tpot.p50<1s not met: not measured, not streamed'],
    ['itl.p50<1s', 'itl.p50<1s not met: not measured, no such metric in this run'],
  ])('%s is not measured, and so not met', (text, line) => {
    const result = judge(text)
    expect(result).toMatchObject({ status: 'not-measured', line })
    expect('value' in result).toBe(false)
  })

  it('says in one line what was seen, and never rounds a miss into its limit', () => {
    expect(judge('ttft.p50<60ms').line).toBe('ttft.p50<60ms met: 50.5 ms')
    const near = scenarioWith({ errors: { kind: 'scalar', unit: '%', value: 1.000001 } })
    expect(evaluateGates([parseGate('errors<=1%')], [near])[0]!.line).toBe('errors<=1% not met: 1.000001 %')
  })

  it('asks every gate of every scenario', () => {
    const summarizer = createSummarizer()
    summarizer.add(okRecord())
    summarizer.add(httpErrorRecord({ scenario: 'two' }))
    const scenarios = summarizer.summary([
      { name: 'one', title: 'first' },
      { name: 'two', title: 'second' },
    ])
    const results = evaluateGates([parseGate('errors<1%'), parseGate('ttft.mean<1s')], scenarios)
    expect(results.map(({ scenario, status }) => `${scenario} ${status}`)).toEqual([
      'one met',
      'two missed',
      'one met',
      'two not-measured',
    ])
  })
})
