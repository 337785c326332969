/** The table of a server's own trace (`brick_trace` in answers that are not streamed). */
import { meanOf } from '../percentiles.ts'

export interface BrickTrace {
  readonly total_time_us: number
  readonly breakdown: readonly { readonly name: string; readonly time_us: number }[]
}

export interface BrickFigures {
  readonly name: string
  readonly mean_us: number
  readonly min_us: number
  readonly max_us: number
  /** Of the mean total of all traces, also when the operation is only in some. */
  readonly pct_of_total: number
  readonly samples: number
}

/** Largest share first. */
export function aggregateBricks(traces: readonly BrickTrace[]): BrickFigures[] {
  const total = meanOf(traces.map(({ total_time_us }) => total_time_us))
  const times = new Map<string, number[]>()
  for (const { name, time_us } of traces.flatMap(({ breakdown }) => breakdown)) {
    times.set(name, [...(times.get(name) ?? []), time_us])
  }
  return [...times]
    .map(([name, values]) => ({
      name,
      mean_us: meanOf(values),
      min_us: Math.min(...values),
      max_us: Math.max(...values),
      pct_of_total: total > 0 ? (meanOf(values) / total) * 100 : 0,
      samples: values.length,
    }))
    .sort((a, b) => b.pct_of_total - a.pct_of_total)
}
