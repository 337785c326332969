/** The end of `bench run`, for a terminal. */
import { type MetricRegistry, metricRegistry } from '../metrics/registry.ts'
import type { Manifest } from '../run.ts'
import type { GateResult, ScenarioSummary, Summary } from '../summary.ts'
import { escapeTerminal } from './escape.ts'
import {
  COLUMNS,
  columnOf,
  describeConduct,
  describeMissing,
  describeNotes,
  describeReasons,
  describeScenario,
  describeTarget,
  describeThroughput,
  distributionOf,
  latencyRows,
  scalarOf,
} from './phrases.ts'
import { flowPhrases, formatFigure, formatPercent, padEnd, padStart, truncate, wrapWords } from './text.ts'

export interface TableOptions {
  /** Write ANSI colours. */
  readonly color: boolean
  /** Columns of the terminal; lines are never longer, nor wider than 100. */
  readonly width: number
  /** Where the run was written; absent when nothing was. */
  readonly folder?: string
  /** Titles of plugins' metrics. */
  readonly metrics?: MetricRegistry
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

const ANSI: Readonly<Record<Style, string>> = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' }

interface Page {
  readonly width: number
  readonly metrics: MetricRegistry
  paint(style: Style, line: string): string
}

const WIDEST = 100
const NARROWEST = 60

/** One string, lines ended by LF. Everything from outside is escaped; nothing that was not measured is printed. */
export function renderTable(summary: Summary, manifest: Manifest, options: TableOptions): string {
  const page: Page = {
    width: Math.min(WIDEST, Math.max(NARROWEST, options.width)),
    metrics: options.metrics ?? metricRegistry,
    paint: (style, line) => (options.color ? `\u001b[${ANSI[style]}m${line}\u001b[0m` : line),
  }
  const { scenarios } = summary
  const body =
    scenarios.length === 1
      ? renderScenario(page, scenarios[0]!, manifest)
      : [`${scenarios.length} scenarios, seed ${manifest.seed}`, '', ...renderComparison(page, scenarios)]
  const lines = [
    ...wrap(page, describeTarget(manifest)).map((line) => page.paint('bold', line)),
    ...body,
    ...summary.gates.flatMap((gate) => renderGate(page, gate, scenarios)),
    '',
    ...describeNotes(manifest, scenarios)
      .flatMap((note) => wrap(page, `note: ${note}`))
      .map((line) => page.paint('dim', line)),
    ...(summary.stopped === undefined ? [] : wrap(page, `stopped early: ${summary.stopped}`)),
    ...renderVerdict(page, summary),
    ...renderFolder(page, options.folder),
  ]
  return `${lines.join('\n')}\n`
}

function wrap(page: Page, text: string): string[] {
  return wrapWords(escapeTerminal(text), page.width)
}

function titleIn(metrics: MetricRegistry): (id: string) => string {
  return (id) => metrics.get(id)?.title ?? id
}

function renderScenario(page: Page, scenario: ScenarioSummary, manifest: Manifest): string[] {
  const rows = [...latencyRows(scenario), ...pluginRows(scenario)]
  const reasons = describeReasons(scenario)
  return [
    ...wrap(page, describeScenario(scenario, manifest)),
    ...(rows.length === 0 ? [] : ['', ...renderRows(page, scenario, rows)]),
    '',
    ...describeMissing(scenario, titleIn(page.metrics)).flatMap((line) => wrap(page, line)),
    ...flow(page, [...describeThroughput(scenario), ...pluginFigures(page, scenario)]),
    ...flow(page, describeConduct(scenario)),
    ...renderReasons(page, reasons),
  ]
}

function flow(page: Page, phrases: readonly string[]): string[] {
  return flowPhrases(phrases.map(escapeTerminal), page.width)
}

const LABEL_WIDTH = 19
const UNIT_WIDTH = 6

function renderRows(page: Page, scenario: ScenarioSummary, ids: readonly string[]): string[] {
  const column = Math.min(12, Math.floor((page.width - LABEL_WIDTH - UNIT_WIDTH) / COLUMNS.length))
  const titleOf = titleIn(page.metrics)
  const head = ' '.repeat(LABEL_WIDTH + UNIT_WIDTH) + COLUMNS.map((name) => padStart(name, column)).join('')
  const rows = ids.map((id) => {
    const distribution = distributionOf(scenario, id)
    const label = padEnd(truncate(escapeTerminal(titleOf(id)), LABEL_WIDTH - 1), LABEL_WIDTH)
    const unit = padEnd(truncate(escapeTerminal(scenario.metrics[id]?.unit ?? ''), UNIT_WIDTH - 1), UNIT_WIDTH)
    const figures = COLUMNS.map((name) => padStart(formatFigure(columnOf(distribution, name)), column))
    return label + unit + figures.join('')
  })
  return [page.paint('dim', head), ...rows]
}

/** What plugins measured as distributions. */
function pluginRows(scenario: ScenarioSummary): string[] {
  return Object.keys(scenario.metrics).filter(
    (id) => !metricRegistry.has(id) && distributionOf(scenario, id) !== undefined,
  )
}

/** What plugins measured as one number. */
function pluginFigures(page: Page, scenario: ScenarioSummary): string[] {
  const titleOf = titleIn(page.metrics)
  return Object.entries(scenario.metrics).flatMap(([id, result]) =>
    metricRegistry.has(id) || result.kind !== 'scalar'
      ? []
      : [`${titleOf(id)} ${formatFigure(result.value)} ${result.unit}`],
  )
}

const MOST_REASONS = 8

function renderReasons(page: Page, reasons: readonly string[]): string[] {
  const shown = reasons.slice(0, MOST_REASONS)
  const more = reasons.length - shown.length
  const lines = [...shown, ...(more === 0 ? [] : [`and ${more} more reasons`])]
  return lines.map((line) => page.paint('red', truncate(escapeTerminal(`  ${line}`), page.width)))
}

const COMPARED = [
  ['TTFT p50', (scenario: ScenarioSummary) => formatFigure(distributionOf(scenario, 'ttft')?.quantiles.p50)],
  ['p99', (scenario: ScenarioSummary) => formatFigure(distributionOf(scenario, 'ttft')?.quantiles.p99)],
  ['ITL p50', (scenario: ScenarioSummary) => formatFigure(distributionOf(scenario, 'itl')?.quantiles.p50)],
  ['p99', (scenario: ScenarioSummary) => formatFigure(distributionOf(scenario, 'itl')?.quantiles.p99)],
  ['e2e p50', (scenario: ScenarioSummary) => formatFigure(distributionOf(scenario, 'e2e')?.quantiles.p50)],
  ['tok/s', (scenario: ScenarioSummary) => formatFigure(scalarOf(scenario, 'output_tok_s'))],
  ['req/s', (scenario: ScenarioSummary) => formatFigure(scalarOf(scenario, 'req_s'))],
] as const

/** A line a scenario; durations in ms. Errors only where there are some, goodput only with limits. */
function renderComparison(page: Page, scenarios: readonly ScenarioSummary[]): string[] {
  const columns: (readonly [string, (scenario: ScenarioSummary) => string])[] = [...COMPARED]
  if (scenarios.some((scenario) => scalarOf(scenario, 'goodput') !== undefined)) {
    columns.splice(3, 1)
    columns.push(['good', (scenario) => formatPercent(scalarOf(scenario, 'goodput')).replace(' ', '')])
  }
  if (scenarios.some((scenario) => scalarOf(scenario, 'errors') !== 0)) {
    columns.splice(4, 1)
    columns.push(['errors', (scenario) => formatPercent(scalarOf(scenario, 'errors')).replace(' ', '')])
  }
  const cells = scenarios.map((scenario) => columns.map(([, of]) => of(scenario)))
  const widths = columns.map(([name], i) => 1 + Math.max(name.length, ...cells.map((row) => row[i]!.length)))
  const left = page.width - widths.reduce((sum, width) => sum + width, 0)
  const line = (label: string, row: readonly string[]): string =>
    padEnd(truncate(escapeTerminal(label), left - 1), left) + row.map((cell, i) => padStart(cell, widths[i]!)).join('')
  return [
    page.paint(
      'dim',
      line(
        'ms, tok/s, requests/s',
        columns.map(([name]) => name),
      ),
    ),
    ...scenarios.map((scenario, i) => line(scenario.title, cells[i]!)),
  ]
}

const GATE_STYLE = { met: 'green', missed: 'red', 'not-measured': 'red' } as const

function renderGate(page: Page, gate: GateResult, scenarios: readonly ScenarioSummary[]): string[] {
  const title = scenarios.find((scenario) => scenario.scenario === gate.scenario)?.title ?? gate.scenario
  const where = scenarios.length === 1 ? '' : ` (${title})`
  return wrap(page, `gate ${gate.line}${where}`).map((line) => page.paint(GATE_STYLE[gate.status], line))
}

const VERDICT_STYLE = { VALID: 'green', SUSPECT: 'yellow', INVALID: 'red', 'not yet judged': 'dim' } as const

function renderVerdict(page: Page, summary: Summary): string[] {
  const { status, reasons } = summary.verdict
  const lines = reasons.flatMap(({ code, figure, limit, unit, remedy }) => {
    const value = figure === undefined ? '' : ` ${formatFigure(figure)}${unit === undefined ? '' : ` ${unit}`}`
    const bound = limit === undefined ? '' : ` (limit ${formatFigure(limit)})`
    return wrap(page, `  ${code}${value}${bound}: ${remedy}`)
  })
  return [page.paint(VERDICT_STYLE[status], status), ...lines]
}

function renderFolder(page: Page, folder: string | undefined): string[] {
  return folder === undefined ? [] : flow(page, [folder, `bench report ${folder}`])
}
