/**
 * The result file of `probador llm load`, as far as anything here reads it. Field names are the file's, so that what people
 * published loads. A member that is absent was not measured; {@link asProbadorReads} and {@link asMeasured} say how to take a 0.
 */
import { asArray, asCount, asObject, type JsonObject } from '../../json.ts'
import type { GpuRange } from './gpu.ts'

/** Of a file only what is read here; of a run of ours all that is known. */
export interface GpuResult {
  readonly gpu_utilization_pct?: Partial<GpuRange>
  readonly memory_used_mb?: Partial<GpuRange>
  readonly memory_total_mb?: number
  readonly power_draw_w?: Partial<GpuRange>
  readonly temperature_c?: Partial<GpuRange>
  readonly clock_gpu_mhz?: Partial<GpuRange>
  readonly energy_total_wh?: number
  readonly energy_per_token_mj?: number
  readonly energy_per_request_mj?: number
}

export interface LoadResult {
  readonly runtime_name: string
  readonly timestamp?: string
  /** Not in the file: its path. */
  readonly source_file?: string
  readonly concurrency: number
  readonly total_requests?: number
  readonly successful?: number
  readonly failed?: number
  readonly error_rate?: number
  readonly throughput_rps?: number
  readonly tokens_per_sec?: number
  readonly avg_tok_per_req?: number
  /** Not probador's: the mean over requests of tokens / latency, in files of vllm-rust. */
  readonly request_tok_per_sec?: number
  readonly latency_p50_ms?: number
  readonly latency_p95_ms?: number
  readonly latency_p99_ms?: number
  readonly ttft_p50_ms?: number
  readonly ttft_p90_ms?: number
  readonly ttft_p95_ms?: number
  readonly ttft_p99_ms?: number
  readonly itl_p50_ms?: number
  readonly tpot_p50_ms?: number
  readonly tpot_p90_ms?: number
  readonly tpot_p95_ms?: number
  readonly tpot_p99_ms?: number
  readonly decode_tok_per_sec?: number
  readonly prefill_tok_per_sec?: number
  readonly prompt_tokens_total?: number
  readonly completion_tokens_total?: number
  readonly goodput_pct?: number
  readonly truncated_pct?: number
  readonly num_layers?: number
  readonly decode_us_per_layer?: number
  readonly cold_start_ms?: number
  readonly tail_analysis?: { readonly jitter: { readonly itl_cv: number; readonly spike_count: number } }
  readonly quality?: { readonly total_validated: number; readonly passed: number; readonly pass_rate: number }
  readonly gpu_telemetry?: GpuResult
  readonly request_details?: readonly { readonly completion_tokens: number; readonly itl_ms?: number }[]
}

const NUMBERS = [
  'total_requests',
  'successful',
  'failed',
  'error_rate',
  'throughput_rps',
  'tokens_per_sec',
  'avg_tok_per_req',
  'latency_p50_ms',
  'latency_p95_ms',
  'latency_p99_ms',
  'ttft_p50_ms',
  'ttft_p90_ms',
  'ttft_p95_ms',
  'ttft_p99_ms',
  'itl_p50_ms',
  'tpot_p50_ms',
  'tpot_p90_ms',
  'tpot_p95_ms',
  'tpot_p99_ms',
  'decode_tok_per_sec',
  'prefill_tok_per_sec',
  'prompt_tokens_total',
  'completion_tokens_total',
  'goodput_pct',
  'truncated_pct',
  'num_layers',
  'decode_us_per_layer',
  'cold_start_ms',
] as const

type NumberField = (typeof NUMBERS)[number]

/** What every version of the file has; without these it is another file. */
const REQUIRED = ['total_requests', 'throughput_rps', 'latency_p50_ms', 'ttft_p50_ms', 'tokens_per_sec'] as const

/** The parsed file, or undefined when it is no load result. Members of another type than expected count as absent. */
export function readLoadResult(value: unknown): LoadResult | undefined {
  const file = asObject(value)
  if (file === undefined || typeof file.runtime_name !== 'string' || asCount(file.concurrency) === undefined)
    return undefined
  return REQUIRED.every((name) => typeof file[name] === 'number') ? readFields(file) : undefined
}

