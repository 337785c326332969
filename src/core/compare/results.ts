/** Loads that other tools measured, a line each. */
import { asMeasured, type LoadResult } from '../compat/probador/result.ts'
import { escapeTerminal } from '../report/escape.ts'
import { formatFigure, formatPercent, NOTHING, padEnd, padStart, truncate } from '../report/text.ts'

export interface ShownLoad {
  /** Who was measured, and at what load. */
  readonly label: string
  readonly result: LoadResult
}

interface Column {
  readonly title: string
  readonly cell: (result: LoadResult) => string
}

const figure = (title: string, field: keyof LoadResult): Column => ({
  title,
  cell: (result) => formatFigure(result[field] as number | undefined),
})

const columns: readonly Column[] = [
  figure('TTFT p50', 'ttft_p50_ms'),
  figure('p99', 'ttft_p99_ms'),
  figure('ITL p50', 'itl_p50_ms'),
  figure('e2e p50', 'latency_p50_ms'),
  figure('p99', 'latency_p99_ms'),
  figure('tok/s', 'tokens_per_sec'),
  figure('req/s', 'throughput_rps'),
  {
    title: 'errors',
    cell: ({ error_rate: rate }) =>
      rate === undefined ? NOTHING : formatPercent(Number((rate * 100).toPrecision(4))).replace(' ', ''),
  },
]

/** A head, then a line a load; durations in ms. What a file holds as 0 for "not measured" is `-`. */
export function renderResults(loads: readonly ShownLoad[], width: number): string[] {
  const cells = loads.map(({ result }) => columns.map(({ cell }) => cell(asMeasured(result))))
  const widths = columns.map(({ title }, i) => 1 + Math.max(title.length, ...cells.map((row) => row[i]!.length)))
  const left = Math.max(16, width - widths.reduce((sum, one) => sum + one, 0))
  const line = (label: string, row: readonly string[]): string =>
    padEnd(truncate(escapeTerminal(label), left - 1), left) + row.map((cell, i) => padStart(cell, widths[i]!)).join('')
  const titles = columns.map(({ title }) => title)
  return [line('durations in ms', titles), ...loads.map(({ label }, i) => line(label, cells[i]!))]
}
