/** Result files of the old tools, whichever it is: told apart by their members, never by their names. */
import { asArray, asObject, asText, type JsonObject } from '../json.ts'
import type { GatewayFigures } from './gateway/rules.ts'
import { meanOf } from './percentiles.ts'
import { type LoadResult, readLoadResult } from './probador/result.ts'
import type { SagellmFigures } from './sagellm/contract.ts'

/** One measured load. */
export interface MeasuredLoad {
  /** What it is among the others of its file, and what its counterpart in another file is found by. */
  readonly label: string
  /** Of an old tool's repeated runs their mean; of ours, all requests together. */
  readonly result: LoadResult
  /** Only where there are several. */
  readonly runs?: readonly LoadResult[]
}

export type ResultFile =
  | {
      readonly tool: 'inferbench' | 'probador' | 'vllm-rust'
      readonly kind: string
      readonly loads: readonly MeasuredLoad[]
    }
  | {
      readonly tool: 'gateway'
      readonly kind: 'result'
      readonly loads: readonly MeasuredLoad[]
      readonly figures: GatewayFigures
    }
  | {
      readonly tool: 'sagellm'
      readonly kind: 'metrics' | 'summary'
      readonly loads: readonly MeasuredLoad[]
      /** By workload. */
      readonly figures: Readonly<Record<string, SagellmFigures>>
    }

/** undefined when it is none of them. `name` names what the file does not: usually its own name without `.json`. */
export function readResultFile(value: unknown, name: string): ResultFile | undefined {
  const file = asObject(value)
  if (file === undefined) return undefined
  return (
    readLoad(file) ??
    readBenchReport(file) ??
    readSweep(file) ??
    readGateway(file, name) ??
    readServing(file, name) ??
    readSagellm(file, name)
  )
}

function labelOf(result: LoadResult): string {
  return `c=${result.concurrency}`
}

function readLoad(file: JsonObject): ResultFile | undefined {
  const result = readLoadResult(file)
  return result && { tool: 'probador', kind: 'load', loads: [{ label: labelOf(result), result }] }
}

function readBenchReport(file: JsonObject): ResultFile | undefined {
  if (!Array.isArray(file.runs) || asObject(file.aggregate) === undefined) return undefined
  const runs = file.runs.flatMap((run) => readLoadResult(run) ?? [])
  const [first] = runs
  if (first === undefined) return { tool: 'probador', kind: 'bench', loads: [] }
  return { tool: 'probador', kind: 'bench', loads: [{ label: labelOf(first), result: averageRuns(runs), runs }] }
}

/** The mean of each number that all of them have; what is no number is the first's. */
export function averageRuns(runs: readonly LoadResult[]): LoadResult {
  const first = runs[0] as unknown as JsonObject
  const averaged = Object.entries(first).flatMap(([name, value]) => {
    if (typeof value !== 'number') return [[name, value]]
    const values = runs.map((run) => (run as unknown as JsonObject)[name])
    return values.every((one) => typeof one === 'number') ? [[name, meanOf(values as number[])]] : []
  })
  return Object.fromEntries(averaged) as LoadResult
}

function readSweep(file: JsonObject): ResultFile | undefined {
  if (!Array.isArray(file.levels) || typeof file.optimal_concurrency !== 'number') return undefined
  const loads = file.levels.flatMap((level) => {
    const result = readLoadResult(asObject(level)?.result)
    return result === undefined ? [] : [{ label: labelOf(result), result }]
  })
  return { tool: 'probador', kind: 'sweep', loads }
}

