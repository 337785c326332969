/** Requests as swim lanes: what each waited for, from when it was due to its end. */
import type { EventLog, RequestRecord } from '../../record.ts'
import { formatDuration } from '../../units.ts'
import { formatFigure, groupDigits } from '../text.ts'
import { type Content, html, type Markup } from './markup.ts'
import { tookMs } from './slowest.ts'

const SPANS = [
  ['wait', 'due, not yet sent'],
  ['connect', 'connecting'],
  ['headers', 'sent, no answer yet'],
  ['first', 'headers, no token yet'],
  ['tokens', 'tokens'],
  ['tail', 'last token to end'],
] as const

type SpanName = (typeof SPANS)[number][0]

interface LaneSpan {
  readonly name: SpanName
  readonly fromMs: number
  readonly toMs: number
}

/** Width of a lane in its own units; its height is one row. */
const WIDTH = 1000
const HEIGHT = 12
/** More ticks than this are one colour. */
const MOST_TICKS = 250

export function renderLegendOfLanes(): Markup {
  const items = SPANS.map(([name, words]) => html`<li><i class="swatch lane-${name}"></i>${words}</li>`)
  return html`<ul class="legend">${items}<li><i class="swatch lane-mark"></i>token</li></ul>`
}

/** All on one axis, that of the slowest. `first`: how many are seen at once; the others are a click away. */
export function renderLanes(records: readonly RequestRecord[], titleId: string, first: number): Markup {
  const longest = Math.max(1, ...records.map(tookMs))
  const rest = records.slice(first)
  return html`<div class="scroll" role="region" aria-labelledby="${titleId}" tabindex="0">${renderTable(records.slice(0, first), longest)}${
    rest.length === 0
      ? undefined
      : html`<details><summary>${rest.length} more</summary>${renderTable(rest, longest)}</details>`
  }</div>`
}

function renderTable(records: readonly RequestRecord[], longest: number): Markup {
  return html`<table class="lanes">
<thead><tr><th scope="col">request</th><th scope="col">due at</th><th scope="col">TTFT <small>ms</small></th><th scope="col">total <small>ms</small></th>
<th scope="col" class="lane-head"><span>0</span><span>${formatDuration(longest)} after it was due</span></th></tr></thead>
<tbody>${records.map((record) => renderRow(record, longest))}</tbody></table>`
}

function renderRow(record: RequestRecord, longest: number): Markup {
  const spans = listSpans(record)
  const first = spans.find(({ name }) => name === 'tokens')
  const sentMs = 'sentAt' in record && record.sentAt !== undefined ? record.sentAt - record.dueAt : undefined
  const ttft = first === undefined || sentMs === undefined ? undefined : first.fromMs - sentMs
  const told = spans.map(
    ({ name, fromMs, toMs }) => `${SPANS.find(([one]) => one === name)![1]} ${formatFigure(toMs - fromMs)} ms`,
  )
  const run = record.run === undefined ? '' : `run ${record.run}, `
  return html`<tr><th scope="row" title="${record.id}">${run}${groupDigits(record.n)}${renderOutcome(record)}</th><td>${formatFigure(record.dueAt / 1000)} <small>s</small></td><td>${formatFigure(ttft)}</td><td>${formatFigure(tookMs(record))}</td>
<td class="lane">${renderLane(record, spans, longest, told.join(', '))}</td></tr>`
}

function renderOutcome(record: RequestRecord): Content {
  if (record.outcome === 'ok') return undefined
  return html` <em class="failed">${record.outcome}/${record.reason}</em>`
}

function renderLane(record: RequestRecord, spans: readonly LaneSpan[], longest: number, told: string): Markup {
  const scale = (ms: number): number => Math.round((10 * WIDTH * ms) / longest) / 10
  const bars = spans.map(
    ({ name, fromMs, toMs }) =>
      html`<rect class="lane-${name}" x="${scale(fromMs)}" width="${Math.max(0.5, scale(toMs) - scale(fromMs))}" y="2" height="${HEIGHT - 4}"/>`,
  )
  const ticks = 'events' in record && record.events !== undefined ? drawTicks(record, record.events, scale) : ''
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${told}"><title>${told}</title>${bars}${
    ticks === '' ? undefined : html`<path class="lane-mark" d="${ticks}"/>`
  }</svg>`
}

function drawTicks(record: RequestRecord, events: EventLog, scale: (ms: number) => number): string {
  const places: number[] = []
  let at = 'sentAt' in record ? record.sentAt! - record.dueAt : 0
  for (const [i, us] of events.us.entries()) {
    at += us / 1000
    if (events.kind[i] === 'o') continue
    const place = Math.round(scale(at))
    if (places.at(-1) !== place) places.push(place)
  }
  return places.length > MOST_TICKS ? '' : places.map((place) => `M${place} 0v${HEIGHT}`).join('')
}

/** What is known of a request, end to end; ms since it was due. */
function listSpans(record: RequestRecord): LaneSpan[] {
  const since = (at: number): number => at - record.dueAt
  const end = since(record.endAt)
  const connect = 'connect' in record ? record.connect : undefined
  const edges: [name: SpanName, fromMs: number][] = [['wait', 0]]
  if (connect !== undefined) edges.push(['connect', since(connect.startAt)])
  if ('sentAt' in record && record.sentAt !== undefined) {
    edges.push(['headers', since(record.sentAt)])
    if ('headersAt' in record && record.headersAt !== undefined) edges.push(['first', since(record.headersAt)])
    if ('events' in record && record.events !== undefined) {
      const tokens = findTokens(record.events)
      if (tokens !== undefined) {
        edges.push(['tokens', since(record.sentAt) + tokens.firstMs])
        edges.push(['tail', since(record.sentAt) + tokens.lastMs])
      }
    }
  }
  return edges.flatMap(([name, fromMs], i) => {
    const toMs = edges[i + 1]?.[1] ?? end
    return toMs > fromMs ? [{ name, fromMs, toMs }] : []
  })
}

/** ms since the request was sent. */
function findTokens({ us, kind }: EventLog): { readonly firstMs: number; readonly lastMs: number } | undefined {
  let at = 0
  let first: number | undefined
  let last = 0
  for (const [i, gap] of us.entries()) {
    at += gap
    if (kind[i] === 'o') continue
    first ??= at
    last = at
  }
  return first === undefined ? undefined : { firstMs: first / 1000, lastMs: last / 1000 }
}
