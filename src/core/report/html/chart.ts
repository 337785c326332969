/** Where a chart goes: its title, its lines and what it says in words; the page's script draws it. */
import { formatFigure } from '../text.ts'
import type { ChartData, LineData } from './data.ts'
import { html, type Markup } from './markup.ts'

export function renderChart(chart: ChartData): Markup {
  const { id, title, unit, about, lines, empty } = chart
  const log = chart.scale === 'log' && lines.length > 0 ? ', log' : ''
  const head = html`<h3 id="${id}-title">${title} <small>${unit}${log}</small></h3>${about === undefined ? undefined : html`<p class="about">${about}</p>`}`
  if (lines.length === 0) {
    return html`<figure class="chart empty" id="${id}"><figcaption>${head}</figcaption><p>Not drawn: ${empty ?? 'nothing was measured'}.</p></figure>
`
  }
  return html`<figure class="chart" id="${id}"><figcaption>${head}<ul class="legend readout"></ul></figcaption>
<div class="plot" role="img" tabindex="0" aria-labelledby="${id}-title" aria-describedby="${id}-words"></div>
<p class="words" id="${id}-words">${lines.map((line) => describeLine(line, unit)).join('; ')}. Arrow keys move the cursor.</p>
<details><summary>table<span class="words"> of ${title}</span></summary></details></figure>
`
}

/** `p50 from 41.2 to 60.3 ms` */
function describeLine({ label, values }: LineData, unit: string): string {
  const known = values.filter((value) => value !== null)
  const span = `from ${formatFigure(Math.min(...known))} to ${formatFigure(Math.max(...known))} ${unit}`
  return label === '' ? span : `${label} ${span}`
}
