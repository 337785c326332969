/** Several scenarios on one page: a line each. */
import type { ScenarioSummary } from '../summary.ts'
import { escapeTerminal } from './escape.ts'
import { distributionOf, scalarOf } from './phrases.ts'
import { formatFigure, formatPercent, padEnd, padStart, truncate } from './text.ts'

interface ComparedColumn {
  readonly title: string
  cell(scenario: ScenarioSummary): string
  /** Gives way when limits or failures need room. */
  readonly yields?: boolean
}

type Quantile = 'p50' | 'p90' | 'p99'

function quantileColumn(title: string, id: string, name: Quantile, yields = false): ComparedColumn {
  return { title, yields, cell: (scenario) => formatFigure(distributionOf(scenario, id)?.quantiles[name]) }
}

function scalarColumn(title: string, id: string): ComparedColumn {
  return { title, cell: (scenario) => formatFigure(scalarOf(scenario, id)) }
}

/** `tail` is the highest quantile that some scenario has requests enough for. */
function usualColumns(tail: Quantile): readonly ComparedColumn[] {
  return [
    quantileColumn('TTFT p50', 'ttft', 'p50'),
    quantileColumn(tail, 'ttft', tail),
    quantileColumn('ITL p50', 'itl', 'p50'),
    quantileColumn('p99', 'itl', 'p99', true),
    quantileColumn('e2e p50', 'e2e', 'p50', true),
    scalarColumn('tok/s', 'output_tok_s'),
    scalarColumn('req/s', 'req_s'),
  ]
}

const GOOD: ComparedColumn = { title: 'good', cell: (scenario) => formatShare(scalarOf(scenario, 'goodput')) }

const FAILED: ComparedColumn = { title: 'errors', cell: (scenario) => formatShare(scalarOf(scenario, 'errors')) }

function formatShare(percent: number | undefined): string {
  return formatPercent(percent).replace(' ', '')
}

/** Goodput stands there only with limits, and errors only where there are some. */
function comparedColumns(scenarios: readonly ScenarioSummary[]): readonly ComparedColumn[] {
  const more = [
    ...(scenarios.some((scenario) => scalarOf(scenario, 'goodput') !== undefined) ? [GOOD] : []),
    ...(scenarios.some((scenario) => (scalarOf(scenario, 'errors') ?? 0) > 0) ? [FAILED] : []),
  ]
  const hasP99 = scenarios.some((scenario) => distributionOf(scenario, 'ttft')?.quantiles.p99 !== undefined)
  const usual = usualColumns(hasP99 ? 'p99' : 'p90')
  const yielding = usual.filter((column) => column.yields === true).slice(0, more.length)
  return [...usual.filter((column) => !yielding.includes(column)), ...more]
}

/** The head, then a line a scenario, each `width` columns wide; durations in ms. */
export function renderComparison(scenarios: readonly ScenarioSummary[], width: number): string[] {
  const columns = comparedColumns(scenarios)
  const cells = scenarios.map((scenario) => columns.map((column) => column.cell(scenario)))
  const widths = columns.map(({ title }, i) => 1 + Math.max(title.length, ...cells.map((row) => row[i]!.length)))
  const left = width - widths.reduce((sum, one) => sum + one, 0)
  const line = (label: string, row: readonly string[]): string =>
    padEnd(truncate(escapeTerminal(label), left - 1), left) + row.map((cell, i) => padStart(cell, widths[i]!)).join('')
  const titles = columns.map((column) => column.title)
  return [line('durations in ms', titles), ...scenarios.map((scenario, i) => line(scenario.title, cells[i]!))]
}
