/** The rules of `probador llm sweep`: which levels are saturated, which is best, which raise the record. */
import { fixed } from '../format.ts'

export interface SweepFigures {
  readonly concurrency: number
  readonly throughput_rps: number
  readonly latency_p99_ms: number
  /** 0: the answers held no tokens; such a level is never the best. */
  readonly decode_tok_s: number
}

export type SweepLevel<Figures extends SweepFigures> = Figures & {
  readonly saturated: boolean
  readonly saturation_reason?: string
}

export interface ProbadorSweep<Figures extends SweepFigures> {
  readonly levels: readonly SweepLevel<Figures>[]
  readonly optimal_concurrency: number
  readonly optimal_throughput_rps: number
  readonly pareto_frontier: readonly number[]
}

/** A level is saturated when its p99 is above `saturationThreshold` times that of the first; nothing follows it with `earlyStop`. */
export function judgeProbadorSweep<Figures extends SweepFigures>(
  measured: readonly Figures[],
  options: { readonly saturationThreshold: number; readonly earlyStop: boolean },
): ProbadorSweep<Figures> {
  const base = measured[0]?.latency_p99_ms ?? 0
  const judged = measured.map((level): SweepLevel<Figures> => {
    const saturated = base > 0 && level.latency_p99_ms > options.saturationThreshold * base
    if (!saturated) return { ...level, saturated }
    const times = fixed(options.saturationThreshold, 1)
    const reason = `latency_p99 ${fixed(level.latency_p99_ms, 0)}ms > ${times}x baseline ${fixed(base, 0)}ms`
    return { ...level, saturated, saturation_reason: reason }
  })
  const first = options.earlyStop ? judged.findIndex(({ saturated }) => saturated) : -1
  const levels = first < 0 ? judged : judged.slice(0, first + 1)
  const usable = levels.filter(({ saturated, decode_tok_s }) => !saturated && decode_tok_s !== 0)
  const record = usable.filter(
    ({ throughput_rps }, index) =>
      throughput_rps > Math.max(0, ...usable.slice(0, index).map((earlier) => earlier.throughput_rps)),
  )
  // The search for the best starts with the first level, whatever it is worth: only what is above that takes its place.
  const [start] = levels
  const highest: SweepFigures | undefined = record.at(-1)
  const optimal = highest !== undefined && highest.throughput_rps > (start?.throughput_rps ?? 0) ? highest : start
  return {
    levels,
    optimal_concurrency: optimal?.concurrency ?? 0,
    optimal_throughput_rps: optimal?.throughput_rps ?? 0,
    pareto_frontier: record.map(({ concurrency }) => concurrency),
  }
}
