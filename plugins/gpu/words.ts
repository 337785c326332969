/** GPUs on one line of at most 76 characters. */
import type { MetricResult } from 'inferbench'
import type { KnownServer } from './series.ts'

const WIDTH = 76

/** What of it fits, the most important first; undefined: nothing was read. */
export function describeGpus(
  metrics: Readonly<Record<string, MetricResult>>,
  server: KnownServer | undefined,
): string | undefined {
  const spread = (id: string): { mean: number; min: number; max: number } | undefined => {
    const result = metrics[id]
    return result?.kind === 'distribution' ? result.distribution : undefined
  }
  const scalar = (id: string): number | undefined => {
    const result = metrics[id]
    return result?.kind === 'scalar' ? result.value : undefined
  }
  const count = scalar('gpu_count')
  if (count === undefined) return undefined
  const [busy, clock, power, memory, heat] = [
    spread('gpu_busy'),
    spread('gpu_sm_clock'),
    spread('gpu_power'),
    spread('gpu_memory_used'),
    spread('gpu_temperature'),
  ]
  const [throttled, capped] = [scalar('gpu_throttled') ?? 0, scalar('gpu_power_capped') ?? 0]
  const parts = [
    throttled > 0 && `throttled ${percent(throttled)}`,
    busy && `${percent(busy.mean)} busy`,
    power && ofWhole(power.mean, scalar('gpu_power_limit'), 'W', 'kW', 1000),
    clock && `${range(clock)} MHz`,
    capped > 0 && `${percent(capped)} at its power limit`,
    heat && `${Math.round(heat.max)} °C`,
    memory && ofWhole(memory.max, scalar('gpu_memory_total'), 'MiB', 'GiB', 1024),
  ].filter((part) => part !== undefined && part !== false && part !== '')
  return parts.reduce<string>(
    (line, part, i) => {
      const longer = `${line}${i === 0 ? ' ' : ', '}${part}`
      return longer.length <= WIDTH ? longer : line
    },
    `${nameOf(count, server)}:`,
  )
}

/** `H100 80GB HBM3`, `8 x H200`. */
function nameOf(count: number, server: KnownServer | undefined): string {
  const name = (server?.names.length === 1 ? server.names[0]! : 'GPU').replace(/^NVIDIA (?:GeForce )?/, '').slice(0, 24)
  return count === 1 ? name : `${count} x ${name}`
}

function percent(value: number): string {
  return `${value < 1 ? Number(value.toPrecision(1)) : Math.round(value)} %`
}

function range({ min, max }: { readonly min: number; readonly max: number }): string {
  const [from, to] = [Math.round(min), Math.round(max)]
  return from === to ? `${to}` : `${from}-${to}`
}

function ofWhole(value: number, whole: number | undefined, unit: string, large: string, per: number): string {
  const big = Math.max(value, whole ?? 0) > per || unit === 'MiB'
  const show = (one: number): string => (big ? String(Number((one / per).toPrecision(3))) : String(Math.round(one)))
  return `${show(value)}${whole === undefined ? '' : ` of ${show(whole)}`} ${big ? large : unit}`
}
