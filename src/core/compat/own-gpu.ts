/** GPU figures of a run of ours in probador's words, from what the plugins `gpu` and `power` saw. What they did not see is absent. */
import type { Distribution, MetricResult } from '../metric.ts'
import type { PluginSummary, ScenarioSummary } from '../summary.ts'
import { metricsOfPlugin } from './plugin-metrics.ts'
import type { GpuRange } from './probador/gpu.ts'
import type { GpuResult } from './probador/result.ts'

/** undefined when no GPU was read. Of several GPUs together, as the plugins have them. */
export function describeOwnGpu(
  plugins: readonly PluginSummary[],
  { scenario, window, metrics: own, counts }: Pick<ScenarioSummary, 'scenario' | 'window' | 'metrics' | 'counts'>,
): GpuResult | undefined {
  const gpu = metricsOfPlugin(plugins, 'gpu', scenario)
  const power = metricsOfPlugin(plugins, 'power', scenario)
  const seconds = (window.endAt - window.startAt - (window.pausedMs ?? 0)) / 1000
  const drawn = rangeOf(gpu.gpu_power)
  // Counters of energy are nearer to the truth than readings of power.
  const joules = scalarOf(power.energy_gpu) ?? (drawn === undefined ? undefined : drawn.mean * seconds)
  const meanPower = joules === undefined || seconds <= 0 ? undefined : { mean: joules / seconds }
  const powerDraw = drawn ?? meanPower
  const tokens = own.output_tokens?.kind === 'distribution' ? own.output_tokens.distribution.sum : 0
  const found: GpuResult = {
    ...named('gpu_utilization_pct', rangeOf(gpu.gpu_busy)),
    ...named('memory_used_mb', rangeOf(gpu.gpu_memory_used)),
    ...named('memory_total_mb', scalarOf(gpu.gpu_memory_total)),
    ...named('power_draw_w', powerDraw),
    ...named('temperature_c', rangeOf(gpu.gpu_temperature)),
    ...named('clock_gpu_mhz', rangeOf(gpu.gpu_sm_clock)),
    ...(joules === undefined
      ? {}
      : {
          energy_total_wh: joules / 3600,
          ...named('energy_per_token_mj', tokens > 0 ? (joules * 1000) / tokens : undefined),
          ...named('energy_per_request_mj', counts.requests > 0 ? (joules * 1000) / counts.requests : undefined),
        }),
  }
  return Object.keys(found).length === 0 ? undefined : found
}

function rangeOf(result: MetricResult | undefined): GpuRange | undefined {
  if (result?.kind !== 'distribution') return undefined
  const { mean, max, min }: Distribution = result.distribution
  return { mean, max, min }
}

function scalarOf(result: MetricResult | undefined): number | undefined {
  return result?.kind === 'scalar' ? result.value : undefined
}

function named<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Exclude<Value, undefined>>> {
  return (value === undefined ? {} : { [name]: value }) as Partial<Record<Name, Exclude<Value, undefined>>>
}
