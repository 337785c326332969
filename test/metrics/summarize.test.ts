import { describe, expect, it } from 'vitest'
import type { Distribution, MetricResult } from '../../src/core/metric.ts'
import { createSummarizer } from '../../src/core/metrics/summarize.ts'
import type { RequestRecord } from '../../src/core/record.ts'
import type { Slo } from '../../src/core/summary.ts'
import { droppedRecord, httpErrorRecord, okRecord, refusedRecord, timeoutRecord } from './records.ts'

function summarize(records: readonly RequestRecord[], slo: readonly Slo[] = []) {
  const summarizer = createSummarizer({ slo })
  for (const record of records) summarizer.add(record)
  return summarizer.summary([{ name: 'one', title: '1 stream' }])[0]!
}

function metric(records: readonly RequestRecord[], id: string, slo: readonly Slo[] = []): MetricResult {
  return summarize(records, slo).metrics[id]!
}

function distribution(records: readonly RequestRecord[], id: string): Distribution {
  const result = metric(records, id)
  if (result.kind !== 'distribution') throw new Error(`${id} is ${JSON.stringify(result)}`)
  return result.distribution
}

function scalar(records: readonly RequestRecord[], id: string, slo: readonly Slo[] = []): number {
  const result = metric(records, id, slo)
  if (result.kind !== 'scalar') throw new Error(`${id} is ${JSON.stringify(result)}`)
  return result.value
}

describe('durations of one answer', () => {
  // Role at 4 ms after sending, tokens at 10, 20 and 40, usage at 40.5.
  it.each([
    ['headers', 4],
    ['first_event', 4],
    ['ttft', 10],
    ['ttft_answer', 10],
    ['tpot', 15],
    ['e2e', 40],
    ['e2e_end', 41],
    ['ttft_due', 11],
    ['e2e_due', 41],
    ['send_late', 1],
    ['input_tokens', 10],
    ['output_tokens', 3],
  ])('%s is %d', (id, value) => {
    expect(distribution([okRecord()], id)).toMatchObject({ count: 1, mean: value })
  })

  it('tok_s_user is the inverse of tpot', () => {
    expect(distribution([okRecord()], 'tok_s_user').mean).toBeCloseTo(1000 / 15, 12)
  })

  it('tok_s_request has the wait for the first token in it', () => {
    expect(distribution([okRecord()], 'tok_s_request').mean).toBeCloseTo((1000 * 3) / 40, 12)
  })

  it('itl and icl are the gaps between events with tokens', () => {
    for (const id of ['itl', 'icl']) {
      expect(distribution([okRecord()], id)).toMatchObject({ count: 2, min: 10, max: 20, mean: 15 })
    }
  })

  it('an event of k tokens after a gap g is k samples of g/k in itl, and one of g in icl', () => {
    const record = okRecord({
      events: { us: [10_000, 12_000, 3000], kind: 'ttt', tokens: [5, 4, 1] },
      outputTokens: 10,
    })
    expect(distribution([record], 'itl')).toMatchObject({ count: 5, min: 3, max: 3, sum: 15 })
    expect(distribution([record], 'icl')).toMatchObject({ count: 2, min: 3, max: 12 })
    expect(distribution([record], 'tpot').mean).toBeCloseTo(15 / 9, 12)
  })

  it('events of one network chunk are gaps of zero', () => {
    const record = okRecord({ events: { us: [10_000, 0, 8000], kind: 'ttt' } })
    expect(distribution([record], 'itl')).toMatchObject({ count: 2, min: 0, max: 8 })
  })

  it('reasoning and tool calls are tokens, but no answer', () => {
    const reasoning = okRecord({ events: { us: [1000, 4000, 5000], kind: 'rrt' } })
    expect(distribution([reasoning], 'ttft').mean).toBe(1)
    expect(distribution([reasoning], 'ttft_answer').mean).toBe(10)
    const tool = okRecord({ events: { us: [2000, 1000], kind: 'cc' } })
    expect(distribution([tool], 'ttft').mean).toBe(2)
    expect(metric([tool], 'ttft_answer')).toEqual({ kind: 'absent', unit: 'ms', reason: 'no answer had visible text' })
  })

  it('other events between tokens neither end nor start a gap', () => {
    const record = okRecord({ events: { us: [1000, 2000, 3000], kind: 'tot' }, outputTokens: 2 })
    expect(distribution([record], 'itl')).toMatchObject({ count: 1, mean: 5 })
  })

  it('tpot is absent for one token, and for tokens that all came in one event', () => {
    const one = okRecord({ events: { us: [1000], kind: 't' }, outputTokens: 1 })
    const bundle = okRecord({ events: { us: [1000], kind: 't' }, outputTokens: 64 })
    for (const record of [one, bundle]) {
      expect(metric([record], 'tpot').kind).toBe('absent')
      expect(metric([record], 'tok_s_user').kind).toBe('absent')
    }
  })

  it('an answer that was not streamed has an end, and nothing about tokens in time', () => {
    const whole = okRecord({ events: { us: [41_000], kind: 'o' }, notes: ['not_streamed'] })
    for (const id of ['ttft', 'itl', 'icl', 'tpot', 'tok_s_user', 'first_event', 'ttft_due']) {
      expect(metric([whole], id)).toMatchObject({ kind: 'absent', reason: 'not streamed' })
    }
    expect(distribution([whole], 'e2e').mean).toBe(41)
    expect(distribution([whole], 'e2e_due').mean).toBe(42)
    expect(scalar([whole], 'output_tok_s')).toBeCloseTo(3000 / 41, 9)
  })

  it('the making of a connection is apart from lateness and from latency', () => {
    const record = okRecord({ dueAt: 0, sentAt: 30, endAt: 71, connect: { startAt: 2, connectMs: 20, tlsMs: 8 } })
    expect(distribution([record], 'send_late').mean).toBe(2)
    expect(distribution([record], 'connect').mean).toBe(28)
    expect(distribution([record], 'ttft').mean).toBe(10)
    expect(distribution([record], 'ttft_due').mean).toBe(40)
  })

  it('waiting for a permit is apart from lateness', () => {
    const record = okRecord({ dueAt: 0, permitAt: 100, sentAt: 101, endAt: 142 })
    expect(distribution([record], 'queue_wait').mean).toBe(100)
    expect(distribution([record], 'send_late').mean).toBe(1)
    expect(metric([okRecord()], 'queue_wait')).toMatchObject({ kind: 'absent', reason: 'no request was held back' })
  })
})

