/** The script of a report's page: draws what the page holds as data. Runs in a browser, without a network. */
import type { ChartData, PageData } from '../core/report/html/data.ts'
import { loadAxis, percentileAxis, timeAxis } from './axes.ts'
import { type DrawnChart, drawChart } from './chart.ts'
import { drawRuler } from './ruler.ts'
import { fillTable } from './table.ts'
import { preparePrint, prepareTheme } from './theme.ts'

const data = JSON.parse(document.getElementById('data')!.textContent ?? '') as PageData
const drawn: DrawnChart[] = []

const isDrawn = ({ lines }: ChartData): boolean => lines.length > 0
const timed = data.timeline.filter(isDrawn)
const whole = data.run

function draw(charts: readonly ChartData[], axis: Parameters<typeof drawChart>[1]): void {
  for (const chart of charts.filter(isDrawn)) {
    const figure = document.getElementById(chart.id)!
    drawn.push(drawChart(chart, axis, figure))
    const details = figure.querySelector('details')!
    details.addEventListener('toggle', () => fillTable(details, chart, axis), { once: true })
  }
}

const ruler = timed.length === 0 ? undefined : drawRuler(document.getElementById('ruler')!, data.phases, whole)
if (ruler !== undefined) drawn.push(ruler)
draw(timed, timeAxis(data.phases, whole))
draw(data.percentiles, percentileAxis)
for (const chart of data.sweep) draw([chart], loadAxis(chart.x))

const selector = document.getElementById('scenario')
if (selector instanceof HTMLSelectElement) {
  selector.addEventListener('change', () => choose(selector.value === '' ? undefined : Number(selector.value)))
}

/** Shows what is about one scenario, on its own stretch of time; undefined: all. */
function choose(scenario: number | undefined): void {
  for (const part of document.querySelectorAll<HTMLElement>('[data-scenario]')) {
    part.hidden = scenario !== undefined && part.dataset.scenario !== String(scenario)
  }
  const { from, to } = scenario === undefined ? whole : data.scenarios[scenario]!
  for (const chart of drawn) chart.choose(scenario, { from, to })
}

function redraw(): void {
  for (const chart of drawn) chart.redraw()
}

prepareTheme(redraw)
preparePrint(drawn)
document.documentElement.dataset.drawn = String(drawn.length)
