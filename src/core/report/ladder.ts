/** What a calibration looks like: a line a load, a picture, and up to where the client can be trusted. */
import type { CalibrationRow, ErrorQuantiles } from '../calibration.ts'
import { formatError, formatFigure, groupDigits } from './text.ts'

const FIGURE_WIDTH = 6
const LOAD_WIDTHS = [7, 4, 9] as const
const CPU_WIDTH = 6

/** Two lines; at most 80 columns, as each line of {@link renderLadderRow}. */
export function renderLadderHead(): string[] {
  const groups = ['first event, ms', 'gaps between events, ms'].map((title) => title.padStart(4 * FIGURE_WIDTH))
  const names = ['p50', 'p90', 'p99', 'max'].map((name) => name.padStart(FIGURE_WIDTH)).join('')
  const load = ['streams', 'gap', 'events/s'].map((name, place) => name.padStart(LOAD_WIDTHS[place]!)).join('')
  return [
    `${' '.repeat(load.length)}${groups.join('')}${'sends'.padStart(FIGURE_WIDTH)}`,
    `${load}${names}${names}${'p99'.padStart(FIGURE_WIDTH)}${'CPU'.padStart(CPU_WIDTH)}`,
  ]
}

export function renderLadderRow(row: CalibrationRow): string {
  const load = [
    groupDigits(row.streams),
    formatFigure(row.gapMs).replace(/\.0+$/, ''),
    groupDigits(row.eventsPerSecond),
  ]
  const cells = [
    ...load.map((text, place) => text.padStart(LOAD_WIDTHS[place]!)),
    ...[...listQuantiles(row.firstEvent), ...listQuantiles(row.gaps), row.sendLateness.p99].map((ms) =>
      formatError(ms).padStart(FIGURE_WIDTH),
    ),
    (row.cpu === undefined ? '-' : `${Math.round(100 * row.cpu)} %`).padStart(CPU_WIDTH),
  ]
  return `${cells.join('')}${row.serverLimited ? '\n  the server, or a busy machine, did not keep its schedule here' : ''}`
}

function listQuantiles({ p50, p90, p99, max }: ErrorQuantiles): number[] {
  return [p50, p90, p99, max]
}

/** Decades of the picture's scale, ms. */
const LEAST = -2
const MOST = 3
const DECADE_WIDTH = 10

/** p99 errors on a scale of decades; the limit of 1 ms is a line. */
export function renderLadderPicture(rows: readonly CalibrationRow[]): string[] {
  const titles = rows.map((row) => `${groupDigits(row.streams)} x ${groupDigits(row.eventsPerSecond)}/s`)
  const width = Math.max(12, ...titles.map((title) => title.length))
  const decades = Array.from({ length: MOST - LEAST + 1 }, (_, place) => String(10 ** (LEAST + place)))
  const axis = decades.map((label) => label.padEnd(DECADE_WIDTH)).join('')
  return [
    `${'p99 error, ms'.padEnd(width + 7)}${axis.trimEnd()}`,
    ...rows.flatMap((row, place) => [
      `${titles[place]!.padEnd(width)} first ${drawBar(row.firstEvent.p99)}`,
      `${' '.repeat(width)}  gaps ${drawBar(row.gaps.p99)}`,
    ]),
  ]
}

function drawBar(ms: number): string {
  const limit = -LEAST * DECADE_WIDTH
  const place = Math.round((Math.log10(Math.max(ms, Number.MIN_VALUE)) - LEAST) * DECADE_WIDTH)
  const length = Math.min((MOST - LEAST) * DECADE_WIDTH, Math.max(1, place))
  const bar = '='.repeat(length)
  return length > limit ? bar : `${bar.padEnd(limit)}|`
}

/** What {@link renderTruthCheck} shows; the engine's `TruthCheck` is one. */
export interface CheckedTruth {
  readonly error: {
    readonly requests: number
    readonly meanTtftMs: number
    readonly firstEvent: ErrorQuantiles
    readonly allEvents: ErrorQuantiles
    readonly gaps: ErrorQuantiles
  }
  readonly clock: { readonly offsetMs: number; readonly uncertaintyMs: number }
  readonly missing: number
  readonly uneven: number
}

/** The errors of one run against a log. */
export function renderTruthCheck({ error, clock, missing, uneven }: CheckedTruth): string[] {
  const lost = [
    ...(missing === 0 ? [] : [`${groupDigits(missing)} not in the log`]),
    ...(uneven === 0 ? [] : [`${groupDigits(uneven)} with another number of events there`]),
  ]
  const row = (name: string, quantiles: ErrorQuantiles): string =>
    name.padEnd(14) +
    listQuantiles(quantiles)
      .map((ms) => ms.toFixed(3).padStart(10))
      .join('')
  return [
    `${groupDigits(error.requests)} answers compared${lost.length === 0 ? '' : `; ${lost.join(', ')}`}`,
    describeOffset(clock),
    '',
    `${'error, ms'.padEnd(14)}${['p50', 'p90', 'p99', 'max'].map((name) => name.padStart(10)).join('')}`,
    row('first event', error.firstEvent),
    row('all events', error.allEvents),
    row('gaps', error.gaps),
    '',
    `mean TTFT as we report it less the true one: ${error.meanTtftMs.toFixed(3)} ms`,
  ]
}

/** Beyond this the two clocks have nothing to do with each other: one counts from its start. */
const UNRELATED_MS = 86_400_000

function describeOffset({ offsetMs, uncertaintyMs }: CheckedTruth['clock']): string {
  if (uncertaintyMs < 0)
    return `the clocks drift: their bounds contradict each other by ${(-2 * uncertaintyMs).toFixed(3)} ms`
  const within = `known to ${uncertaintyMs.toFixed(3)} ms either way`
  if (Math.abs(offsetMs) > UNRELATED_MS)
    return `the log's clock counts from another origin than the wall's; aligned, ${within}`
  return `the log's clock is ${Math.abs(offsetMs).toFixed(3)} ms ${offsetMs < 0 ? 'behind' : 'ahead of'} ours; ${within}`
}
