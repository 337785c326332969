/** The figures of a scenario: the table of latencies with the shape of each, and what else was counted. */
import type { Distribution } from '../../metric.ts'
import type { Manifest } from '../../run.ts'
import type { Aggregate, ScenarioSummary } from '../../summary.ts'
import { describeSteady } from '../judgement.ts'
import {
  COLUMNS,
  columnOf,
  describeConduct,
  describeMissing,
  describeReasons,
  describeScenario,
  describeThroughput,
  distributionOf,
  latencyRows,
  scalarOf,
} from '../phrases.ts'
import { describeRepetitions, REPETITION_COLUMNS } from '../repetitions.ts'
import { formatFigure, formatPercent, groupDigits } from '../text.ts'
import { type Content, html, type Markup } from './markup.ts'

type TitleOf = (id: string) => string

export function renderFigures(scenario: ScenarioSummary, manifest: Manifest, titleOf: TitleOf): Markup {
  const lines = [
    ...describeThroughput(scenario),
    ...describeConduct(scenario),
    ...describeSteady(scenario),
    ...describeMissing(scenario, titleOf),
  ]
  const reasons = describeReasons(scenario)
  return html`<p class="what">${describeScenario(scenario, manifest)}</p>
${renderLatencies(scenario, titleOf)}
<ul class="phrases">${lines.map((line) => html`<li>${line}</li>`)}</ul>
${reasons.length === 0 ? undefined : html`<p class="failed">Failures: ${reasons.join(', ')}</p>`}
${renderRepetitions(scenario, titleOf)}`
}

function renderLatencies(scenario: ScenarioSummary, titleOf: TitleOf): Markup | undefined {
  const ids = latencyRows(scenario)
  if (ids.length === 0) return undefined
  const rows = ids.map((id) => {
    const distribution = distributionOf(scenario, id)!
    const unit = scenario.metrics[id]!.unit
    return html`<tr><th scope="row">${titleOf(id)} <small>${unit}</small></th>${COLUMNS.map((name) => html`<td>${formatFigure(columnOf(distribution, name))}</td>`)}<td class="many">${groupDigits(distribution.count)}</td><td class="shape">${drawShape(distribution)}</td></tr>`
  })
  const head = COLUMNS.map((name) => html`<th scope="col">${name}</th>`)
  return scroll(
    'Latencies',
    html`<table><thead><tr><td></td>${head}<th scope="col" class="many">samples</th><th scope="col" class="shape">shape, log</th></tr></thead><tbody>${rows}</tbody></table>`,
  )
}

/** A wide table scrolls by itself, by keyboard too; the page does not. */
export function scroll(label: string, table: Markup): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`
}

const SHAPE_BINS = 48
const SHAPE_HEIGHT = 16

/** What is so many times less than the median is drawn with the least. */
const LONGEST_LEFT = 100

/** Where the samples lie up to the greatest: equal steps of the logarithm. */
function drawShape({ histogram, min: least, max, mean, quantiles }: Distribution): Content {
  const min = Math.max(least, (quantiles.p50 ?? mean) / LONGEST_LEFT)
  if (histogram === undefined || min <= 0 || max <= min) return undefined
  const counts = new Array<number>(SHAPE_BINS).fill(0)
  counts[0] = histogram.zeros
  for (const [i, key] of histogram.keys.entries()) {
    const value = 2 ** (Math.floor(key / 512) - 1023) * (1 + ((key % 512) + 0.5) / 512)
    const place = Math.floor((SHAPE_BINS * Math.log(value / min)) / Math.log(max / min))
    counts[Math.min(SHAPE_BINS - 1, Math.max(0, place))]! += histogram.counts[i]!
  }
  const most = Math.max(...counts)
  const bars = counts.map((count, i) => {
    // One sample among thousands is still there to be seen.
    const height = count === 0 ? 0 : Math.max(1, Math.round((10 * SHAPE_HEIGHT * count) / most) / 10)
    return height === 0 ? '' : `M${2 * i + 1} ${SHAPE_HEIGHT}v-${height}`
  })
  return html`<svg viewBox="0 0 ${2 * SHAPE_BINS} ${SHAPE_HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><path d="${bars.join('')}"/></svg>`
}

