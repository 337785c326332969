/** Every figure of a summary, a line each: run, scenario, metric, statistic, unit, value. RFC 4180, lines ended by CRLF. */
import type { MetricResult } from '../metric.ts'
import type { Manifest } from '../run.ts'
import type { Summary } from '../summary.ts'

const HEAD = ['run', 'scenario', 'title', 'metric', 'statistic', 'unit', 'value']

/** What was not measured has no line. Numbers are written whole, as in JSON. */
export function renderCsv(summary: Summary, manifest: Manifest): string {
  const rows = summary.scenarios.flatMap(({ scenario, title, metrics }) =>
    Object.entries(metrics).flatMap(([metric, result]) =>
      statisticsOf(result).map(([statistic, value]) => [
        manifest.id,
        scenario,
        title,
        metric,
        statistic,
        result.unit,
        String(value),
      ]),
    ),
  )
  return renderLines(rows)
}

/** Rows of these seven columns, under their head. */
export function renderLines(rows: readonly (readonly string[])[]): string {
  return [HEAD, ...rows].map((row) => `${row.map(escapeCell).join(',')}\r\n`).join('')
}

function statisticsOf(result: MetricResult): (readonly [name: string, value: number])[] {
  if (result.kind === 'absent') return []
  if (result.kind === 'scalar') return [['value', result.value]]
  const { count, mean, deviation, min, max, quantiles } = result.distribution
  return [
    ['count', count],
    ['mean', mean],
    ...(deviation === undefined ? [] : [['deviation', deviation] as const]),
    ['min', min],
    ...Object.entries(quantiles),
    ['max', max],
  ]
}

/** A text that a spreadsheet would take for a formula is made text by an apostrophe; a negative number is none. */
function escapeCell(text: string): string {
  const safe = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
