import type { OkRecord, RequestRecord } from '../record.ts'
import type { Window } from '../summary.ts'
import type { Timings } from './timings.ts'

/** Plain sums over the records of a window. */
export interface Totals {
  requests: number
  ok: number
  /** Neither `ok`, dropped nor interrupted. */
  failed: number
  /** Due and never sent. */
  dropped: number
  /** Cut, or not sent, because the user interrupted the run. */
  interrupted: number
  /** Answers that met every limit. */
  good: number
  outputTokens: number
  inputTokens: number
  /** Answers without a count. */
  withoutOutput: number
  withoutInput: number
  /** Of streamed answers whose output was counted by something better than their events. */
  streamedTokens: number
  streamedEvents: number
  /** Over records that were sent; infinite while there is none. */
  firstSentAt: number
  lastEndAt: number
  firstDueAt: number
  /** Answers that were judged (`--validate`), and those of them that passed. */
  validated: number
  passed: number
  /** Between repetitions. */
  pausedMs: number
}

export function emptyTotals(): Totals {
  return {
    requests: 0,
    ok: 0,
    failed: 0,
    dropped: 0,
    interrupted: 0,
    good: 0,
    outputTokens: 0,
    inputTokens: 0,
    withoutOutput: 0,
    withoutInput: 0,
    streamedTokens: 0,
    streamedEvents: 0,
    firstSentAt: Number.POSITIVE_INFINITY,
    lastEndAt: Number.NEGATIVE_INFINITY,
    firstDueAt: Number.POSITIVE_INFINITY,
    validated: 0,
    passed: 0,
    pausedMs: 0,
  }
}

/** Whether the user's interrupt, and nothing else, kept the request from its end. */
function wasInterrupted(record: RequestRecord): boolean {
  return (record.outcome === 'aborted' || record.outcome === 'dropped') && record.reason === 'interrupted'
}

/** What the fold knows of a whole answer. */
export interface Answer {
  readonly timings: Timings
  readonly good: boolean
}

export function addToTotals(totals: Totals, record: RequestRecord): void {
  totals.requests++
  totals.firstDueAt = Math.min(totals.firstDueAt, record.dueAt)
  if ('sentAt' in record && record.sentAt !== undefined) {
    totals.firstSentAt = Math.min(totals.firstSentAt, record.sentAt)
    totals.lastEndAt = Math.max(totals.lastEndAt, record.endAt)
  }
  if (record.outcome === 'ok') totals.ok++
  else if (wasInterrupted(record)) totals.interrupted++
  else if (record.outcome === 'dropped') totals.dropped++
  else totals.failed++
}

export function addAnswerToTotals(totals: Totals, record: OkRecord, answer: Answer): void {
  if (answer.good) totals.good++
  if (record.quality !== undefined) totals.validated++
  if (record.quality === 'passed') totals.passed++
  if (record.outputTokens === undefined) totals.withoutOutput++
  else totals.outputTokens += record.outputTokens
  if (record.inputTokens === undefined) totals.withoutInput++
  else totals.inputTokens += record.inputTokens
  if (!answer.timings.streamed || record.outputTokens === undefined || record.tokenSource === 'chunks') return
  totals.streamedTokens += record.outputTokens
  totals.streamedEvents += answer.timings.gapsMs.length + 1
}

export function mergeTotals(totals: Totals, other: Totals): void {
  totals.requests += other.requests
  totals.ok += other.ok
  totals.failed += other.failed
  totals.dropped += other.dropped
  totals.interrupted += other.interrupted
  totals.good += other.good
  totals.validated += other.validated
  totals.passed += other.passed
  totals.outputTokens += other.outputTokens
  totals.inputTokens += other.inputTokens
  totals.withoutOutput += other.withoutOutput
  totals.withoutInput += other.withoutInput
  totals.streamedTokens += other.streamedTokens
  totals.streamedEvents += other.streamedEvents
  totals.firstSentAt = Math.min(totals.firstSentAt, other.firstSentAt)
  totals.lastEndAt = Math.max(totals.lastEndAt, other.lastEndAt)
  totals.firstDueAt = Math.min(totals.firstDueAt, other.firstDueAt)
}

/** Joins the totals of a later repetition: what lies between the two is a pause. */
export function appendTotals(totals: Totals, later: Totals): void {
  const before = windowOf(totals)
  const after = windowOf(later)
  mergeTotals(totals, later)
  if (before.endAt > 0 && after.startAt > before.endAt) totals.pausedMs += after.startAt - before.endAt
}

/**
 * The measured window: from the first sending to the last end, over all records that were sent, failures included. Time
 * in which the server was asked and did not answer well is part of it.
 */
export function windowOf(totals: Totals): Window {
  const startAt = Number.isFinite(totals.firstSentAt) ? totals.firstSentAt : totals.firstDueAt
  if (!Number.isFinite(startAt)) return { name: 'measure', startAt: 0, endAt: 0 }
  const { pausedMs } = totals
  return {
    name: 'measure',
    startAt,
    endAt: Math.max(startAt, totals.lastEndAt),
    ...(pausedMs === 0 ? {} : { pausedMs }),
  }
}
