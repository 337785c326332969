/** What repetitions of a scenario say of its key figures, for terminal and Markdown. */
import type { Aggregate, ScenarioSummary } from '../summary.ts'
import { formatFigure } from './text.ts'

/** In the order of the tables before; metric, then statistic. */
const FIGURES = [
  ['ttft', 'p50'],
  ['ttft', 'p99'],
  ['itl', 'p50'],
  ['tpot', 'p50'],
  ['e2e', 'p50'],
  ['e2e', 'p99'],
  ['output_tok_s', 'value'],
  ['req_s', 'value'],
  ['goodput', 'value'],
  ['errors', 'value'],
] as const

/** The heads of {@link describeRepetitions}'s cells. */
export const REPETITION_COLUMNS = ['mean', 'deviation', '95 % from', 'to'] as const

export interface RepetitionRow {
  readonly label: string
  readonly unit: string
  /** As {@link REPETITION_COLUMNS}; `-` where one value allows none. */
  readonly cells: readonly string[]
  /** Each run's, in order. */
  readonly values: string
  readonly aggregate: Aggregate
}

/** A row a figure that was measured; none where there were no repetitions. */
export function describeRepetitions(scenario: ScenarioSummary, titleOf: (id: string) => string): RepetitionRow[] {
  return FIGURES.flatMap(([id, statistic]) => {
    const aggregate = scenario.aggregate?.[id]?.[statistic]
    if (aggregate === undefined) return []
    return [
      {
        label: statistic === 'value' ? titleOf(id) : `${titleOf(id)} ${statistic}`,
        unit: scenario.metrics[id]?.unit ?? '',
        cells: describeCells(aggregate),
        values: aggregate.values.map((value) => formatFigure(value ?? undefined)).join(', '),
        aggregate,
      },
    ]
  })
}

function describeCells({ mean, deviation, low, high }: Aggregate): string[] {
  return [mean, deviation, low, high].map((value) => formatFigure(value))
}
