import type { RequestRecord } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { describeGatewayRun, isGatewayFailure } from '../../src/core/compat/gateway/result.ts'

const base = { id: 'x', scenario: 'c2', phase: 'measure', item: 'row:0' } as const

function good(n: number, dueAt: number, ms: number, tokensPerSecond?: number): RequestRecord {
  return {
    ...base,
    n,
    dueAt,
    sentAt: dueAt,
    headersAt: dueAt + ms,
    endAt: dueAt + ms,
    outcome: 'ok',
    status: 200,
    events: { us: [ms * 1000], kind: 'o' },
    ...(tokensPerSecond === undefined ? {} : { serverTimings: { tokensPerSecond } }),
  }
}

const run = { url: 'http://localhost:8000', concurrency: 2, endedEpochMs: new Date(2026, 0, 2, 3, 4, 5).getTime() }

describe("the gateway harness's result", () => {
  it('has its figures, by its rules', () => {
    const records: RequestRecord[] = [
      // The call includes making the connection.
      { ...(good(0, 10, 20, 40) as RequestRecord & { outcome: 'ok' }), sentAt: 14, connect: { startAt: 10 } },
      good(1, 30, 40, 50),
      good(2, 70, 31),
      {
        ...base,
        n: 3,
        dueAt: 101,
        sentAt: 101,
        headersAt: 102,
        endAt: 110,
        outcome: 'http-error',
        status: 503,
        stage: 'headers',
        reason: 'rejected',
        error: 'busy '.repeat(40),
      },
    ]
    expect(describeGatewayRun({ ...run, records })).toEqual({
      timestamp: '2026-01-02 03:04:05',
      base_url: 'http://localhost:8000',
      total_requests: 4,
      successful_requests: 3,
      failed_requests: 1,
      concurrency: 2,
      total_duration_s: 0.1,
      throughput_rps: 30,
      error_rate: 0.25,
      latency_stats: {
        min_ms: 20,
        max_ms: 40,
        mean_ms: 30.33,
        median_ms: 31,
        p50_ms: 31,
        p95_ms: 40,
        p99_ms: 40,
        stdev_ms: 10.02,
      },
      avg_tokens_per_sec: 45,
      errors: [{ request_id: 3, error: `HTTP 503: ${'busy '.repeat(20)}` }],
    })
  })

  it('says why requests failed', () => {
    const sent = { ...base, dueAt: 0, sentAt: 0, endAt: 5 }
    const records: RequestRecord[] = [
      { ...sent, n: 0, outcome: 'timeout', stage: 'headers', reason: 'total' },
      {
        ...base,
        n: 1,
        dueAt: 0,
        endAt: 5,
        outcome: 'refused',
        stage: 'connect',
        reason: 'ECONNREFUSED',
        error: 'refused',
      },
      { ...base, n: 2, dueAt: 0, endAt: 5, outcome: 'dropped', reason: 'interrupted' },
    ]
    const result = describeGatewayRun({ ...run, records })
    expect(result.errors.map(({ error }) => error)).toEqual(['Request timeout', 'refused', 'interrupted'])
    expect(result).toMatchObject({ error_rate: 1, throughput_rps: 0, successful_requests: 0 })
    expect(result).not.toHaveProperty('latency_stats')
    expect(result).not.toHaveProperty('avg_tokens_per_sec')
    expect(describeGatewayRun({ ...run, records: [] })).toMatchObject({ total_requests: 0, error_rate: 0, errors: [] })
  })

  it('is a failure above five failed requests in a hundred', () => {
    const refused = (n: number): RequestRecord => ({ ...base, n, dueAt: 0, endAt: 1, outcome: 'dropped', reason: 'x' })
    const withFailures = (count: number): RequestRecord[] =>
      Array.from({ length: 100 }, (_, n) => (n < count ? refused(n) : good(n, n, 5)))
    expect(isGatewayFailure(describeGatewayRun({ ...run, records: withFailures(5) }))).toBe(false)
    expect(isGatewayFailure(describeGatewayRun({ ...run, records: withFailures(6) }))).toBe(true)
  })
})
