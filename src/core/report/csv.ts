/**
 * Every figure of a summary, a line each: run, scenario, metric, statistic, unit, value; then those that plugins found by asking after
 * the load, of no scenario. RFC 4180, lines ended by CRLF.
 */
import type { MetricResult } from '../metric.ts'
import type { Manifest } from '../run.ts'
import type { Summary } from '../summary.ts'

const HEAD = ['run', 'scenario', 'title', 'metric', 'statistic', 'unit', 'value']

/** What was not measured has no line. Numbers are written whole, as in JSON. */
export function renderCsv({ scenarios, plugins = [], evaluations = {} }: Summary, manifest: Manifest): string {
  const watched = plugins.flatMap((plugin) => plugin.scenarios)
  const rows = scenarios.flatMap(({ scenario, title, metrics }) => {
    const beside = watched.filter((figures) => figures.scenario === scenario).map((figures) => figures.metrics)
    return [metrics, ...beside].flatMap((figures) => listFigures(manifest.id, scenario, title, figures))
  })
  const asked = Object.values(evaluations).flatMap((figures) => listFigures(manifest.id, '', '', figures))
  return renderLines([...rows, ...asked])
}

function listFigures(
  run: string,
  scenario: string,
  title: string,
  figures: Readonly<Record<string, MetricResult>>,
): readonly (readonly string[])[] {
  return Object.entries(figures).flatMap(([metric, result]) =>
    statisticsOf(result).map(([name, value]) => [run, scenario, title, metric, name, result.unit, String(value)]),
  )
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
