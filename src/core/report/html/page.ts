/** One file that shows a run in a browser, without a network. */
import type { Manifest } from '../../run.ts'
import type { Summary } from '../../summary.ts'
import { describeNotes, titlesOf } from '../phrases.ts'
import { describeSweep, listSweepRows } from '../sweep.ts'
import { renderChart } from './chart.ts'
import type { ChartData, PageData, Phase, Span } from './data.ts'
import { toSeconds } from './data.ts'
import { renderFacts } from './facts.ts'
import { renderFigures, renderOverview, scroll } from './figures.ts'
import { renderLanes, renderLegendOfLanes } from './lanes.ts'
import { type Content, escapeJson, html, type Markup, trust } from './markup.ts'
import { drawPercentiles } from './percentiles.ts'
import type { SlowestFold } from './slowest.ts'
import { drawSweepCharts } from './sweep.ts'
import { renderVerdict } from './verdict.ts'
import { renderWatched } from './watched.ts'

/** What a build made of `src/report-page`. */
export interface PageAssets {
  readonly script: string
  readonly style: string
}

export interface PageContent {
  readonly manifest: Manifest
  readonly summary: Summary
  /** The run was cut off. */
  readonly cut: boolean
  /** Over the time of the run. */
  readonly timeline: readonly ChartData[]
  readonly slowest: SlowestFold
}

/** HTML that loads nothing: its policy allows its own script and style, by their hashes, and nothing else. */
export async function renderPage(content: PageContent, { script, style }: PageAssets): Promise<string> {
  const { manifest, summary, cut, timeline } = content
  const data = describePage(content)
  const policy = [
    "default-src 'none'",
    `script-src ${await hashSource(script)}`,
    `style-src ${await hashSource(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const title = `${summary.verdict.status}: ${manifest.target.model}, ${manifest.id}`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trust(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${trust(style)}</style>
</head>
<body>
<header class="top"><div><p class="brand">inferbench</p><h1>${manifest.target.model}</h1><p class="about">run ${manifest.id}</p></div>
<button type="button" id="theme">theme: auto</button></header>
<main>
${renderVerdict(summary, manifest, cut)}<section aria-label="Facts">${renderFacts(summary, manifest)}</section>
${renderOverview(summary.scenarios)}${renderSweep(summary, manifest, data.sweep)}${renderSelector(summary)}${renderScenarios(summary, manifest)}
<section class="timeline" aria-labelledby="time"><h2 id="time">Over time</h2>
<ul class="legend hint"><li><i class="swatch phase-idle"></i>idle</li><li><i class="swatch phase-warmup"></i>warm-up</li><li><i class="swatch phase-measure"></i>measured</li><li>seconds since the run began; drag to zoom, double click for the whole</li></ul>
<div id="ruler" aria-hidden="true"></div>
<div class="strips">${timeline.map(renderChart)}</div></section>
<section aria-labelledby="percentiles"><h2 id="percentiles">By percentile</h2>
<div class="pairs">${data.percentiles.map(renderChart)}</div></section>
${renderSlowest(content)}${renderWatched(summary)}${renderNotes(summary, manifest)}
</main>
<footer><p>Made by inferbench ${manifest.tool.version} from the log of the run; nothing in it is loaded from elsewhere. Charts: uPlot, MIT.</p></footer>
<noscript><p>Charts need scripts; the figures above do not.</p></noscript>
<script type="application/json" id="data">${escapeJson(data)}</script>
<script>${trust(script)}</script>
</body>
</html>
`.markup
}

/** As a source of a Content-Security-Policy. */
async function hashSource(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`
}

function describePage({ manifest, summary, timeline }: PageContent): PageData {
  const phases = listPhases(manifest)
  const places = timeline.flatMap(({ x }) => (x.length === 0 ? [] : [x[0]!, x.at(-1)!]))
  const ends = [...places, ...phases.flatMap(({ from, to }) => [from, to])]
  const run = ends.length === 0 ? { from: 0, to: 1 } : { from: Math.min(...ends), to: Math.max(...ends) }
  const sweep =
    summary.sweep === undefined || manifest.sweep === undefined ? [] : drawSweepCharts(summary.sweep, manifest.sweep)
  const scenarios = summary.scenarios.map(({ scenario, title }) => ({
    title,
    ...spanOf(manifest.scenarios.find(({ name }) => name === scenario)?.windows, run),
  }))
  return { scenarios, run, phases, timeline, percentiles: drawPercentiles(summary), sweep }
}

/** All windows of a scenario, repetitions included; the whole run where there are none. */
function spanOf(windows: readonly { readonly startAt: number; readonly endAt: number }[] | undefined, run: Span): Span {
  if (windows === undefined || windows.length === 0) return run
  return {
    from: toSeconds(Math.min(...windows.map(({ startAt }) => startAt))),
    to: toSeconds(Math.max(...windows.map(({ endAt }) => endAt))),
  }
}

function listPhases({ scenarios, idle = [] }: Manifest): Phase[] {
  const phases = [
    ...idle.map(
      ({ startAt, endAt }): Phase => ({ kind: 'idle', label: 'idle', from: toSeconds(startAt), to: toSeconds(endAt) }),
    ),
    ...scenarios.flatMap(({ title, windows = [] }) =>
      windows.map(({ name, run, startAt, endAt }): Phase => {
        const kind = name === 'warmup' ? 'warmup' : 'measure'
        const label = kind === 'warmup' ? 'warm-up' : run === undefined ? title : `${title}, run ${run}`
        return { kind, label, from: toSeconds(startAt), to: toSeconds(endAt) }
      }),
    ),
  ]
  return phases.sort((a, b) => a.from - b.from)
}

function renderSelector({ scenarios }: Summary): Markup | undefined {
  if (scenarios.length < 2) return undefined
  const options = scenarios.map(({ title }, i) => html`<option value="${i}">${title}</option>`)
  return html`<nav aria-label="Scenario"><label for="scenario">Scenario</label> <select id="scenario"><option value="">all</option>${options}</select></nav>
`
}

function renderScenarios({ scenarios, ...summary }: Summary, manifest: Manifest): Content {
  const titleOf = titlesOf({ scenarios, ...summary })
  return scenarios.map(
    (
      scenario,
      i,
    ) => html`<section data-scenario="${i}" aria-labelledby="figures-${i}"><h2 id="figures-${i}">${scenarios.length === 1 ? 'Figures' : scenario.title}</h2>
${renderFigures(scenario, manifest, titleOf)}</section>
`,
  )
}

function renderSweep(
  { sweep, scenarios }: Summary,
  { sweep: rules }: Manifest,
  charts: readonly ChartData[],
): Markup | undefined {
  if (sweep === undefined || rules === undefined) return undefined
  const { head, rows } = listSweepRows(sweep, rules)
  const lines = describeSweep(sweep, rules, scenarios[0]?.slo ?? [])
  const body = rows.map(
    ([load, ...cells]) => html`<tr><th scope="row">${load}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )
  return html`<section aria-labelledby="sweep"><h2 id="sweep">Sweep</h2>
<ul class="plain">${lines.map((line) => html`<li>${line}</li>`)}</ul>
<div class="pairs">${charts.map(renderChart)}</div>
${scroll('Levels', html`<table><thead><tr>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${body}</tbody></table>`)}</section>
`
}

