/** How far our stamps are from what a truth server really sent: its log joined with our records by request id. */
import type { RequestRecord } from '../record.ts'

/** One answer as the server sent it, ms of its own monotonic clock. */
export interface TruthAnswer {
  /** When the whole request had been read. */
  readonly arrivedAt: number
  /** Right before each event was written. */
  readonly sentAt: readonly number[]
}

/** Errors in ms: client's stamp less the server's, with the constant offset of the two clocks taken out. */
export interface ErrorQuantiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export interface InstrumentError {
  readonly requests: number
  /** Answers in one log only, or with another number of events. */
  readonly unmatched: number
  /** Mean TTFT as we report it less the true one, from the server's reading of the request to its first event. */
  readonly meanTtftMs: number
  readonly firstEvent: ErrorQuantiles
  readonly allEvents: ErrorQuantiles
  /** Absolute error of the gaps between events. */
  readonly gaps: ErrorQuantiles
}

const nanosPerMs = 1e6
/** What the fastest event is taken to need over loopback: the clocks are aligned so that it does. */
const leastTransitMs = 0.03

/** Reads lines of `id arrival count instant...` in nanoseconds. Unknown or cut lines are left out. */
export function parseTruthLog(text: string): Map<string, TruthAnswer> {
  const answers = new Map<string, TruthAnswer>()
  for (const line of text.split('\n')) {
    const [id, arrived, count, ...instants] = line.split(' ')
    if (id === undefined || count === undefined || instants.length !== Number(count)) continue
    answers.set(id, {
      arrivedAt: Number(arrived) / nanosPerMs,
      sentAt: instants.map((instant) => Number(instant) / nanosPerMs),
    })
  }
  return answers
}

/** undefined when no record of an answer is in the log. */
export function measureInstrumentError(
  records: Iterable<RequestRecord>,
  truths: ReadonlyMap<string, TruthAnswer>,
): InstrumentError | undefined {
  const firsts: number[] = []
  const events: number[] = []
  const gaps: number[] = []
  const ttfts: number[] = []
  let unmatched = 0
  for (const record of records) {
    if (record.phase !== 'measure') continue
    const truth = truths.get(record.id)
    const stamps = record.outcome === 'ok' ? stampsOf(record) : []
    if (record.outcome !== 'ok' || truth === undefined || stamps.length !== truth.sentAt.length) {
      unmatched++
      continue
    }
    const errors = stamps.map((at, place) => at - truth.sentAt[place]!)
    firsts.push(errors[0]!)
    for (const [place, error] of errors.entries()) {
      events.push(error)
      if (place > 0) gaps.push(Math.abs(error - errors[place - 1]!))
    }
    ttfts.push(stamps[0]! - record.sentAt - (truth.sentAt[0]! - truth.arrivedAt))
  }
  if (firsts.length === 0) return undefined
  const offset = events.reduce((least, error) => Math.min(least, error), Number.POSITIVE_INFINITY) - leastTransitMs
  return {
    requests: firsts.length,
    unmatched,
    meanTtftMs: ttfts.reduce((sum, error) => sum + error, 0) / ttfts.length,
    firstEvent: quantiles(firsts.map((error) => error - offset)),
    allEvents: quantiles(events.map((error) => error - offset)),
    gaps: quantiles(gaps),
  }
}

function stampsOf(record: RequestRecord & { readonly outcome: 'ok' }): number[] {
  const stamps: number[] = []
  let at = record.sentAt
  for (const [place, micros] of record.events.us.entries()) {
    at += micros / 1000
    if (record.events.kind[place] !== 'o') stamps.push(at)
  }
  return stamps
}

function quantiles(values: number[]): ErrorQuantiles {
  values.sort((a, b) => a - b)
  const pick = (share: number): number => values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0
  return { p50: pick(0.5), p90: pick(0.9), p99: pick(0.99), max: pick(1) }
}

/** How late the server itself was: each event's instant less the one that its schedule gives it, ms. */
export function measureServerLateness(
  truths: ReadonlyMap<string, TruthAnswer>,
  firstMs: number,
  gapMs: number,
): ErrorQuantiles {
  const late: number[] = []
  for (const { arrivedAt, sentAt } of truths.values()) {
    for (const [place, at] of sentAt.entries()) late.push(at - (arrivedAt + firstMs + place * gapMs))
  }
  return quantiles(late)
}
