/** The end of `bench run`, for a terminal. */
import { metricRegistry } from '../metrics/registry.ts'
import { describeSlo } from '../metrics/slo.ts'
import type { Manifest } from '../run.ts'
import type { ScenarioSummary, Summary } from '../summary.ts'
import { renderComparison } from './comparison.ts'
import { escapeTerminal } from './escape.ts'
import { describeSteady, describeVerdict, describeVerdictNotes } from './judgement.ts'
import {
  COLUMNS,
  columnOf,
  describeConduct,
  describeInstrument,
  describeMissing,
  describeNotes,
  describeProfile,
  describeReasons,
  describeScenario,
  describeServer,
  describeTarget,
  describeThroughput,
  distributionOf,
  latencyRows,
  titlesOf,
} from './phrases.ts'
import { describePlugins } from './plugins.ts'
import { describeRepetitions, REPETITION_COLUMNS } from './repetitions.ts'
import { describeSweep, drawSweep, listSweepRows } from './sweep.ts'
import { flowPhrases, formatFigure, padEnd, padStart, truncate, wrapWords } from './text.ts'
import { renderTrace } from './trace.ts'

export interface TableOptions {
  /** Write ANSI colours. */
  readonly color: boolean
  /** Columns of the terminal; lines are never longer, nor wider than 100. */
  readonly width: number
  /** Where the run was written; absent when nothing was. */
  readonly folder?: string
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

const ANSI: Readonly<Record<Style, string>> = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' }

interface Page {
  readonly width: number
  titleOf(id: string): string
  paint(style: Style, line: string): string
}

const WIDEST = 100
const NARROWEST = 60

/** One string, lines ended by LF. Everything from outside is escaped; nothing that was not measured is printed. */
export function renderTable(summary: Summary, manifest: Manifest, options: TableOptions): string {
  const page: Page = {
    width: Math.min(WIDEST, Math.max(NARROWEST, options.width)),
    titleOf: titlesOf(summary),
    paint: (style, line) => (options.color ? `\u001b[${ANSI[style]}m${line}\u001b[0m` : line),
  }
  const { scenarios } = summary
  const body =
    scenarios.length === 1 ? renderScenario(page, scenarios[0]!, manifest) : renderScenarios(page, scenarios, manifest)
  const lines = [
    ...wrap(page, describeTarget(manifest)).map((line) => page.paint('bold', line)),
    ...describeServer(manifest).flatMap((line) => wrap(page, line)),
    ...describeProfile(summary).flatMap((line) => wrap(page, line)),
    ...body,
    ...renderSweep(page, summary, manifest),
    ...(summary.sweep === undefined ? renderRepetitions(page, scenarios) : []),
    ...renderPlugins(page, summary),
    '',
    ...renderGates(page, summary),
    ...describeNotes(manifest, scenarios)
      .flatMap((note) => wrap(page, `note: ${note}`))
      .map((line) => page.paint('dim', line)),
    ...(summary.stopped === undefined ? [] : wrap(page, `stopped early: ${summary.stopped}`)),
    ...renderVerdict(page, summary, manifest),
    ...renderFolder(page, options.folder),
  ]
  return `${lines.join('\n')}\n`
}

function wrap(page: Page, text: string): string[] {
  return wrapWords(escapeTerminal(text), page.width)
}

function renderScenario(page: Page, scenario: ScenarioSummary, manifest: Manifest): string[] {
  const rows = [...latencyRows(scenario), ...pluginRows(scenario)]
  const reasons = describeReasons(scenario)
  return [
    ...wrap(page, describeScenario(scenario, manifest)),
    ...(rows.length === 0 ? [] : ['', ...renderRows(page, scenario, rows)]),
    '',
    ...describeMissing(scenario, page.titleOf).flatMap((line) => wrap(page, line)),
    ...flow(page, [...describeThroughput(scenario), ...pluginFigures(page, scenario)]),
    ...flow(page, describeConduct(scenario)),
    ...((scenario.steady?.skipped ?? 0) > 0 ? describeSteady(scenario).flatMap((line) => wrap(page, line)) : []),
    ...(scenario.trace === undefined ? [] : ['', ...renderTrace(scenario)]),
    ...renderReasons(page, reasons),
  ]
}

function flow(page: Page, phrases: readonly string[]): string[] {
  return flowPhrases(phrases.map(escapeTerminal), page.width)
}

const LABEL_WIDTH = 20
const UNIT_WIDTH = 6
const REPETITION_WIDTH = 11
/** A figure has ten characters at most, so that five columns of them still fit 80. */
const NARROW_COLUMN = 9

function renderRows(page: Page, scenario: ScenarioSummary, ids: readonly string[]): string[] {
  const cells = ids.map((id) => COLUMNS.map((name) => formatFigure(columnOf(distributionOf(scenario, id), name))))
  const column = Math.max(NARROW_COLUMN, ...cells.flat().map((cell) => cell.length + 1))
  const head = ' '.repeat(LABEL_WIDTH + UNIT_WIDTH) + COLUMNS.map((name) => padStart(name, column)).join('')
  const rows = ids.map((id, i) => {
    const label = padEnd(truncate(escapeTerminal(page.titleOf(id)), LABEL_WIDTH - 1), LABEL_WIDTH)
    const unit = padEnd(truncate(escapeTerminal(scenario.metrics[id]?.unit ?? ''), UNIT_WIDTH - 1), UNIT_WIDTH)
    return label + unit + cells[i]!.map((cell) => padStart(cell, column)).join('')
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
  return Object.entries(scenario.metrics).flatMap(([id, result]) =>
    metricRegistry.has(id) || result.kind !== 'scalar'
      ? []
      : [`${page.titleOf(id)} ${formatFigure(result.value)} ${result.unit}`],
  )
}

function renderSweep(page: Page, { sweep, scenarios }: Summary, manifest: Manifest): string[] {
  if (sweep === undefined || manifest.sweep === undefined) return []
  const { head, rows } = listSweepRows(sweep, manifest.sweep)
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? padEnd(cell, widths[i]!) : padStart(cell, widths[i]! + 2))).join('')
  const picture = drawSweep(sweep, page.width)
  return [
    '',
    page.paint('dim', line(head)),
    ...rows.map(line),
    ...(picture.length === 0 ? [] : ['', ...picture]),
    '',
    ...describeSweep(sweep, manifest.sweep, scenarios[0]?.slo ?? []).flatMap((text) => wrap(page, text)),
  ]
}

/** What repetitions say of each key figure, and each one's own. */
function renderRepetitions(page: Page, scenarios: readonly ScenarioSummary[]): string[] {
  return scenarios.flatMap((scenario) => {
    const rows = describeRepetitions(scenario, page.titleOf)
    if (rows.length === 0) return []
    const title = `over ${scenario.runs?.length ?? 0} runs${scenarios.length === 1 ? '' : `, ${scenario.title}`}`
    const heading = truncate(escapeTerminal(title), LABEL_WIDTH + UNIT_WIDTH + 4)
    const cells = rows.map((row) => row.cells.map((cell) => padStart(cell, REPETITION_WIDTH)).join(''))
    const head = REPETITION_COLUMNS.map((name) => padStart(name, REPETITION_WIDTH)).join('')
    return [
      '',
      page.paint('dim', `${padEnd(heading, LABEL_WIDTH + UNIT_WIDTH + 4)}${head}`),
      ...rows.map(({ label, unit }, i) => `${padEnd(label, LABEL_WIDTH)}${padEnd(unit, UNIT_WIDTH + 4)}${cells[i]}`),
    ]
  })
}

/** A line each, cut where it is too long: there is room for few. */
function renderPlugins(page: Page, summary: Summary): string[] {
  const lines = describePlugins(summary, page.titleOf)
  return lines.length === 0 ? [] : ['', ...lines.map((line) => truncate(escapeTerminal(line), page.width))]
}

const MOST_REASONS = 8

function renderReasons(page: Page, reasons: readonly string[]): string[] {
  const shown = reasons.slice(0, MOST_REASONS)
  const more = reasons.length - shown.length
  const lines = [...shown, ...(more === 0 ? [] : [`and ${more} more reasons`])]
  return lines.map((line) => page.paint('red', truncate(escapeTerminal(`  ${line}`), page.width)))
}

/** A line a scenario; durations in ms. */
function renderScenarios(page: Page, scenarios: readonly ScenarioSummary[], manifest: Manifest): string[] {
  const slo = scenarios[0]?.slo
  const good = slo === undefined ? '' : `, good is ${describeSlo(slo)}`
  const reasons = scenarios.flatMap((scenario) =>
    describeReasons(scenario).map((reason) => `${scenario.title}: ${reason}`),
  )
  const [head, ...lines] = renderComparison(scenarios, page.width)
  return [
    ...wrap(page, `${scenarios.length} scenarios, seed ${manifest.seed}${good}`),
    '',
    page.paint('dim', head!),
    ...lines,
    ...renderReasons(page, reasons),
  ]
}

const GATE_STYLE = { met: 'green', missed: 'red', 'not-measured': 'red' } as const

function renderGates(page: Page, { gates, scenarios }: Summary): string[] {
  if (gates.length === 0) return []
  const titles = new Map(scenarios.map((scenario) => [scenario.scenario, scenario.title]))
  const lines = gates.flatMap((gate) => {
    const where = scenarios.length === 1 ? '' : ` (${titles.get(gate.scenario) ?? gate.scenario})`
    return wrap(page, `gate ${gate.line}${where}`).map((line) => page.paint(GATE_STYLE[gate.status], line))
  })
  return [...lines, '']
}

const VERDICT_STYLE = { VALID: 'green', SUSPECT: 'yellow', INVALID: 'red' } as const

function renderVerdict(page: Page, summary: Summary, manifest: Manifest): string[] {
  const { status } = summary.verdict
  const reasons = describeVerdict(summary)
  const lines = reasons.slice(0, MOST_REASONS).flatMap(({ code, figure, advice }) => {
    // What is wrapped stays under its line.
    const [head, ...rest] = wrapWords(escapeTerminal(`${code}${figure && ` ${figure}`}: ${advice}`), page.width - 4)
    return [`  ${head}`, ...rest.map((line) => `    ${line}`)]
  })
  const more = reasons.length - MOST_REASONS
  const instrument = describeInstrument(manifest)
  const [head = '', ...rest] = wrap(page, instrument === undefined ? status : `${status}   ${instrument}`)
  return [
    page.paint(VERDICT_STYLE[status], status) + head.slice(status.length),
    ...rest,
    ...lines,
    ...(more > 0 ? [`  and ${more} more in summary.json`] : []),
    ...describeVerdictNotes(summary)
      .flatMap((note) => wrap(page, `note: ${note}`))
      .map((line) => page.paint('dim', line)),
  ]
}

function renderFolder(page: Page, folder: string | undefined): string[] {
  return folder === undefined ? [] : flow(page, [folder, `bench report ${folder}`])
}