/** Lanes that are seen at once, of all scenarios together and of one at least. */
const LANES_SEEN = 16
const FEWEST_SEEN = 4

function renderSlowest({ summary, slowest }: PageContent): Markup {
  const first = Math.max(FEWEST_SEEN, Math.floor(LANES_SEEN / Math.max(1, summary.scenarios.length)))
  const blocks = summary.scenarios.map(({ scenario, title }, i) => {
    const records = slowest.of(scenario)
    const heading = `slowest-${i}`
    const several = summary.scenarios.length > 1
    return html`<div data-scenario="${i}">${several ? html`<h3 id="${heading}">${title}</h3>` : undefined}${
      records.length === 0
        ? html`<p class="empty">Not drawn: no request was measured.</p>`
        : renderLanes(records, several ? heading : 'slowest', first)
    }</div>`
  })
  return html`<section aria-labelledby="slowest"><h2 id="slowest">The slowest requests</h2>
${renderLegendOfLanes()}${blocks}</section>
`
}

function renderNotes(summary: Summary, manifest: Manifest): Markup | undefined {
  const notes = describeNotes(manifest, summary.scenarios)
  if (notes.length === 0) return undefined
  return html`<section aria-labelledby="notes"><h2 id="notes">Notes</h2><ul class="plain">${notes.map((note) => html`<li>${note}</li>`)}</ul></section>
`
}
