/** A contract of sagellm held against figures, line by line, where "not measured" is no pass. */
import type { MetricResult } from '../../metric.ts'
import type { PluginSummary, ScenarioSummary } from '../../summary.ts'
import { metricsOfPlugin } from '../plugin-metrics.ts'
import { limitsOf, type SagellmContract, type SagellmFigures } from './contract.ts'

export interface ContractLine {
  readonly check: string
  readonly better: 'lower' | 'higher'
  readonly limit: number
  /** Absent: not measured. */
  readonly value?: number
  readonly status: 'met' | 'missed' | 'not-measured'
}

/** Latencies, rates and memory of 0 were not measured; an error rate of 0 was. */
export function holdSagellmContract(contract: SagellmContract, figures: SagellmFigures): ContractLine[] {
  return limitsOf(contract).map(({ check, field, better, limit }) => {
    const value = figures[field]
    if (value === undefined || (value === 0 && check !== 'error_rate')) {
      return { check, better, limit, status: 'not-measured' }
    }
    const met = better === 'lower' ? value <= limit : value >= limit
    return { check, better, limit, value, status: met ? 'met' : 'missed' }
  })
}

/**
 * A run of ours in sagellm's words. `avg_tbt_ms` is the mean gap between tokens, `avg_throughput_tps` the mean of the answers' own.
 * Memory is that of the server's GPUs, else of its processes; rates are the server's own.
 */
export function figuresOfOwnRun(
  { scenario, metrics }: ScenarioSummary,
  plugins: readonly PluginSummary[] = [],
): SagellmFigures {
  const [gpu, process, server] = (['gpu', 'process', 'server'] as const).map((id) =>
    metricsOfPlugin(plugins, id, scenario),
  )
  const figures = {
    avg_ttft_ms: meanOf(metrics.ttft),
    avg_tbt_ms: meanOf(metrics.itl),
    avg_tpot_ms: meanOf(metrics.tpot),
    avg_throughput_tps: meanOf(metrics.tok_s_request),
    error_rate: scalarOf(metrics.errors, 0.01),
    peak_mem_mb: maxOf(gpu!.gpu_memory_used) ?? maxOf(process!.server_memory),
    avg_prefix_hit_rate: scalarOf(server!.server_prefix_hits, 0.01),
    avg_spec_accept_rate: scalarOf(server!.server_draft_accepted, 0.01),
  }
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined))
}

function meanOf(result: MetricResult | undefined): number | undefined {
  return result?.kind === 'distribution' ? result.distribution.mean : undefined
}

function maxOf(result: MetricResult | undefined): number | undefined {
  return result?.kind === 'distribution' ? result.distribution.max : undefined
}

function scalarOf(result: MetricResult | undefined, scale = 1): number | undefined {
  return result?.kind === 'scalar' ? result.value * scale : undefined
}