describe('what counts', () => {
  const failures = [httpErrorRecord(), timeoutRecord(), refusedRecord()]

  it('failures are in no latency, and in the error rate', () => {
    const records = [okRecord(), ...failures]
    expect(distribution(records, 'e2e').count).toBe(1)
    expect(distribution(records, 'headers').count).toBe(1)
    expect(scalar(records, 'errors')).toBe(75)
    expect(summarize(records).counts).toMatchObject({
      requests: 4,
      byOutcome: { 'http-error': 1, ok: 1, refused: 1, timeout: 1 },
      byReason: { 'http-error/http_500': 1, 'refused/ECONNREFUSED': 1, 'timeout/headers': 1 },
    })
  })

  it('a dropped request is no error; it counts as dropped', () => {
    const records = [okRecord(), droppedRecord(), droppedRecord()]
    expect(scalar(records, 'errors')).toBe(0)
    expect(scalar(records, 'dropped')).toBe(2)
  })

  it('the warm-up is counted and not measured', () => {
    const warm = okRecord({ phase: 'warmup', sentAt: -100, headersAt: -50, endAt: -1 })
    const summary = summarize([warm, okRecord()])
    expect(summary.counts).toMatchObject({ requests: 1, warmupRequests: 1 })
    expect(summary.window).toEqual({ name: 'measure', startAt: 1, endAt: 42 })
  })

  it('scenarios are apart', () => {
    const summarizer = createSummarizer()
    summarizer.add(okRecord())
    summarizer.add(okRecord({ scenario: 'two' }))
    const summaries = summarizer.summary([
      { name: 'two', title: 'second' },
      { name: 'three', title: 'third' },
    ])
    expect(summaries.map(({ scenario, counts }) => [scenario, counts.requests])).toEqual([
      ['two', 1],
      ['three', 0],
    ])
    for (const result of Object.values(summaries[1]!.metrics)) expect(result.kind).toBe('absent')
  })

  it('without a success nothing but conduct is measured', () => {
    const { metrics } = summarize([httpErrorRecord()])
    expect(metrics.ttft).toMatchObject({ kind: 'absent', reason: 'no request succeeded' })
    expect(metrics.output_tok_s).toMatchObject({ kind: 'absent', reason: 'no request succeeded' })
    expect(metrics.errors).toMatchObject({ kind: 'scalar', value: 100 })
  })

  it('notes and token sources are counted, whatever they are called', () => {
    const odd = okRecord({ notes: ['missing_done', '__proto__'], tokenSource: 'chunks' })
    const { counts, tokenSources } = summarize([odd, okRecord(), okRecord()])
    expect(Object.entries(counts.notes)).toEqual([
      ['__proto__', 1],
      ['missing_done', 1],
    ])
    expect(tokenSources).toEqual({ chunks: 1, server: 2 })
  })
})

