/** One scenario, or one repetition of it, over time: a fold of its records in bounded memory. */
import { readTimings } from '../../metrics/timings.ts'
import type { RequestRecord } from '../../record.ts'
import { createHistogram, type Histogram } from '../../stats/histogram.ts'
import { type Bins, createBins } from './bins.ts'

export interface Stretch {
  add(record: RequestRecord): void
  /** In so many bins at most; undefined when there was no record. */
  result(mostBins: number): StretchResult | undefined
}

export interface StretchResult {
  /** ms since the run's origin: the first request due, and the last end. */
  readonly startAt: number
  readonly endAt: number
  readonly widthMs: number
  readonly bins: readonly (readonly [startAt: number, bin: StretchBin])[]
}

export interface StretchBin {
  /** Of the answers sent in it, ms. */
  ttft?: Histogram
  /** Of the tokens that came in it, ms. */
  itl?: Histogram
  outputTokens: number
  ended: number
  failed: number
  /** Requests open, times ms. */
  openMs: number
  /** Requests due and not yet sent, times ms. */
  waitingMs: number
}

/** So many requests in the mean stand behind one place of a line. */
const REQUESTS_A_BIN = 4
const FEWEST_BINS = 60

export function createStretch(mostBins: number): Stretch {
  const bins = createBins(mostBins, emptyBin, mergeBins)
  let startAt = Number.POSITIVE_INFINITY
  let endAt = Number.NEGATIVE_INFINITY
  let records = 0

  return {
    add(record) {
      const { dueAt } = record
      records++
      startAt = Math.min(startAt, dueAt)
      endAt = Math.max(endAt, record.endAt)
      const sentAt = 'sentAt' in record ? record.sentAt : undefined
      addSpan(bins, dueAt, sentAt ?? record.endAt, 'waitingMs')
      if (sentAt !== undefined) addSpan(bins, sentAt, record.endAt, 'openMs')
      const last = bins.at(record.endAt)
      if (record.outcome === 'ok') last.ended++
      else last.failed++
      if (record.outcome === 'ok') addAnswer(bins, record)
    },
    result(most) {
      if (records === 0) return undefined
      bins.fit(Math.min(most, Math.max(FEWEST_BINS, Math.ceil(records / REQUESTS_A_BIN))))
      return { startAt, endAt, widthMs: bins.widthMs, bins: fillGaps(bins) }
    },
  }
}

function addAnswer(bins: Bins<StretchBin>, record: RequestRecord & { readonly outcome: 'ok' }): void {
  const { sentAt } = record
  const { streamed, firstTokenMs, gapsMs, gapTokens } = readTimings(record)
  if (!streamed || firstTokenMs === undefined) {
    bins.at(record.endAt).outputTokens += record.outputTokens ?? 0
    return
  }
  const sent = bins.at(sentAt)
  sent.ttft ??= createHistogram()
  sent.ttft.add(firstTokenMs)
  // Events hold more tokens than one where the server says so, and nobody knows which: each has its share.
  const share = (record.outputTokens ?? 0) / (1 + gapTokens.reduce((sum, tokens) => sum + tokens, 0))
  let at = sentAt + firstTokenMs
  let bin = bins.at(at)
  let binEnd = endOf(bins, at)
  bin.outputTokens += share
  for (let i = 0; i < gapsMs.length; i++) {
    at += gapsMs[i]!
    // Most events fall into the bin of the one before, and there are a hundred times as many of them as of requests.
    if (at >= binEnd) {
      bin = bins.at(at)
      binEnd = endOf(bins, at)
    }
    const tokens = gapTokens[i]!
    bin.outputTokens += share * tokens
    bin.itl ??= createHistogram()
    bin.itl.add(gapsMs[i]! / tokens, tokens)
  }
}

function endOf({ widthMs }: Bins<StretchBin>, instant: number): number {
  return (Math.floor(instant / widthMs) + 1) * widthMs
}

/** Shares a span of time out to the bins that it crosses. */
function addSpan(bins: Bins<StretchBin>, from: number, to: number, member: 'openMs' | 'waitingMs'): void {
  if (!(to > from)) return
  // Both ends first: from here on no bin becomes wider.
  bins.at(to)
  bins.at(from)
  for (let at = from; at < to; ) {
    const next = Math.min(to, endOf(bins, at))
    bins.at(at)[member] += next - at
    at = next
  }
}

/** What nothing happened in is a step, too. */
function fillGaps(bins: Bins<StretchBin>): [startAt: number, bin: StretchBin][] {
  const { widthMs } = bins
  return bins.list().flatMap(([startAt, bin], i, all) => {
    const next = all[i + 1]?.[0] ?? startAt + widthMs
    const steps = Math.round((next - startAt) / widthMs)
    return Array.from({ length: steps }, (_, step): [startAt: number, bin: StretchBin] => [
      startAt + step * widthMs,
      step === 0 ? bin : emptyBin(),
    ])
  })
}

/** One with what all hold; they stay as they are. */
export function joinBins(bins: readonly StretchBin[]): StretchBin {
  const joined = emptyBin()
  for (const { ttft: _, itl: __, ...counts } of bins) mergeBins(joined, counts)
  return joined
}

function emptyBin(): StretchBin {
  return { outputTokens: 0, ended: 0, failed: 0, openMs: 0, waitingMs: 0 }
}

function mergeBins(into: StretchBin, from: StretchBin): void {
  for (const name of ['ttft', 'itl'] as const) {
    if (into[name] === undefined) {
      if (from[name] !== undefined) into[name] = from[name]
    } else if (from[name] !== undefined) into[name].merge(from[name])
  }
  for (const name of ['outputTokens', 'ended', 'failed', 'openMs', 'waitingMs'] as const) into[name] += from[name]
}