/** {@link readLoadResult} of what may lack any field but name and concurrency. */
export function readFields(file: JsonObject): LoadResult {
  return {
    runtime_name: String(file.runtime_name),
    concurrency: Number(file.concurrency),
    ...(typeof file.timestamp === 'string' ? { timestamp: file.timestamp } : {}),
    ...pickNumbers(file, NUMBERS),
    ...readTail(asObject(asObject(file.tail_analysis)?.jitter)),
    ...readQuality(asObject(file.quality)),
    ...readGpu(asObject(file.gpu_telemetry)),
    ...(Array.isArray(file.request_details) ? { request_details: readDetails(file.request_details) } : {}),
  }
}

function pickNumbers<Name extends string>(file: JsonObject, names: readonly Name[]): Partial<Record<Name, number>> {
  const found = names.flatMap((name) => (typeof file[name] === 'number' ? [[name, file[name]]] : []))
  return Object.fromEntries(found) as Partial<Record<Name, number>>
}

function readTail(jitter: JsonObject | undefined): Pick<LoadResult, 'tail_analysis'> {
  if (typeof jitter?.itl_cv !== 'number' || typeof jitter.spike_count !== 'number') return {}
  return { tail_analysis: { jitter: { itl_cv: jitter.itl_cv, spike_count: jitter.spike_count } } }
}

function readQuality(quality: JsonObject | undefined): Pick<LoadResult, 'quality'> {
  const { total_validated, passed, pass_rate } = quality ?? {}
  if (typeof total_validated !== 'number' || typeof passed !== 'number' || typeof pass_rate !== 'number') return {}
  return { quality: { total_validated, passed, pass_rate } }
}

function readGpu(gpu: JsonObject | undefined): Pick<LoadResult, 'gpu_telemetry'> {
  if (gpu === undefined) return {}
  return {
    gpu_telemetry: {
      memory_used_mb: pickNumbers(asObject(gpu.memory_used_mb) ?? {}, ['mean', 'max']),
      power_draw_w: pickNumbers(asObject(gpu.power_draw_w) ?? {}, ['mean', 'max']),
      ...pickNumbers(gpu, ['memory_total_mb', 'energy_per_token_mj']),
    },
  }
}

function readDetails(details: readonly unknown[]): NonNullable<LoadResult['request_details']> {
  return asArray(details).flatMap((value) => {
    const detail = asObject(value)
    if (typeof detail?.completion_tokens !== 'number') return []
    const itl = typeof detail.itl_ms === 'number' ? { itl_ms: detail.itl_ms } : {}
    return [{ completion_tokens: detail.completion_tokens, ...itl }]
  })
}

/** As probador takes its own file: what is absent is 0, and 0 is a figure. */
export function asProbadorReads(result: LoadResult): LoadResult {
  const zeros = Object.fromEntries(NUMBERS.filter((name) => !OPTIONAL.has(name)).map((name) => [name, 0])) as Partial<
    Record<NumberField, number>
  >
  const { gpu_telemetry: gpu } = result
  return {
    ...zeros,
    ...result,
    ...(gpu && { gpu_telemetry: { memory_total_mb: 0, energy_per_token_mj: 0, ...gpu } }),
  }
}

/** Optional in the file too. */
const OPTIONAL: ReadonlySet<NumberField> = new Set(['num_layers', 'decode_us_per_layer', 'cold_start_ms'])

const TEXTS: ReadonlySet<string> = new Set(['runtime_name', 'timestamp', 'source_file'])

/** Where a 0 is a fact, not a gap. */
const MAY_BE_ZERO: ReadonlySet<NumberField> = new Set([
  'total_requests',
  'successful',
  'failed',
  'error_rate',
  'throughput_rps',
  'goodput_pct',
  'truncated_pct',
])

/** What was measured: 0 and what is no number are left out, and a run without a success has counts only. */
export function asMeasured(result: LoadResult): LoadResult {
  const dead = (result.successful ?? result.total_requests) === 0 || result.error_rate === 1
  const kept = Object.entries(result).filter(([name, value]) => {
    if (typeof value !== 'number') return !dead || TEXTS.has(name)
    if (name === 'concurrency') return true
    if (!Number.isFinite(value)) return false
    return MAY_BE_ZERO.has(name as NumberField) ? !(dead && name === 'throughput_rps') : !dead && value > 0
  })
  return Object.fromEntries(kept) as unknown as LoadResult
}
