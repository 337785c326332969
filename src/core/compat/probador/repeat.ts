/** What `probador llm bench` makes of its runs: a mean and an interval a metric, and what is worse than a base line. */
import { meanOf, sampleDeviation } from '../percentiles.ts'

/** Looked up by the number of runs, not the degrees of freedom; too small by up to 4 % from 11 runs on. Exact: `stats/student.ts`. */
export function probadorT95(runs: number): number {
  const small = [0, 0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]
  if (runs < small.length) return small[runs] ?? 0
  if (runs <= 15) return 2.145
  if (runs <= 20) return 2.086
  return runs <= 30 ? 2.042 : 1.96
}

export interface ProbadorStatistic {
  readonly mean: number
  readonly stddev: number
  readonly ci_95_lower: number
  readonly ci_95_upper: number
  readonly values: readonly number[]
}

export function summarizeProbadorValues(values: readonly number[]): ProbadorStatistic {
  const mean = meanOf(values)
  const stddev = sampleDeviation(values)
  const margin = values.length === 0 ? 0 : (probadorT95(values.length) * stddev) / Math.sqrt(values.length)
  return { mean, stddev, ci_95_lower: mean - margin, ci_95_upper: mean + margin, values }
}

/** The fields of a load result that are averaged over runs. */
export interface RepeatedFigures {
  readonly throughput_rps: number
  readonly latency_p50_ms: number
  readonly tokens_per_sec: number
  readonly ttft_p50_ms: number
  readonly tpot_p50_ms: number
}

export interface ProbadorAggregate {
  readonly throughput_rps: ProbadorStatistic
  readonly latency_p50: ProbadorStatistic
  readonly tokens_per_sec: ProbadorStatistic
  readonly ttft_p50: ProbadorStatistic
  readonly tpot_p50: ProbadorStatistic
}

export function aggregateProbadorRuns(runs: readonly RepeatedFigures[]): ProbadorAggregate {
  const summarize = (field: keyof RepeatedFigures): ProbadorStatistic =>
    summarizeProbadorValues(runs.map((run) => run[field]))
  return {
    throughput_rps: summarize('throughput_rps'),
    latency_p50: summarize('latency_p50_ms'),
    tokens_per_sec: summarize('tokens_per_sec'),
    ttft_p50: summarize('ttft_p50_ms'),
    tpot_p50: summarize('tpot_p50_ms'),
  }
}

export interface ProbadorRegression {
  readonly metric: string
  readonly baseline_value: number
  readonly current_value: number
  readonly change_pct: number
  readonly exceeds_threshold: true
}

export type ComparedFigures = Pick<
  RepeatedFigures,
  'throughput_rps' | 'tokens_per_sec' | 'latency_p50_ms' | 'tpot_p50_ms'
>

const WORSE = { throughput_rps: -1, tokens_per_sec: -1, latency_p50_ms: 1, tpot_p50_ms: 1 } as const

/** Only what is worse by more than `thresholdPct`, in this order. A base line of 0 is not compared. */
export function listProbadorRegressions(
  current: ComparedFigures,
  baseline: ComparedFigures,
  thresholdPct: number,
): ProbadorRegression[] {
  return (Object.keys(WORSE) as (keyof ComparedFigures)[]).flatMap((metric) => {
    const before = baseline[metric]
    const change = ((current[metric] - before) / before) * 100
    if (before <= 0 || !(change * WORSE[metric] > thresholdPct)) return []
    return [
      {
        metric,
        baseline_value: before,
        current_value: current[metric],
        change_pct: change,
        exceeds_threshold: true as const,
      },
    ]
  })
}