describe('rates over the window', () => {
  // From the first sending (1) to the last end (201): 200 ms, with the failure that ends it.
  const records = [okRecord(), okRecord({ sentAt: 50, endAt: 150 }), timeoutRecord({ sentAt: 60, endAt: 201 })]

  it('are sums over the measured window, failures included in its length', () => {
    expect(summarize(records).window).toEqual({ name: 'measure', startAt: 1, endAt: 201 })
    expect(scalar(records, 'output_tok_s')).toBe(30)
    expect(scalar(records, 'input_tok_s')).toBe(100)
    expect(scalar(records, 'total_tok_s')).toBe(130)
    expect(scalar(records, 'req_s')).toBe(10)
  })

  it('requests that were never sent do not stretch the window', () => {
    const late = [droppedRecord({ dueAt: -500, endAt: 5000 }), refusedRecord({ dueAt: -400, endAt: 4000 })]
    expect(summarize([...records, ...late]).window).toEqual({ name: 'measure', startAt: 1, endAt: 201 })
  })

  it('a sum that lacks an answer is not given', () => {
    const { inputTokens: _, ...uncounted } = okRecord()
    expect(metric([okRecord(), uncounted], 'input_tok_s')).toMatchObject({
      kind: 'absent',
      reason: '1 of 2 answers have no token count',
    })
    expect(metric([okRecord(), uncounted], 'output_tok_s').kind).toBe('scalar')
  })

  it('tokens an event tells bundles from single tokens', () => {
    const bundled = okRecord({ events: { us: [1000, 1000], kind: 'tt' }, outputTokens: 8 })
    expect(scalar([bundled], 'tokens_per_event')).toBe(4)
    expect(metric([okRecord({ tokenSource: 'chunks' })], 'tokens_per_event').kind).toBe('absent')
  })
})

describe('goodput', () => {
  const slo: readonly Slo[] = [
    { metric: 'ttft', limitMs: 10 },
    { metric: 'e2e', limitMs: 100 },
  ]

  it('is absent without limits', () => {
    expect(metric([okRecord()], 'goodput')).toMatchObject({ kind: 'absent', reason: 'no --slo was given' })
  })

  it('counts every request of the schedule, failed and dropped ones as misses', () => {
    const slow = okRecord({ events: { us: [10_001], kind: 't' } })
    const records = [okRecord(), slow, timeoutRecord({ endAt: 101 }), droppedRecord()]
    expect(scalar(records, 'goodput', slo)).toBe(25)
    expect(scalar(records, 'goodput_req_s', slo)).toBe(10)
  })

  it('leaves out what the interrupt cut', () => {
    const cut = droppedRecord({ reason: 'interrupted' })
    expect(scalar([okRecord(), cut], 'goodput', slo)).toBe(100)
    expect(scalar([okRecord(), cut], 'dropped')).toBe(0)
  })

  it('itl asks that every gap keeps the limit', () => {
    expect(scalar([okRecord()], 'goodput', [{ metric: 'itl', limitMs: 20 }])).toBe(100)
    expect(scalar([okRecord()], 'goodput', [{ metric: 'itl', limitMs: 19.999 }])).toBe(0)
  })

  it('one token keeps limits between tokens; an answer that was not streamed does not', () => {
    const one = okRecord({ events: { us: [1000], kind: 't' }, outputTokens: 1 })
    const whole = okRecord({ events: { us: [1000], kind: 'o' }, notes: ['not_streamed'] })
    for (const metric of ['itl', 'tpot']) {
      expect(scalar([one], 'goodput', [{ metric, limitMs: 1 }])).toBe(100)
      expect(scalar([whole], 'goodput', [{ metric, limitMs: 1 }])).toBe(0)
    }
  })
})
