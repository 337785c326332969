import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Accumulator } from '../../src/core/metric.ts'
import { createMetricRegistry, metricRegistry } from '../../src/core/metrics/registry.ts'
import { createSummarizer, type Summarizer } from '../../src/core/metrics/summarize.ts'
import type { MetricPlugin } from '../../src/core/plugin.ts'
import type { OkRecord, RequestRecord } from '../../src/core/record.ts'
import type { ScenarioSummary } from '../../src/core/summary.ts'
import { httpErrorRecord, okRecord, timeoutRecord } from './records.ts'

const scenarios = [{ name: 'one', title: '1 stream' }]
const slo = [{ metric: 'ttft', limitMs: 100 }] as const

/** Instants with three decimals, as records have them. */
const instant = fc.integer({ min: 0, max: 10_000_000 }).map((us) => us / 1000)

const answer: fc.Arbitrary<OkRecord> = fc
  .record({
    dueAt: instant,
    wait: instant,
    us: fc.array(fc.integer({ min: 0, max: 500_000 }), { minLength: 1, maxLength: 20 }),
    letters: fc.array(fc.constantFrom('t', 'r', 'o', 'c'), { minLength: 20, maxLength: 20 }),
    outputTokens: fc.integer({ min: 0, max: 500 }),
  })
  .map(({ dueAt, wait, us, letters, outputTokens }) => {
    const sentAt = dueAt + wait
    const kind = letters.slice(0, us.length).join('')
    const endAt = sentAt + us.reduce((sum, one) => sum + one, 0) / 1000
    return okRecord({ dueAt, sentAt, headersAt: sentAt, endAt, events: { us, kind }, outputTokens })
  })

const record: fc.Arbitrary<RequestRecord> = fc.oneof(
  { weight: 5, arbitrary: answer },
  { weight: 1, arbitrary: instant.map((endAt) => timeoutRecord({ endAt })) },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b').map((reason) => httpErrorRecord({ reason })) },
)

function fold(records: readonly RequestRecord[]): Summarizer {
  const summarizer = createSummarizer({ slo })
  for (const one of records) summarizer.add(one)
  return summarizer
}

/** Without mean, deviation, sum and what is made of them: their last digits may depend on the order of sums. */
function withoutSums(summary: ScenarioSummary): unknown {
  return JSON.parse(JSON.stringify(summary), (key, value) =>
    ['mean', 'deviation', 'sum', 'ttft_drift', 'tpot_drift', 'tpot_cv'].includes(key) ? undefined : value,
  )
}

describe('the fold of records', () => {
  it('made live equals the one made from the log, to the last digit', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 60, size: 'max' }), (records) => {
        const log = records.map((one) => `${JSON.stringify(one)}\n`).join('')
        const read = log
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as RequestRecord)
        expect(JSON.stringify(fold(read).summary(scenarios))).toBe(JSON.stringify(fold(records).summary(scenarios)))
      }),
      { numRuns: 40 },
    )
  })

  it('a summary comes back from JSON as it was', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), (records) => {
        const summary = fold(records).summary(scenarios)
        expect(JSON.parse(JSON.stringify(summary))).toEqual(summary)
      }),
      { numRuns: 40 },
    )
  })

  it('of two shards merges to the fold of both, and looking changes nothing', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40 }), fc.array(record, { maxLength: 40 }), (a, b) => {
        const merged = fold(a)
        merged.summary(scenarios)
        merged.live('one')
        merged.merge(fold(b))
        const [one, other] = [merged.summary(scenarios)[0]!, fold([...a, ...b]).summary(scenarios)[0]!]
        expect(withoutSums(one)).toEqual(withoutSums(other))
      }),
      { numRuns: 40 },
    )
  })

  it('gives live figures only when they are measured', () => {
    const summarizer = createSummarizer()
    expect(summarizer.live('one')).toEqual({ requests: 0, ok: 0, errors: 0 })
    summarizer.add(httpErrorRecord())
    summarizer.add(okRecord())
    summarizer.add(okRecord())
    expect(summarizer.live('one')).toMatchObject({ requests: 3, ok: 2, errors: 1, requestsPerSecond: 2000 / 41 })
    expect(summarizer.live('one').ttftMs).toBeCloseTo(10, 1)
  })
})

/** Counts letters of kinds. */
function countingPlugin(): MetricPlugin {
  class Letters implements Accumulator {
    letters = 0
    add(one: RequestRecord): void {
      if (one.outcome === 'ok') this.letters += one.events.kind.length
    }
    merge(other: Accumulator): void {
      this.letters += (other as Letters).letters
    }
    result() {
      return { letters: { kind: 'scalar', unit: '1', value: this.letters } } as const
    }
  }
  return {
    id: 'letters',
    summary: 'letters of kinds',
    definitions: [
      {
        id: 'letters',
        title: 'letters',
        unit: '1',
        direction: 'neutral',
        version: 1,
        kind: 'scalar',
        formula: 'events of answers',
        source: 'this test',
      },
    ],
    accumulate: () => new Letters(),
  }
}

describe('plugins', () => {
  it('fold the same records, and merge', () => {
    const [one, other] = [
      createSummarizer({ plugins: [countingPlugin()] }),
      createSummarizer({ plugins: [countingPlugin()] }),
    ]
    one.add(okRecord())
    one.add(okRecord({ phase: 'warmup' }))
    other.add(okRecord())
    one.merge(other)
    expect(one.definitions).toEqual({ letters: countingPlugin().definitions[0] })
    expect(one.summary(scenarios)[0]!.metrics.letters).toEqual({ kind: 'scalar', unit: '1', value: 10 })
  })

  it('that throw lose their metric and nothing else', () => {
    const plugin: MetricPlugin = {
      ...countingPlugin(),
      accumulate: () => ({
        add: () => {
          throw new Error('boom')
        },
        merge: () => {},
        result: () => ({}),
      }),
    }
    const summarizer = createSummarizer({ plugins: [plugin] })
    summarizer.add(okRecord())
    const { metrics } = summarizer.summary(scenarios)[0]!
    expect(metrics.letters).toEqual({ kind: 'absent', unit: '1', reason: 'plugin letters failed: boom' })
    expect(metrics.ttft!.kind).toBe('distribution')
  })

  it('may not take a name that is taken', () => {
    const plugin = { ...countingPlugin(), definitions: [metricRegistry.get('ttft')!] }
    expect(() => createSummarizer({ plugins: [plugin] })).toThrow(/"ttft" exists already/)
  })
})

describe('the registry', () => {
  it('says of every metric what it is', () => {
    expect(metricRegistry.size).toBeGreaterThan(20)
    for (const [id, definition] of metricRegistry) {
      expect(definition.id).toBe(id)
      expect(id).toMatch(/^[a-z][a-z0-9_]*$/)
      for (const text of [definition.title, definition.unit, definition.formula, definition.source]) {
        expect(text).not.toBe('')
        expect(text).not.toContain('\n')
      }
      expect(definition.version).toBeGreaterThanOrEqual(1)
    }
  })

  it('lists exactly what a summary has, with its units', () => {
    const { metrics } = fold([okRecord()]).summary(scenarios)[0]!
    expect(Object.keys(metrics).sort()).toEqual([...metricRegistry.keys()].sort())
    for (const [id, result] of Object.entries(metrics)) expect(result.unit).toBe(metricRegistry.get(id)!.unit)
  })

  it('takes the metrics of plugins', () => {
    expect(createMetricRegistry([countingPlugin()]).get('letters')?.unit).toBe('1')
  })
})
