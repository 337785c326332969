import { describe, expect, it } from 'vitest'
import { describeServingRun } from '../../src/core/compat/vllm-rust/result.ts'
import { httpErrorRecord, okRecord } from '../metrics/records.ts'

const run = { url: 'http://localhost:8000', model: 'm', warmup: 3 }

describe("vllm-rust's result file", () => {
  it('counts chunks of text from before the connection is made', () => {
    // Tokens at 10, 20 and 40 ms after sending, the end at 41; 4 ms of connecting before.
    const record = okRecord({ connect: { startAt: -3 }, outputTokens: 99 })
    const { scenarios } = describeServingRun({ ...run, scenarios: [{ name: 'short_mt64_c1', records: [record] }] })
    expect(scenarios).toEqual([
      {
        name: 'short_mt64_c1',
        num_requests: 1,
        ttft_p50_ms: 14,
        ttft_p95_ms: 14,
        ttft_p99_ms: 14,
        ttft_mean_ms: 14,
        throughput_mean_tps: 66.67,
        throughput_total_tps: 66.67,
        latency_p50_ms: 45,
        latency_p95_ms: 45,
        latency_p99_ms: 45,
        latency_mean_ms: 45,
        itl_p50_ms: 15,
        itl_p95_ms: 19.5,
        itl_mean_ms: 15,
        total_tokens: 3,
        total_time_s: 0.045,
      },
    ])
  })

  it('leaves out a scenario in which a request failed, or that is empty', () => {
    const records = [okRecord(), httpErrorRecord()]
    const { scenarios } = describeServingRun({
      ...run,
      scenarios: [
        { name: 'a', records },
        { name: 'b', records: [] },
      ],
    })
    expect(scenarios).toEqual([])
  })
})
