/** The metrics of sagellm-benchmark's later versions: an aggregate over requests, and what its HTTP client derives from one. */
import { ascending, floorIndexPercentile, meanOf, sampleDeviation, sumOf } from '../percentiles.ts'
import type { SagellmResponse } from './year1.ts'

/** Instants in seconds. */
export interface SagellmRequest extends Omit<SagellmResponse, 'error'> {
  readonly queued_at: number
  readonly completed_at: number
  readonly prompt_tokens: number
  readonly output_tokens: number
  readonly itl_list: readonly number[]
  readonly e2e_latency_ms: number
}

export type SagellmHeadFigures = Readonly<Record<string, number>>

/** Values of 0 or less are dropped; p50 is the upper median. undefined stands for a request that failed. */
export function aggregateSagellmHead(requests: readonly (SagellmRequest | undefined)[]): SagellmHeadFigures {
  const answers = requests.filter((request) => request !== undefined)
  const of = (field: Exclude<keyof SagellmRequest, 'itl_list'>): number[] => answers.map((answer) => answer[field])
  const startTime = answers.length === 0 ? 0 : Math.min(...of('queued_at'))
  const endTime = answers.length === 0 ? 0 : Math.max(...of('completed_at'))
  const total = endTime - startTime
  const perSecond = (amount: number): number => (total > 0 ? amount / total : 0)
  const input = sumOf(of('prompt_tokens'))
  const output = sumOf(of('output_tokens'))
  const failed = requests.length - answers.length
  return {
    ...describe('ttft', of('ttft_ms')),
    avg_tbt_ms: meanOf(positive(of('tbt_ms'))),
    ...describe('tpot', of('tpot_ms')),
    ...describe(
      'itl',
      answers.flatMap(({ itl_list }) => itl_list),
    ),
    ...describe('e2el', of('e2e_latency_ms')),
    avg_throughput_tps: meanOf(positive(of('throughput_tps'))),
    total_throughput_tps: perSecond(input + output),
    request_throughput_rps: perSecond(answers.length),
    input_throughput_tps: perSecond(input),
    output_throughput_tps: perSecond(output),
    total_input_tokens: input,
    total_output_tokens: output,
    total_requests: requests.length,
    successful_requests: answers.length,
    failed_requests: failed,
    error_rate: requests.length === 0 ? 0 : failed / requests.length,
    peak_mem_mb: Math.max(0, ...of('peak_mem_mb')),
    total_kv_used_tokens: sumOf(of('kv_used_tokens')),
    total_kv_used_bytes: sumOf(of('kv_used_bytes')),
    avg_prefix_hit_rate: meanOf(of('prefix_hit_rate').filter((rate) => rate >= 0)),
    total_evict_count: sumOf(of('evict_count')),
    total_evict_ms: sumOf(of('evict_ms')),
    avg_spec_accept_rate: meanOf(of('spec_accept_rate').filter((rate) => rate >= 0)),
    total_time_s: total,
    start_time: startTime,
    end_time: endTime,
  }
}

function positive(values: readonly number[]): number[] {
  return values.filter((value) => value > 0)
}

function describe(name: string, values: readonly number[]): Record<string, number> {
  const sorted = ascending(positive(values))
  return {
    [`avg_${name}_ms`]: meanOf(sorted),
    [`p50_${name}_ms`]: floorIndexPercentile(sorted, 0.5),
    [`p95_${name}_ms`]: floorIndexPercentile(sorted, 0.95),
    [`p99_${name}_ms`]: floorIndexPercentile(sorted, 0.99),
    [`std_${name}_ms`]: sampleDeviation(sorted),
  }
}

export interface SagellmClientFigures {
  readonly ttft_ms: number
  readonly tbt_ms: number
  /** The wait for the first token is in it, unlike vLLM's. */
  readonly tpot_ms: number
  readonly throughput_tps: number
}

/** Seconds. */
export function deriveSagellmClient(answer: {
  readonly startSecs: number
  readonly firstSecs: number
  readonly endSecs: number
  readonly outputTokens: number
}): SagellmClientFigures {
  const { startSecs, firstSecs, endSecs, outputTokens } = answer
  const total = endSecs - startSecs
  return {
    ttft_ms: (firstSecs - startSecs) * 1000,
    tbt_ms: outputTokens > 1 ? ((endSecs - firstSecs) / (outputTokens - 1)) * 1000 : 0,
    tpot_ms: outputTokens > 0 ? (total / outputTokens) * 1000 : 0,
    throughput_tps: total > 0 ? outputTokens / total : 0,
  }
}
