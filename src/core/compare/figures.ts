/** Two loads, figure by figure. */

import { asMeasured, type LoadResult } from '../compat/probador/result.ts'
import type { MeasuredLoad } from '../compat/result-file.ts'
import { intervalOfDifference } from '../stats/student.ts'

export interface FigureDefinition {
  readonly field: keyof LoadResult
  readonly title: string
  readonly unit: string
  readonly better: 'lower' | 'higher'
  /** A regression is judged by it. */
  readonly judged: boolean
}

function figure(
  field: keyof LoadResult,
  title: string,
  unit: string,
  better: 'lower' | 'higher',
  judged = true,
): FigureDefinition {
  return { field, title, unit, better, judged }
}

export const FIGURES: readonly FigureDefinition[] = [
  figure('ttft_p50_ms', 'TTFT p50', 'ms', 'lower'),
  figure('ttft_p95_ms', 'TTFT p95', 'ms', 'lower', false),
  figure('ttft_p99_ms', 'TTFT p99', 'ms', 'lower'),
  figure('itl_p50_ms', 'ITL p50', 'ms', 'lower', false),
  figure('tpot_p50_ms', 'TPOT p50', 'ms', 'lower'),
  figure('tpot_p99_ms', 'TPOT p99', 'ms', 'lower'),
  figure('latency_p50_ms', 'latency p50', 'ms', 'lower'),
  figure('latency_p95_ms', 'latency p95', 'ms', 'lower', false),
  figure('latency_p99_ms', 'latency p99', 'ms', 'lower'),
  figure('tokens_per_sec', 'output', 'tok/s', 'higher'),
  figure('request_tok_per_sec', 'output a request', 'tok/s', 'higher', false),
  figure('throughput_rps', 'requests', '/s', 'higher'),
  figure('goodput_pct', 'goodput', '%', 'higher'),
  figure('error_rate', 'errors', '', 'lower'),
  figure('cold_start_ms', 'cold start', 'ms', 'lower', false),
]

/**
 * - `better`, `worse`: changed by more than the threshold; with several runs a side, and their difference is beyond chance.
 * - `unsure`: by more than the threshold, and the runs differ so much among themselves that it may be chance.
 * - `same`: within the threshold. `absent`: not measured on one side.
 */
export type ChangeStatus = 'better' | 'worse' | 'unsure' | 'same' | 'absent'

export interface Change {
  readonly figure: FigureDefinition
  readonly before?: number
  readonly after?: number
  /** after / before; absent where before is 0 or a side is not measured. */
  readonly ratio?: number
  /** Percent of before; positive is a rise. */
  readonly change_pct?: number
  /** 95 % interval of the change in percent, from repeated runs (Welch). */
  readonly interval_pct?: readonly [low: number, high: number]
  readonly status: ChangeStatus
}

/** A rise of the error rate by more than this is worse, whatever the base line: there may have been none. */
const ERRORS_MORE = 0.01

/** Figures that at least one side has. Zeros that mean "not measured" in files of old tools are not figures. */
export function compareLoads(before: MeasuredLoad, after: MeasuredLoad, thresholdPct: number): Change[] {
  const [a, b] = [asMeasured(before.result), asMeasured(after.result)]
  return FIGURES.flatMap((definition): Change[] => {
    const [old, now] = [a[definition.field], b[definition.field]] as (number | undefined)[]
    if (old === undefined && now === undefined) return []
    if (old === undefined || now === undefined) {
      return [
        {
          figure: definition,
          ...(old === undefined ? {} : { before: old }),
          ...(now === undefined ? {} : { after: now }),
          status: 'absent',
        },
      ]
    }
    return [judge(definition, old, now, spread(definition.field, before, after, old), thresholdPct)]
  })
}

function spread(
  field: keyof LoadResult,
  before: MeasuredLoad,
  after: MeasuredLoad,
  base: number,
): readonly [number, number] | undefined {
  const valuesOf = ({ runs = [] }: MeasuredLoad): number[] =>
    runs.flatMap((run) => (typeof run[field] === 'number' ? [run[field]] : []))
  const interval = intervalOfDifference(valuesOf(before), valuesOf(after))
  return interval === undefined || base === 0 ? undefined : [(100 * interval.low) / base, (100 * interval.high) / base]
}

function judge(
  definition: FigureDefinition,
  before: number,
  after: number,
  interval: readonly [number, number] | undefined,
  thresholdPct: number,
): Change {
  const change = before === 0 ? undefined : (100 * (after - before)) / before
  const common = {
    figure: definition,
    before,
    after,
    ...(change === undefined ? {} : { ratio: after / before, change_pct: change }),
    ...(interval === undefined ? {} : { interval_pct: interval }),
  }
  if (definition.field === 'error_rate') return { ...common, status: judgeErrors(before, after) }
  if (change === undefined || Math.abs(change) <= thresholdPct) return { ...common, status: 'same' }
  if (interval !== undefined && interval[0] <= 0 && interval[1] >= 0) return { ...common, status: 'unsure' }
  return { ...common, status: change > 0 === (definition.better === 'higher') ? 'better' : 'worse' }
}

function judgeErrors(before: number, after: number): ChangeStatus {
  if (after > before + ERRORS_MORE) return 'worse'
  return after < before - ERRORS_MORE ? 'better' : 'same'
}
