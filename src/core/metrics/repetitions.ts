/** What repetitions of a scenario (`--runs`) say together: each counts for one, however many requests it had. */
import type { MetricResult } from '../metric.ts'
import { intervalOfMean } from '../stats/student.ts'
import type { Aggregate, RepetitionSummary, ScenarioSummary } from '../summary.ts'

/** The statistics of a distribution that are followed over repetitions, where the sample of one supports them. */
const STATISTICS = ['mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const

export function describeRepetition(run: number, summary: ScenarioSummary): RepetitionSummary {
  const { window, counts } = summary
  const metrics = Object.entries(summary.metrics).map(([id, result]) => [id, withoutHistogram(result)] as const)
  return { run, window, counts, metrics: Object.fromEntries(metrics) }
}

/** The histogram of all repetitions together has every sample; one for each would be most of the file. */
function withoutHistogram(result: MetricResult): MetricResult {
  if (result.kind !== 'distribution') return result
  const { histogram: _, ...distribution } = result.distribution
  return { ...result, distribution }
}

/** By metric, then by statistic; what no repetition measured is left out. */
export function aggregateRuns(runs: readonly RepetitionSummary[]): NonNullable<ScenarioSummary['aggregate']> {
  const ids = new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)))
  return Object.fromEntries(
    [...ids].flatMap((id) => {
      const results = runs.map(({ metrics }) => metrics[id])
      const figures = ['value', ...STATISTICS].flatMap((statistic) => {
        const aggregate = aggregateValues(results.map((result) => readFigure(result, statistic)))
        return aggregate === undefined ? [] : [[statistic, aggregate] as const]
      })
      return figures.length === 0 ? [] : [[id, Object.fromEntries(figures)] as const]
    }),
  )
}

function readFigure(result: MetricResult | undefined, statistic: string): number | null {
  if (result?.kind === 'scalar') return statistic === 'value' ? result.value : null
  if (result?.kind !== 'distribution') return null
  const { mean, max, quantiles } = result.distribution
  if (statistic === 'mean') return mean
  if (statistic === 'max') return max
  return quantiles[statistic as keyof typeof quantiles] ?? null
}

function aggregateValues(values: readonly (number | null)[]): Aggregate | undefined {
  const interval = intervalOfMean(values.filter((value) => value !== null))
  if (interval === undefined) return undefined
  const { count: _, ...figures } = interval
  return { values, ...figures }
}
