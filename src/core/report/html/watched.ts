/** What plugins saw beside the load, and what they found by asking after it. */
import type { MetricResult } from '../../metric.ts'
import type { PluginFigures, PluginSummary, Summary } from '../../summary.ts'
import { titlesOf } from '../phrases.ts'
import { describeSampling } from '../plugins.ts'
import { formatFigure } from '../text.ts'
import { scroll } from './figures.ts'
import { type Content, html, type Markup } from './markup.ts'

type Metrics = Readonly<Record<string, MetricResult>>

/** Of the phases that a plugin saw, in order of time. */
const PHASES = [
  ['before', 'idle before'],
  ['warmup', 'warm-up'],
  ['after', 'idle after'],
] as const

export function renderWatched(summary: Summary): Markup | undefined {
  const { plugins = [], evaluations = {} } = summary
  const titleOf = titlesOf(summary)
  const known = plugins.filter(({ auto, source }) => source !== undefined || auto !== true)
  const blocks = [
    ...known.map((plugin) => renderPlugin(plugin, summary, titleOf)),
    ...Object.entries(evaluations).map(([id, metrics]) => html`<h3>${id}</h3>${renderMetrics({ metrics }, titleOf)}`),
  ]
  if (blocks.length === 0) return undefined
  return html`<section aria-labelledby="watched"><h2 id="watched">Beside the load</h2>${blocks}</section>
`
}

function renderPlugin(plugin: PluginSummary, { scenarios }: Summary, titleOf: (id: string) => string): Markup {
  const lines = [
    plugin.source,
    plugin.sampling === undefined ? undefined : describeSampling(plugin.sampling),
    plugin.absent,
  ]
  const several = plugin.scenarios.length > 1
  return html`<h3>${plugin.plugin}</h3>
${lines.map((line) => (line === undefined ? undefined : html`<p class="about">${line}</p>`))}
${plugin.scenarios.map((figures) => {
  const title = scenarios.find(({ scenario }) => scenario === figures.scenario)?.title ?? figures.scenario
  const i = scenarios.findIndex(({ scenario }) => scenario === figures.scenario)
  return html`<div data-scenario="${i}">${several ? html`<h4>${title}</h4>` : undefined}${
    figures.fault === undefined ? undefined : html`<p class="failed">${figures.fault}</p>`
  }${renderMetrics(figures, titleOf)}</div>`
})}`
}

function renderMetrics(figures: Pick<PluginFigures, 'metrics' | 'phases'>, titleOf: (id: string) => string): Markup {
  const phases = PHASES.filter(([name]) => figures.phases?.[name] !== undefined)
  const rows = Object.entries(figures.metrics).map(([id, result]) => {
    const others = phases.map(([name]) => html`<td>${formatMean(figures.phases?.[name] as Metrics, id)}</td>`)
    return html`<tr><th scope="row">${titleOf(id)} <small>${result.unit === '1' ? '' : result.unit}</small></th>${renderResult(result)}${others}</tr>`
  })
  if (rows.length === 0) return html`<p class="about">no figure</p>`
  const head = ['mean', 'min', 'max', ...phases.map(([, title]) => title)]
  return scroll(
    'Figures',
    html`<table><thead><tr><td></td>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`,
  )
}

function renderResult(result: MetricResult): Content {
  if (result.kind === 'absent') return html`<td colspan="3" class="reason">${result.reason}</td>`
  if (result.kind === 'scalar') return html`<td>${formatFigure(result.value)}</td><td></td><td></td>`
  const { mean, min, max } = result.distribution
  return [mean, min, max].map((value) => html`<td>${formatFigure(value)}</td>`)
}

function formatMean(metrics: Metrics | undefined, id: string): string {
  const result = metrics?.[id]
  if (result?.kind === 'scalar') return formatFigure(result.value)
  return formatFigure(result?.kind === 'distribution' ? result.distribution.mean : undefined)
}