/** Each run's value as a dot, on the interval in which the mean lies. */
function renderRepetitions(scenario: ScenarioSummary, titleOf: TitleOf): Markup | undefined {
  const rows = describeRepetitions(scenario, titleOf)
  if (rows.length === 0) return undefined
  const head = REPETITION_COLUMNS.map((name) => html`<th scope="col">${name}</th>`)
  const body = rows.map(({ label, unit, cells, values, aggregate }) => {
    return html`<tr><th scope="row">${label} <small>${unit}</small></th>${cells.map((cell) => html`<td>${cell}</td>`)}<td class="dots">${drawDots(aggregate)}</td><td class="each">${values}</td></tr>`
  })
  return html`<h3>Over ${scenario.runs?.length ?? 0} runs</h3>
${scroll('Over the runs', html`<table><thead><tr><td></td>${head}<th scope="col" class="dots">runs; 95 % of the mean</th><th scope="col" class="each">each</th></tr></thead><tbody>${body}</tbody></table>`)}`
}

const DOTS_WIDTH = 160
const DOTS_HEIGHT = 16

function drawDots({ values, mean, low = mean, high = mean }: Aggregate): Markup | undefined {
  const known = values.filter((value) => value !== null)
  const [least, most] = [Math.min(low, ...known), Math.max(high, ...known)]
  if (known.length === 0 || most === least) return undefined
  const place = (value: number): number => Math.round(4 + ((DOTS_WIDTH - 8) * (value - least)) / (most - least))
  const middle = DOTS_HEIGHT / 2
  return html`<svg viewBox="0 0 ${DOTS_WIDTH} ${DOTS_HEIGHT}" aria-hidden="true"><path d="M${place(low)} ${middle}H${place(high)}M${place(mean)} 3V${DOTS_HEIGHT - 3}"/>${known.map((value) => html`<circle cx="${place(value)}" cy="${middle}" r="2.5"/>`)}</svg>`
}

const OVERVIEW = [
  ['TTFT p50', 'ttft', 'p50'],
  ['p99', 'ttft', 'p99'],
  ['ITL p50', 'itl', 'p50'],
  ['p99', 'itl', 'p99'],
  ['e2e p50', 'e2e', 'p50'],
  ['p99', 'e2e', 'p99'],
] as const

const SCALARS = [
  ['tok/s', 'output_tok_s'],
  ['req/s', 'req_s'],
] as const

/** All scenarios on one page, a line each. */
export function renderOverview(scenarios: readonly ScenarioSummary[]): Markup | undefined {
  if (scenarios.length < 2) return undefined
  const isGood = scenarios.some((scenario) => scalarOf(scenario, 'goodput') !== undefined)
  const head = [
    ...OVERVIEW.map(([title]) => title),
    ...SCALARS.map(([title]) => title),
    ...(isGood ? ['good'] : []),
    'errors',
  ]
  const rows = scenarios.map((scenario) => {
    const cells = [
      ...OVERVIEW.map(([, id, name]) => formatFigure(distributionOf(scenario, id)?.quantiles[name])),
      ...SCALARS.map(([, id]) => formatFigure(scalarOf(scenario, id))),
      ...(isGood ? [formatPercent(scalarOf(scenario, 'goodput'))] : []),
      formatPercent(scalarOf(scenario, 'errors')),
    ]
    return html`<tr><th scope="row">${scenario.title}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`
  })
  return html`<section aria-labelledby="overview"><h2 id="overview">${scenarios.length} scenarios <small>durations in ms</small></h2>
${scroll('Scenarios', html`<table><thead><tr><td></td>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`)}</section>
`
}
