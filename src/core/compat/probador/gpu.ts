/** GPU figures of a probador result: from lines of `nvidia-smi --format=csv,noheader,nounits`. */
import { meanOf, sumOf } from '../percentiles.ts'

const COLUMNS = [
  'gpu_utilization_pct',
  'memory_utilization_pct',
  'memory_used_mb',
  'memory_total_mb',
  'power_draw_w',
  'temperature_c',
  'clock_gpu_mhz',
  'clock_mem_mhz',
] as const

export type GpuSample = Readonly<Record<(typeof COLUMNS)[number], number>>

/** `Number` takes more for one: nothing, 0x10. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** undefined when a column is missing or no number: one `[N/A]` costs the whole sample. */
export function parseNvidiaSmiLine(line: string): GpuSample | undefined {
  const cells = line.split(',').map((cell) => cell.trim())
  if (cells.length < COLUMNS.length) return undefined
  const columns = COLUMNS.map((name, index) => [name, cells[index]!] as const)
  if (!columns.every(([, cell]) => DECIMAL.test(cell))) return undefined
  return Object.fromEntries(columns.map(([name, cell]) => [name, Number(cell)])) as GpuSample
}

export interface GpuRange {
  readonly mean: number
  readonly max: number
  readonly min: number
}

export interface GpuFigures {
  readonly samples: number
  readonly gpu_utilization_pct: GpuRange
  readonly memory_used_mb: GpuRange
  readonly memory_total_mb: number
  readonly power_draw_w: GpuRange
  readonly temperature_c: GpuRange
  readonly clock_gpu_mhz: GpuRange
  /** Samples below 90 % of the expected clock, or of the highest seen. */
  readonly throttle_events: number
  readonly energy_total_wh: number
  readonly energy_per_token_mj: number
  readonly energy_per_request_mj: number
}

export interface GpuWork {
  /** Samples are taken to be exactly so far apart. */
  readonly intervalSecs: number
  readonly completionTokens: number
  readonly totalRequests: number
  readonly expectedClockMhz?: number
}

const THROTTLED = 0.9

/** undefined without samples. */
export function aggregateGpu(
  samples: readonly Omit<GpuSample, 'memory_utilization_pct' | 'clock_mem_mhz'>[],
  work: GpuWork,
): GpuFigures | undefined {
  const [first] = samples
  if (first === undefined) return undefined
  const range = (name: keyof typeof first): GpuRange => {
    const values = samples.map((sample) => sample[name])
    return { mean: meanOf(values), max: Math.max(...values), min: Math.min(...values) }
  }
  const clock = range('clock_gpu_mhz')
  const expected = work.expectedClockMhz ?? clock.max
  const joules = sumOf(samples.map(({ power_draw_w }) => power_draw_w * work.intervalSecs))
  return {
    samples: samples.length,
    gpu_utilization_pct: range('gpu_utilization_pct'),
    memory_used_mb: range('memory_used_mb'),
    memory_total_mb: first.memory_total_mb,
    power_draw_w: range('power_draw_w'),
    temperature_c: range('temperature_c'),
    clock_gpu_mhz: clock,
    throttle_events: samples.filter(({ clock_gpu_mhz }) => clock_gpu_mhz < THROTTLED * expected).length,
    energy_total_wh: joules / 3600,
    energy_per_token_mj: work.completionTokens > 0 ? (joules * 1000) / work.completionTokens : 0,
    energy_per_request_mj: work.totalRequests > 0 ? (joules * 1000) / work.totalRequests : 0,
  }
}
