/** How far our stamps are from what a server really sent: its log joined with our records by request id. */
import type { ErrorQuantiles } from '../calibration.ts'
import type { RequestRecord } from '../record.ts'
import type { TruthAnswer, TruthLog } from './truth-log.ts'

/** What we say about one answer, ms since the run's origin. */
export interface StampedAnswer {
  readonly id: string
  readonly sentAt: number
  /** When each event with content arrived. */
  readonly eventsAt: Float64Array
}

/** Both sides of one answer; as many events in each. */
export interface JoinedAnswer {
  readonly ours: StampedAnswer
  readonly truth: TruthAnswer
}

export interface Join {
  readonly answers: readonly JoinedAnswer[]
  /** Ids of ours that the log does not have. */
  readonly missing: number
  /** Answers with another number of events on each side. */
  readonly uneven: number
}

/** The server's clock less ours: what is to be added to our instants. */
export interface ClockOffset {
  readonly offsetMs: number
  /** The offset is surely no further off than this, as long as neither clock drifts. */
  readonly uncertaintyMs: number
}

/** Errors in ms: client's stamp less the server's, with the constant offset of the two clocks taken out. */
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

/** What the fastest event is taken to need over loopback, where that aligns the clocks. */
const LEAST_TRANSIT_MS = 0.03

/** undefined when the record is none of an answer that was measured, or holds no event with content. */
export function readStamps(record: RequestRecord): StampedAnswer | undefined {
  if (record.phase !== 'measure' || record.outcome !== 'ok') return undefined
  const { us, kind } = record.events
  const eventsAt = new Float64Array(us.length)
  let count = 0
  let at = record.sentAt
  for (let place = 0; place < us.length; place++) {
    at += us[place]! / 1000
    if (kind[place] !== 'o') eventsAt[count++] = at
  }
  return count === 0 ? undefined : { id: record.id, sentAt: record.sentAt, eventsAt: eventsAt.subarray(0, count) }
}

export function joinTruth(stamped: Iterable<StampedAnswer>, truths: TruthLog): Join {
  const answers: JoinedAnswer[] = []
  let missing = 0
  let uneven = 0
  for (const ours of stamped) {
    const truth = truths.get(ours.id)
    if (truth === undefined) missing++
    else if (truth.sentAt.length !== ours.eventsAt.length) uneven++
    else answers.push({ ours, truth })
  }
  return { answers, missing, uneven }
}

/**
 * Bounds from both directions: nothing arrives before it was sent. No request was read before we sent it, so the offset is
 * at most the least difference that way; no event came before it was written, so it is at least the greatest that way. The
 * middle is the estimate (RFC 5905, section 8, does the same with one exchange). Bounds that cross, as by clocks that drift,
 * make the uncertainty negative.
 */
export function alignClocks(answers: Iterable<JoinedAnswer>): ClockOffset {
  let atMost = Number.POSITIVE_INFINITY
  let atLeast = Number.NEGATIVE_INFINITY
  for (const { ours, truth } of answers) {
    atMost = Math.min(atMost, truth.arrivedAt - ours.sentAt)
    for (const [place, at] of truth.sentAt.entries()) atLeast = Math.max(atLeast, at - ours.eventsAt[place]!)
  }
  return { offsetMs: (atMost + atLeast) / 2, uncertaintyMs: (atMost - atLeast) / 2 }
}

/** Over loopback the fastest of all events is known to be fast: nearer than bounds that a busy server widens. */
export function alignOverLoopback(answers: Iterable<JoinedAnswer>): ClockOffset {
  const { offsetMs, uncertaintyMs } = alignClocks(answers)
  return { offsetMs: offsetMs - uncertaintyMs + LEAST_TRANSIT_MS, uncertaintyMs: LEAST_TRANSIT_MS }
}

/** undefined when nothing was joined. */
export function measureErrors(
  { answers, missing, uneven }: Join,
  { offsetMs }: ClockOffset,
): InstrumentError | undefined {
  if (answers.length === 0) return undefined
  const total = answers.reduce((sum, { truth }) => sum + truth.sentAt.length, 0)
  const firsts = new Float64Array(answers.length)
  const events = new Float64Array(total)
  const gaps = new Float64Array(total - answers.length)
  let ttftErrors = 0
  let event = 0
  let gap = 0
  for (const [index, { ours, truth }] of answers.entries()) {
    let before = 0
    for (const [place, at] of truth.sentAt.entries()) {
      const error = ours.eventsAt[place]! + offsetMs - at
      events[event++] = error
      if (place === 0) firsts[index] = error
      else gaps[gap++] = Math.abs(error - before)
      before = error
    }
    ttftErrors += ours.eventsAt[0]! - ours.sentAt - (truth.sentAt[0]! - truth.arrivedAt)
  }
  return {
    requests: answers.length,
    unmatched: missing + uneven,
    meanTtftMs: ttftErrors / answers.length,
    firstEvent: errorQuantiles(firsts),
    allEvents: errorQuantiles(events),
    gaps: errorQuantiles(gaps),
  }
}

/** How late the server itself was: each event's instant less the one that its schedule gives it, ms. */
export function measureServerLateness(truths: TruthLog, firstMs: number, gapMs: number): ErrorQuantiles {
  const late: number[] = []
  for (const { arrivedAt, sentAt } of truths.values()) {
    for (const [place, at] of sentAt.entries()) late.push(at - (arrivedAt + firstMs + place * gapMs))
  }
  return errorQuantiles(Float64Array.from(late))
}

/** Sorts in place. Of few values a high quantile is the greatest; of none, 0. */
export function errorQuantiles(values: Float64Array): ErrorQuantiles {
  values.sort()
  const pick = (share: number): number => values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0
  return { p50: pick(0.5), p90: pick(0.9), p99: pick(0.99), max: pick(1) }
}
