/** The files of a sagellm-benchmark run, `<workload>_metrics.json` and `benchmark_summary.json`, from the records of a run. */
import type { OkRecord, RequestRecord } from '../../record.ts'
import { readAnswerInstants } from '../answer-instants.ts'
import { aggregateSagellmHead, deriveSagellmClient, type SagellmRequest } from './head.ts'
import { aggregateSagellmYear1, type SagellmResponse } from './year1.ts'

/** Of one workload, under the names of its first version and of the later ones together. */
export type SagellmMetrics = Readonly<Record<string, number>>

export interface SagellmSummary {
  readonly workloads: Readonly<Record<string, SagellmMetrics>>
  readonly overall: {
    readonly total_workloads: number
    readonly total_requests: number
    readonly successful_requests: number
    readonly failed_requests: number
  }
}

export interface SagellmWorkload {
  readonly name: string
  /** Of the measured phase. */
  readonly records: readonly RequestRecord[]
  /** Of the server, where it was seen. */
  readonly peakMemoryMb?: number
}

export function describeSagellmRun(workloads: readonly SagellmWorkload[]): SagellmSummary {
  const metrics = workloads.map((workload) => [workload.name, describeWorkload(workload)] as const)
  const total = (count: 'total_requests' | 'successful_requests' | 'failed_requests'): number =>
    metrics.reduce((sum, [, figures]) => sum + figures[count]!, 0)
  return {
    workloads: Object.fromEntries(metrics),
    overall: {
      total_workloads: metrics.length,
      total_requests: total('total_requests'),
      successful_requests: total('successful_requests'),
      failed_requests: total('failed_requests'),
    },
  }
}

/** Where both versions have a name, the later one's rule holds. */
function describeWorkload({ records, peakMemoryMb = 0 }: SagellmWorkload): SagellmMetrics {
  const requests = records.map((record) =>
    record.outcome === 'ok' ? { ...describeAnswer(record), peak_mem_mb: peakMemoryMb } : undefined,
  )
  const responses = requests.map((request): SagellmResponse => request ?? { ...UNKNOWN, error: 'failed' })
  return { ...aggregateSagellmYear1(responses), ...aggregateSagellmHead(requests) }
}

/** What a client over HTTP does not learn is 0 there. */
const UNKNOWN = {
  ttft_ms: 0,
  tbt_ms: 0,
  tpot_ms: 0,
  throughput_tps: 0,
  peak_mem_mb: 0,
  kv_used_tokens: 0,
  kv_used_bytes: 0,
  prefix_hit_rate: 0,
  evict_count: 0,
  evict_ms: 0,
  spec_accept_rate: 0,
}

function describeAnswer(record: OkRecord): SagellmRequest {
  const { startAt, textAt, endAt } = readAnswerInstants(record)
  const outputTokens = record.outputTokens ?? textAt.length
  const [startSecs, firstSecs, endSecs] = [startAt, textAt[0] ?? endAt, endAt].map((at) => at / 1000)
  return {
    ...UNKNOWN,
    ...deriveSagellmClient({ startSecs: startSecs!, firstSecs: firstSecs!, endSecs: endSecs!, outputTokens }),
    queued_at: record.dueAt / 1000,
    completed_at: endSecs!,
    prompt_tokens: record.inputTokens ?? record.askedInputTokens ?? 0,
    output_tokens: outputTokens,
    itl_list: textAt.slice(1).map((at, index) => at - textAt[index]!),
    e2e_latency_ms: endAt - startAt,
  }
}