/** Numbers of an object, by name; undefined where one is missing or of another type. */
function numberOf(object: JsonObject | undefined, name: string): number | undefined {
  const value = object?.[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function compact<Values extends object>(values: Values): { [K in keyof Values]?: Exclude<Values[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof Values]?: Exclude<Values[K], undefined>
  }
}

function readGateway(file: JsonObject, name: string): ResultFile | undefined {
  const failedWhole = typeof file.error === 'string' && typeof file.error_rate === 'number'
  const stats = asObject(file.latency_stats)
  if (!failedWhole && (stats === undefined || typeof file.throughput_rps !== 'number')) return undefined
  const concurrency = numberOf(file, 'concurrency') ?? 1
  const result: LoadResult = {
    runtime_name: name,
    concurrency,
    ...compact({
      timestamp: asText(file.timestamp),
      total_requests: numberOf(file, 'total_requests') ?? numberOf(file, 'total'),
      successful: numberOf(file, 'successful_requests') ?? numberOf(file, 'successful'),
      failed: numberOf(file, 'failed_requests') ?? numberOf(file, 'failed'),
      error_rate: numberOf(file, 'error_rate'),
      throughput_rps: numberOf(file, 'throughput_rps'),
      latency_p50_ms: numberOf(stats, 'p50_ms'),
      latency_p95_ms: numberOf(stats, 'p95_ms'),
      latency_p99_ms: numberOf(stats, 'p99_ms'),
    }),
  }
  const figures: GatewayFigures = compact({
    error_rate: numberOf(file, 'error_rate'),
    throughput_rps: numberOf(file, 'throughput_rps'),
    failed_requests: numberOf(file, 'failed_requests'),
    latency_stats: compact({ p50_ms: numberOf(stats, 'p50_ms'), p95_ms: numberOf(stats, 'p95_ms') }),
  })
  return { tool: 'gateway', kind: 'result', loads: [{ label: `c=${concurrency}`, result }], figures }
}

function readServing(file: JsonObject, name: string): ResultFile | undefined {
  if (!Array.isArray(file.scenarios) || typeof file.base_url !== 'string') return undefined
  const loads = asArray(file.scenarios).flatMap((value): MeasuredLoad[] => {
    const scenario = asObject(value)
    const label = asText(scenario?.name)
    if (scenario === undefined || label === undefined || numberOf(scenario, 'ttft_p50_ms') === undefined) return []
    const itl = numberOf(scenario, 'itl_p50_ms')
    return [
      {
        label,
        result: {
          runtime_name: name,
          concurrency: Number(/_c(\d+)$/.exec(label)?.[1] ?? 1),
          ...compact({
            total_requests: numberOf(scenario, 'num_requests'),
            ttft_p50_ms: numberOf(scenario, 'ttft_p50_ms'),
            ttft_p95_ms: numberOf(scenario, 'ttft_p95_ms'),
            ttft_p99_ms: numberOf(scenario, 'ttft_p99_ms'),
            latency_p50_ms: numberOf(scenario, 'latency_p50_ms'),
            latency_p95_ms: numberOf(scenario, 'latency_p95_ms'),
            latency_p99_ms: numberOf(scenario, 'latency_p99_ms'),
            itl_p50_ms: itl,
            decode_tok_per_sec: itl !== undefined && itl > 0 ? 1000 / itl : undefined,
            tokens_per_sec: numberOf(scenario, 'throughput_total_tps'),
            request_tok_per_sec: numberOf(scenario, 'throughput_mean_tps'),
            completion_tokens_total: numberOf(scenario, 'total_tokens'),
          }),
        },
      },
    ]
  })
  return { tool: 'vllm-rust', kind: 'serving', loads }
}

function readSagellm(file: JsonObject, name: string): ResultFile | undefined {
  const workloads = asObject(file.workloads)
  if (workloads !== undefined && asObject(file.overall) !== undefined) {
    const figures = Object.fromEntries(
      Object.entries(workloads).map(([workload, metrics]) => [workload, readSagellmFigures(asObject(metrics) ?? {})]),
    )
    return { tool: 'sagellm', kind: 'summary', loads: loadsOfSagellm(figures, name), figures }
  }
  if (numberOf(file, 'avg_ttft_ms') === undefined || numberOf(file, 'avg_throughput_tps') === undefined)
    return undefined
  const figures = { [name.replace(/_metrics$/, '')]: readSagellmFigures(file) }
  return { tool: 'sagellm', kind: 'metrics', loads: loadsOfSagellm(figures, name), figures }
}

/** The older files say `prefix_hit_rate` where contracts say `avg_prefix_hit_rate`. */
function readSagellmFigures(metrics: JsonObject): SagellmFigures {
  const numbers = Object.entries(metrics).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  const figures = Object.fromEntries(numbers)
  const { prefix_hit_rate, spec_accept_rate } = figures
  return {
    ...(prefix_hit_rate === undefined ? {} : { avg_prefix_hit_rate: prefix_hit_rate }),
    ...(spec_accept_rate === undefined ? {} : { avg_spec_accept_rate: spec_accept_rate }),
    ...figures,
  }
}

function loadsOfSagellm(workloads: Readonly<Record<string, SagellmFigures>>, name: string): MeasuredLoad[] {
  return Object.entries(workloads).map(([label, figures]) => ({
    label,
    result: {
      runtime_name: name,
      concurrency: 1,
      ...compact({
        total_requests: figures.total_requests,
        successful: figures.successful_requests,
        failed: figures.failed_requests,
        error_rate: figures.error_rate,
        ttft_p50_ms: figures.p50_ttft_ms,
        ttft_p95_ms: figures.p95_ttft_ms,
        ttft_p99_ms: figures.p99_ttft_ms,
        tpot_p50_ms: figures.p50_tpot_ms,
        itl_p50_ms: figures.p50_itl_ms,
        latency_p50_ms: figures.p50_e2el_ms,
        latency_p99_ms: figures.p99_e2el_ms,
        tokens_per_sec: figures.output_throughput_tps,
        throughput_rps: figures.request_throughput_rps,
      }),
    },
  }))
}
