/** The gateway harness's result file, from the records of a run. Its own rules, its own rounding. */
import type { RequestRecord } from '../../record.ts'
import { measureWallSecs } from '../answer-instants.ts'
import { roundHalfEven } from '../format.ts'
import { meanOf } from '../percentiles.ts'
import { describeGatewayLatency, type GatewayLatency } from './latency.ts'

/** Its script ends with 1 above this share of failed requests. */
const MOST_ERRORS = 0.05
const MAX_ERROR = 100

export interface GatewayRun {
  readonly url: string
  readonly concurrency: number
  /** The wall clock at the end, epoch ms. */
  readonly endedEpochMs: number
  /** Measured requests, without warm-up. */
  readonly records: readonly RequestRecord[]
}

export interface GatewayResult {
  readonly timestamp: string
  readonly base_url: string
  readonly total_requests: number
  readonly successful_requests: number
  readonly failed_requests: number
  readonly concurrency: number
  readonly total_duration_s: number
  readonly throughput_rps: number
  readonly error_rate: number
  /** Absent when no request succeeded: the harness then saved nothing at all. */
  readonly latency_stats?: GatewayLatency
  /** What the server says; absent when it says nothing. */
  readonly avg_tokens_per_sec?: number
  readonly errors: readonly { readonly request_id: number; readonly error: string }[]
}

export function describeGatewayRun({ url, concurrency, endedEpochMs, records }: GatewayRun): GatewayResult {
  const good = records.filter((record) => record.outcome === 'ok')
  const failed = records.filter((record) => record.outcome !== 'ok')
  const seconds = measureWallSecs(records)
  const latency = describeGatewayLatency(good.map(({ connect, sentAt, endAt }) => endAt - (connect?.startAt ?? sentAt)))
  const speeds = good.map(({ serverTimings }) => serverTimings?.tokensPerSecond).filter((speed) => speed !== undefined)
  return {
    timestamp: writeLocalTime(new Date(endedEpochMs)),
    base_url: url,
    total_requests: records.length,
    successful_requests: good.length,
    failed_requests: failed.length,
    concurrency,
    total_duration_s: roundHalfEven(seconds, 2),
    throughput_rps: seconds > 0 ? roundHalfEven(good.length / seconds, 2) : 0,
    error_rate: records.length > 0 ? roundHalfEven(failed.length / records.length, 4) : 0,
    ...(latency === undefined ? {} : { latency_stats: latency }),
    ...(speeds.length === 0 ? {} : { avg_tokens_per_sec: roundHalfEven(meanOf(speeds), 2) }),
    errors: failed.map((record) => ({ request_id: record.n, error: describeFailure(record) })),
  }
}

/** Whether its script would have ended with 1. */
export function isGatewayFailure(result: GatewayResult): boolean {
  return result.error_rate > MOST_ERRORS
}

function describeFailure(record: Exclude<RequestRecord, { readonly outcome: 'ok' }>): string {
  if (record.outcome === 'timeout') return 'Request timeout'
  const words = ('error' in record ? record.error : undefined) ?? record.reason
  return record.outcome === 'http-error' ? `HTTP ${record.status}: ${words.slice(0, MAX_ERROR)}` : words
}

/** `YYYY-MM-DD HH:MM:SS`, as clocks on the wall show it. */
function writeLocalTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}
