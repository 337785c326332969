/** The result files of probador, from the records of a run: its formulas over our instants. */
import type { OkRecord, RequestRecord } from '../../record.ts'
import { measureWallSecs, readAnswerInstants } from '../answer-instants.ts'
import { aggregateBricks, type BrickFigures } from './bricks.ts'
import { aggregateLoad, type LoadFigures, type LoadLimits } from './load.ts'
import type { ProbadorQuality } from './quality.ts'
import { aggregateProbadorRuns, type ProbadorAggregate } from './repeat.ts'
import { detailItlMs, type ProbadorRequest } from './request.ts'
import type { GpuResult } from './result.ts'
import { analyseProbadorTail, type ProbadorTail } from './tail.ts'

/** What `llm load` was told. */
export interface ProbadorSettings {
  readonly runtime: string
  /** ISO 8601. */
  readonly timestamp: string
  readonly concurrency: number
  /** Whether streams were asked for. */
  readonly stream: boolean
  readonly limits?: LoadLimits
  readonly layers?: number
  readonly spikeThreshold?: number
  /** As written: `basic`, `contains:X`, `pattern:X`. */
  readonly validate?: string
  readonly coldStartMs?: number
  readonly gpu?: GpuResult
}

export interface ProbadorLoad extends LoadFigures {
  readonly timestamp: string
  readonly runtime_name: string
  readonly concurrency: number
  readonly elapsed_secs: number
  readonly num_layers?: number
  readonly cold_start_ms?: number
  readonly tail_analysis: ProbadorTail
  readonly quality?: ProbadorQuality
  readonly gpu_telemetry?: GpuResult
  readonly brick_trace_summary?: readonly BrickFigures[]
  readonly request_details: readonly ProbadorDetail[]
}

export interface ProbadorDetail {
  readonly latency_ms: number
  readonly ttft_ms: number
  readonly completion_tokens: number
  readonly prompt_tokens: number
  readonly itl_ms: number
  readonly finish_reason?: string
}

/** Its default: times the median. */
const SPIKE = 5

/** `records`: of one load, in the measured phase. */
export function describeProbadorLoad(records: readonly RequestRecord[], settings: ProbadorSettings): ProbadorLoad {
  const { runtime, timestamp, concurrency, limits, layers, coldStartMs, validate } = settings
  const requests = records.map((record) => (record.outcome === 'ok' ? describeAnswer(record, settings.stream) : FAILED))
  const elapsedSecs = measureWallSecs(records)
  return {
    timestamp,
    runtime_name: runtime,
    concurrency,
    elapsed_secs: elapsedSecs,
    ...aggregateLoad(requests, { elapsedSecs, ...(limits && { limits }), ...(layers !== undefined && { layers }) }),
    ...(layers === undefined ? {} : { num_layers: layers }),
    ...(coldStartMs === undefined ? {} : { cold_start_ms: coldStartMs }),
    tail_analysis: analyseProbadorTail(requests, settings.spikeThreshold ?? SPIKE),
    ...(validate === undefined ? {} : { quality: describeQuality(records, validate) }),
    ...(settings.gpu === undefined ? {} : { gpu_telemetry: settings.gpu }),
    ...describeBricks(records),
    request_details: requests.filter(({ success }) => success).map(describeDetail),
  }
}

function describeBricks(records: readonly RequestRecord[]): Pick<ProbadorLoad, 'brick_trace_summary'> {
  const traces = records.flatMap((record) => (record.outcome === 'ok' && record.trace ? [record.trace] : []))
  if (traces.length === 0) return {}
  const bricks = traces.map(({ totalUs, operations }) => ({
    total_time_us: totalUs,
    breakdown: operations.map(({ name, us }) => ({ name, time_us: us })),
  }))
  return { brick_trace_summary: aggregateBricks(bricks) }
}

export interface ProbadorBench {
  readonly runs: readonly ProbadorLoad[]
  readonly aggregate: ProbadorAggregate
  /** Its base line belongs to `bench compare` here. */
  readonly regressions: readonly never[]
}

/** The report of `llm bench`. */
export function describeProbadorBench(runs: readonly ProbadorLoad[]): ProbadorBench {
  return { runs, aggregate: aggregateProbadorRuns(runs), regressions: [] }
}

const FAILED: ProbadorRequest = {
  success: false,
  latencyUs: 0,
  ttftUs: 0,
  completionTokens: 0,
  promptTokens: 0,
  chunkUs: [],
}

function describeAnswer(record: OkRecord, stream: boolean): ProbadorRequest {
  const { startAt, textAt, endAt } = readAnswerInstants(record)
  const firstAt = stream ? (textAt[0] ?? endAt) : record.headersAt
  const us = (at: number): number => Math.round((at - startAt) * 1000)
  return {
    success: true,
    latencyUs: us(endAt),
    ttftUs: us(firstAt),
    completionTokens: record.outputTokens ?? textAt.length,
    promptTokens: record.inputTokens ?? record.askedInputTokens ?? 0,
    chunkUs: stream ? textAt.map(us) : [],
    ...(record.finish === undefined ? {} : { finishReason: record.finish }),
  }
}

function describeDetail(request: ProbadorRequest): ProbadorDetail {
  return {
    latency_ms: request.latencyUs / 1000,
    ttft_ms: request.ttftUs / 1000,
    completion_tokens: request.completionTokens,
    prompt_tokens: request.promptTokens,
    itl_ms: detailItlMs(request),
    ...(request.finishReason === undefined ? {} : { finish_reason: request.finishReason }),
  }
}

/** What was found when the answers came: a note on each, with what had been asked for where that is its reason. */
function describeQuality(records: readonly RequestRecord[], level: string): ProbadorQuality {
  const validated = records.filter((record) => record.outcome === 'ok')
  const failures = records.flatMap((record, index) => {
    if (record.outcome !== 'ok' || record.quality !== 'failed') return []
    const fault = record.notes?.at(-1) ?? 'unknown'
    const wanted = fault.startsWith('missing_') ? `:${level.replace(/^\w+:/, '')}` : ''
    return [{ request_idx: index, reason: fault + wanted }]
  })
  const passed = validated.length - failures.length
  return {
    validation_level: level,
    total_validated: validated.length,
    passed,
    failed: failures.length,
    pass_rate: validated.length === 0 ? 1 : passed / validated.length,
    failures,
  }
}
