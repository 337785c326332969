/** `summary.md`: everything that was measured, for reading in a repository or a pull request. */
import type { Distribution } from '../metric.ts'
import { metricRegistry } from '../metrics/registry.ts'
import type { Manifest } from '../run.ts'
import type { GateResult, ScenarioSummary, Summary } from '../summary.ts'
import { codeSpan } from './escape.ts'
import { describeSteady, describeVerdict, describeVerdictNotes } from './judgement.ts'
import { list, renderMarkdownTable } from './markdown-parts.ts'
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
  titlesOf,
} from './phrases.ts'
import { renderPlugins } from './plugin-section.ts'
import { describeRepetitions, REPETITION_COLUMNS } from './repetitions.ts'
import type { Spark } from './sparks.ts'
import { describeSweep, listSweepRows } from './sweep.ts'
import { formatFigure, formatPercent, groupDigits } from './text.ts'

/**
 * One string, ended by LF. Text from outside stands in code spans only; what was not measured is left out or is `-`. `sparks`: what
 * plugins sampled, which is in no summary.
 */
export function renderMarkdown(summary: Summary, manifest: Manifest, sparks: readonly Spark[] = []): string {
  const titleOf = titlesOf(summary)
  const instrument = describeInstrument(manifest)
  const notes = [...describeNotes(manifest, summary.scenarios), ...describeVerdictNotes(summary)]
  const blocks = [
    `# ${codeSpan(manifest.id)}`,
    codeSpan(describeTarget(manifest)),
    ...describeProfile(summary).map(codeSpan),
    ...describeServer(manifest).map(codeSpan),
    `Verdict: **${summary.verdict.status}**`,
    ...(instrument === undefined ? [] : [codeSpan(instrument)]),
    ...renderVerdict(summary),
    ...(summary.stopped === undefined ? [] : [`Stopped early: ${codeSpan(summary.stopped)}`]),
    ...renderSweep(summary, manifest),
    ...renderGates(summary.gates, summary.scenarios),
    ...summary.scenarios.flatMap((scenario) => renderScenario(scenario, manifest, titleOf)),
    ...renderPlugins(summary, titleOf, sparks),
    ...(notes.length === 0 ? [] : ['## Notes', list(notes.map(codeSpan))]),
  ]
  return `${blocks.join('\n\n')}\n`
}

function renderSweep({ sweep, scenarios }: Summary, manifest: Manifest): string[] {
  if (sweep === undefined || manifest.sweep === undefined) return []
  const { head, rows } = listSweepRows(sweep, manifest.sweep)
  const lines = describeSweep(sweep, manifest.sweep, scenarios[0]?.slo ?? [])
  return ['## Sweep', renderMarkdownTable(head, rows), list(lines.map(codeSpan))]
}

/** Causes first; what follows from them after. */
function renderVerdict(summary: Summary): string[] {
  const reasons = describeVerdict(summary).map(({ code, figure, message, advice }) =>
    [codeSpan(code), ...[figure, message, advice].flatMap((part) => (part ? [codeSpan(part)] : []))].join(', '),
  )
  return reasons.length === 0 ? [] : [list(reasons)]
}

export function renderGates(gates: readonly GateResult[], scenarios: readonly ScenarioSummary[]): string[] {
  if (gates.length === 0) return []
  const titles = new Map(scenarios.map((scenario) => [scenario.scenario, scenario.title]))
  const rows = gates.map((gate) => [
    codeSpan(gate.gate),
    codeSpan(titles.get(gate.scenario) ?? gate.scenario),
    gate.value === undefined ? '-' : `${formatFigure(gate.value)} ${gate.unit}`,
    gate.status === 'met' ? 'met' : gate.status === 'missed' ? '**not met**' : '**not met** (not measured)',
  ])
  return ['## Gates', renderMarkdownTable(['gate', 'scenario', 'value', 'result'], rows)]
}

function renderScenario(scenario: ScenarioSummary, manifest: Manifest, titleOf: (id: string) => string): string[] {
  const reasons = describeReasons(scenario)
  const missing = describeMissing(scenario, titleOf)
  const facts = [...describeThroughput(scenario), ...describeConduct(scenario), ...describeSteady(scenario), ...missing]
  return [
    `## ${codeSpan(scenario.title)}`,
    codeSpan(describeScenario(scenario, manifest)),
    list(facts.map(codeSpan)),
    ...(reasons.length === 0 ? [] : ['Failures by reason:', list(reasons.map(codeSpan))]),
    ...renderDistributions(scenario, titleOf),
    ...renderScalars(scenario, titleOf),
    ...renderRepetitions(scenario, titleOf),
  ]
}

function renderDistributions(scenario: ScenarioSummary, titleOf: (id: string) => string): string[] {
  const rows = Object.entries(scenario.metrics).flatMap(([id, result]) => {
    if (result.kind !== 'distribution') return []
    const figures = COLUMNS.map((column) => formatFigure(columnOf(result.distribution, column)))
    return [
      [
        `${titleText(id, titleOf)} (${codeSpan(id)})`,
        codeSpan(result.unit),
        ...figures,
        describeSamples(result.distribution),
      ],
    ]
  })
  return rows.length === 0 ? [] : [renderMarkdownTable(['', 'unit', ...COLUMNS, 'samples'], rows)]
}

/** `400`, `2 000 000 (within 0.098 %)`: above a bound, quantiles come from a histogram. */
function describeSamples({ count, relativeError }: Distribution): string {
  const within = relativeError === undefined ? '' : ` (within ${formatPercent(relativeError * 100)})`
  return groupDigits(count) + within
}

function renderRepetitions(scenario: ScenarioSummary, titleOf: (id: string) => string): string[] {
  const rows = describeRepetitions(scenario, titleOf)
  if (rows.length === 0) return []
  const head = [`over ${scenario.runs?.length ?? 0} runs`, 'unit', ...REPETITION_COLUMNS, 'each']
  return [
    renderMarkdownTable(
      head,
      rows.map(({ label, unit, cells, values }) => [label, codeSpan(unit), ...cells, values]),
    ),
  ]
}

function renderScalars(scenario: ScenarioSummary, titleOf: (id: string) => string): string[] {
  const rows = Object.entries(scenario.metrics).flatMap(([id, result]) =>
    result.kind === 'scalar'
      ? [[`${titleText(id, titleOf)} (${codeSpan(id)})`, codeSpan(result.unit), formatFigure(result.value)]]
      : [],
  )
  return rows.length === 0 ? [] : [renderMarkdownTable(['', 'unit', 'value'], rows)]
}

/** Built-in titles are plain words; a plugin's may be anything. */
function titleText(id: string, titleOf: (id: string) => string): string {
  return metricRegistry.has(id) ? titleOf(id) : codeSpan(titleOf(id))
}
