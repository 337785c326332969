/** What plugins saw beside the load, and what they found by asking after it: the part of `summary.md` about them. */
import type { MetricResult } from '../metric.ts'
import type { PluginFigures, PluginSummary, Summary } from '../summary.ts'
import { codeSpan } from './escape.ts'
import { list, renderMarkdownTable } from './markdown-parts.ts'
import { describeSampling, meanOf } from './plugins.ts'
import type { Spark } from './sparks.ts'
import { formatFigure, NOTHING } from './text.ts'

type TitleOf = (id: string) => string
type Metrics = Readonly<Record<string, MetricResult>>

/** In order of time; other windows follow. */
const PHASES: Readonly<Record<string, string>> = { before: 'idle before', warmup: 'warm-up', after: 'idle after' }
const STATISTICS = ['min', 'p50', 'p99', 'max'] as const

/** Blocks of Markdown; none where there were no plugins. */
export function renderPlugins(summary: Summary, titleOf: TitleOf, sparks: readonly Spark[]): string[] {
  const { plugins = [], evaluations = {}, conclusions = {} } = summary
  const known = plugins.filter(({ auto, source }) => source !== undefined || auto !== true)
  const blocks = [
    ...known.flatMap((plugin) => renderPlugin(plugin, summary, titleOf, sparks)),
    ...Object.entries(evaluations).flatMap(([id, metrics]) => [
      `### ${codeSpan(id)}`,
      ...(conclusions[id] === undefined ? [] : [codeSpan(conclusions[id])]),
      ...renderFigures({ metrics }, titleOf),
    ]),
  ]
  return blocks.length === 0 ? [] : ['## Beside the load', ...blocks]
}

function renderPlugin(
  { plugin, source, absent, sampling, scenarios }: PluginSummary,
  summary: Summary,
  titleOf: TitleOf,
  sparks: readonly Spark[],
): string[] {
  const facts = [
    ...(source === undefined ? [] : [source]),
    ...(sampling === undefined ? [] : [describeSampling(sampling)]),
    ...(absent === undefined ? [] : [absent]),
  ]
  const titles = new Map(summary.scenarios.map(({ scenario, title }) => [scenario, title]))
  return [
    `### ${codeSpan(plugin)}`,
    ...(facts.length === 0 ? [] : [list(facts.map(codeSpan))]),
    ...renderSparks(sparks.filter((spark) => spark.plugin === plugin)),
    ...scenarios.flatMap((figures) => [
      ...(scenarios.length === 1 ? [] : [codeSpan(titles.get(figures.scenario) ?? figures.scenario)]),
      ...(figures.fault === undefined ? [] : [codeSpan(figures.fault)]),
      ...renderFigures(figures, titleOf),
    ]),
  ]
}

function renderSparks(sparks: readonly Spark[]): string[] {
  if (sparks.length === 0) return []
  const rows = sparks.map(({ title, unit, label, line, min, max }) => [
    codeSpan(label === '' ? title : `${title}, ${label}`),
    codeSpan(line),
    formatFigure(min),
    formatFigure(max),
    unit === '1' ? '' : codeSpan(unit),
  ])
  return [renderMarkdownTable(['over the run', '', 'min', 'max', 'unit'], rows)]
}

/** A row a metric: its mean in each phase, and more of the measured one where it is a distribution. */
function renderFigures(
  { metrics, phases = {} }: Pick<PluginFigures, 'metrics' | 'phases'>,
  titleOf: TitleOf,
): string[] {
  const names = [...Object.keys(PHASES), ...Object.keys(phases)]
  const others = [...new Set(names)].filter((name) => phases[name] !== undefined)
  const rows = Object.entries(metrics).flatMap(([id, result]) => {
    const values = [result, ...others.map((name) => (phases[name] as Metrics)[id])]
    if (values.every((value) => meanOf(value) === undefined)) return []
    const statistics = STATISTICS.map((name) => statisticOf(result, name))
    return [
      [
        `${codeSpan(titleOf(id))} (${codeSpan(id)})`,
        result.unit === '1' ? '' : codeSpan(result.unit),
        formatFigure(meanOf(result)),
        ...statistics.map(formatFigure),
        ...values.slice(1).map((value) => formatFigure(meanOf(value))),
      ],
    ]
  })
  const head = ['', 'unit', 'mean', ...STATISTICS, ...others.map((name) => PHASES[name] ?? codeSpan(name))]
  // Of evaluations, and of counters, there is one number each.
  const isPlain = rows.every((row) => row.slice(3, 3 + STATISTICS.length).every((cell) => cell === NOTHING))
  const plain = (row: readonly string[]): readonly string[] => [...row.slice(0, 3), ...row.slice(3 + STATISTICS.length)]
  const table = isPlain
    ? renderMarkdownTable(plain(head.with(2, 'value')), rows.map(plain))
    : renderMarkdownTable(head, rows)
  const missing = describeMissing(metrics, titleOf)
  return [...(rows.length === 0 ? [] : [table]), ...(missing.length === 0 ? [] : [list(missing.map(codeSpan))])]
}

function statisticOf(result: MetricResult, name: (typeof STATISTICS)[number]): number | undefined {
  if (result.kind !== 'distribution') return undefined
  const { distribution } = result
  return name === 'min' || name === 'max' ? distribution[name] : distribution.quantiles[name]
}

/** `power, energy not measured: ...`, a line for each reason. */
function describeMissing(metrics: Metrics, titleOf: TitleOf): string[] {
  const byReason = new Map<string, string[]>()
  for (const [id, result] of Object.entries(metrics)) {
    if (result.kind === 'absent') byReason.set(result.reason, [...(byReason.get(result.reason) ?? []), titleOf(id)])
  }
  return [...byReason].map(([reason, titles]) => `${titles.join(', ')} not measured: ${reason}`)
}
