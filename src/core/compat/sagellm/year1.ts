/** `<workload>_metrics.json` of sagellm-benchmark 0.1, the version with the workloads of year 1. */
import { ascending, floorIndexPercentile, meanOf, sumOf } from '../percentiles.ts'

/** What an engine reported for one request. */
export interface SagellmResponse {
  readonly error?: string
  readonly ttft_ms: number
  readonly tbt_ms: number
  readonly tpot_ms: number
  readonly throughput_tps: number
  readonly peak_mem_mb: number
  readonly kv_used_tokens: number
  readonly kv_used_bytes: number
  readonly prefix_hit_rate: number
  readonly evict_count: number
  readonly evict_ms: number
  readonly spec_accept_rate: number
}

export interface SagellmYear1Figures {
  readonly avg_ttft_ms: number
  readonly p50_ttft_ms: number
  readonly p95_ttft_ms: number
  readonly p99_ttft_ms: number
  readonly avg_tbt_ms: number
  readonly avg_tpot_ms: number
  readonly avg_throughput_tps: number
  readonly peak_mem_mb: number
  readonly avg_mem_mb: number
  readonly error_rate: number
  readonly total_requests: number
  readonly successful_requests: number
  readonly failed_requests: number
  readonly kv_used_tokens: number
  readonly kv_used_bytes: number
  readonly prefix_hit_rate: number
  readonly evict_count: number
  readonly evict_ms: number
  readonly spec_accept_rate: number
  /** Readings of a monotonic counter, set by who measured. */
  readonly total_time_s: number
  readonly start_time: number
  readonly end_time: number
}

export function aggregateSagellmYear1(responses: readonly SagellmResponse[]): SagellmYear1Figures {
  const answers = responses.filter(({ error }) => error === undefined)
  const of = (field: Exclude<keyof SagellmResponse, 'error'>): number[] => answers.map((answer) => answer[field])
  const ttft = ascending(of('ttft_ms'))
  const failed = responses.length - answers.length
  return {
    avg_ttft_ms: meanOf(ttft),
    p50_ttft_ms: ttft[ttft.length >> 1] ?? 0,
    p95_ttft_ms: floorIndexPercentile(ttft, 0.95),
    p99_ttft_ms: floorIndexPercentile(ttft, 0.99),
    avg_tbt_ms: meanOf(of('tbt_ms').filter((value) => value > 0)),
    avg_tpot_ms: meanOf(of('tpot_ms')),
    avg_throughput_tps: meanOf(of('throughput_tps')),
    peak_mem_mb: Math.max(0, ...of('peak_mem_mb')),
    avg_mem_mb: meanOf(of('peak_mem_mb')),
    error_rate: responses.length === 0 ? 0 : failed / responses.length,
    total_requests: responses.length,
    successful_requests: answers.length,
    failed_requests: failed,
    kv_used_tokens: sumOf(of('kv_used_tokens')),
    kv_used_bytes: sumOf(of('kv_used_bytes')),
    prefix_hit_rate: meanOf(of('prefix_hit_rate')),
    evict_count: sumOf(of('evict_count')),
    evict_ms: sumOf(of('evict_ms')),
    spec_accept_rate: meanOf(of('spec_accept_rate')),
    total_time_s: 0,
    start_time: 0,
    end_time: 0,
  }
}
