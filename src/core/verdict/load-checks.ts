/** Was it the load that was asked for, and did it come to rest? */

import type { Finding } from '../limit.ts'
import { medianOf, trendChange, trendScore } from '../stats/stationarity.ts'
import { type ClientLine, linesWithin } from './client-log.ts'
import { distributionOf, scalarOf } from './figures.ts'
import { type Case, type Check, percent, round } from './finding.ts'
import { findSteady, LEAST_BATCHES, levelOf, usableBatches } from './steady.ts'

/** Two-sided p < 0.001. */
const TREND_SCORE = 3.29
/** A change that no clock of ours should be asked about. */
const LEAST_CHANGE_MS = 2
const LEAST_SENDS = 20
const LEAST_SPAN_MS = 1000

/** Poisson noise of a count is its root; four of them are no noise. */
const NOISE = 4

function isAtOneRate({ evidence: { scenario } }: Case): boolean {
  return scenario.load?.kind === 'open' && scenario.load.ratePerSecond !== undefined
}

/** Nothing that was asked for in steps or ramps is held against the server. */
function isSteadyLoad(of: Case): boolean {
  return of.evidence.scenario.load?.kind === 'closed' || isAtOneRate(of)
}

const rate: Check = (of) => {
  const { due, sent, firstDueAt, lastDueAt, lastSentAt } = of.evidence
  const spanMs = lastDueAt - firstDueAt
  if (of.evidence.scenario.load?.kind !== 'open' || due < LEAST_SENDS || sent < 2 || spanMs < LEAST_SPAN_MS) return []
  const wanted = ((due - 1) * 1000) / spanMs
  const sending = ((sent - 1) * 1000) / Math.max(spanMs, lastSentAt - firstDueAt)
  const served = servedRate(of)
  const achieved = Math.min(sending, served ?? sending)
  const figure = percent(achieved, wanted)
  const message = `${round(wanted)} requests/s were asked for, ${round(achieved)}/s were reached`
  return [{ code: 'rate-unreached', figure: Math.min(100, figure), message }]
}

/**
 * Answers that ended in a window as long as the schedule, begun when the first answers could have ended. Only where the time
 * from due to end grows over the run: in a run that comes to rest every request that is sent is served at the rate of sending.
 */
function servedRate(of: Case): number | undefined {
  const { ends, firstDueAt, lastDueAt } = of.evidence
  const list = usableBatches(of.evidence)
  if (list.length < LEAST_BATCHES || !isAtOneRate(of)) return undefined
  const waits = list.map(({ dueSum, answers }) => dueSum / answers)
  if (trendScore(waits) < TREND_SCORE || trendChange(waits) < medianOf(waits) / 2) return undefined
  const idleMs = Math.min(...waits)
  const ended = ends.between(firstDueAt + idleMs, lastDueAt + idleMs)
  return ended === undefined ? undefined : (ended.answers * 1000) / ended.ms
}

const permits: Check = ({ evidence }) => {
  const { scenario, held, due } = evidence
  if (scenario.load?.kind !== 'open' || due < LEAST_SENDS) return []
  const figure = percent(held, due)
  return [
    {
      code: 'permit-wait',
      figure,
      message: `${figure} % of the requests waited for others to end before they were sent`,
    },
  ]
}

const dropped: Check = ({ summary, evidence }) => {
  const count = scalarOf(summary, 'dropped')
  if (count === undefined || evidence.due === 0) return []
  const figure = percent(count, evidence.due)
  return [{ code: 'dropped', figure, message: `${count} of ${evidence.due} requests were due and never sent` }]
}

const drained: Check = ({ summary, evidence }) => {
  const count = summary.counts.byReason['aborted/drain'] ?? 0
  if (evidence.due === 0) return []
  const figure = percent(count, evidence.due)
  return [
    { code: 'drain-cut', figure, message: `${count} of ${evidence.due} requests had not ended when the drain did` },
  ]
}

const failed: Check = ({ summary }) => {
  const share = scalarOf(summary, 'errors')
  if (share === undefined) return []
  return [{ code: 'errors', figure: round(share), message: `${round(share)} % of the requests failed` }]
}

const inFlight: Check = (of) => {
  const { evidence, summary, lines } = of
  const stay = distributionOf(summary, 'e2e')?.mean
  if (!isAtOneRate(of) || stay === undefined) return []
  // The loop fills in one stay; after the last request was due it runs empty.
  const window = { startAt: evidence.firstSentAt + stay, endAt: evidence.lastDueAt }
  const means = meanInFlight(linesWithin(lines, window), stay)
  if (means.length < LEAST_BATCHES) return []
  const usual = medianOf(means)
  const change = trendChange(means)
  if (usual <= 0 || trendScore(means) < TREND_SCORE || change < NOISE * Math.sqrt(usual)) return []
  const figure = percent(change, usual)
  return [
    { code: 'in-flight-trend', figure, message: `requests in flight grew by ${figure} % of their median over the run` },
  ]
}

/** Over stretches of at least one stay each: what is in flight is the same requests for so long. */
function meanInFlight(lines: readonly ClientLine[], stayMs: number): number[] {
  const means: number[] = []
  let ms = 0
  let sum = 0
  for (const line of lines) {
    ms += line.ms
    sum += line.inFlight * line.ms
    if (ms < stayMs) continue
    means.push(sum / ms)
    ms = 0
    sum = 0
  }
  return means
}

const stationary: Check = (of) => {
  const list = findSteady(of.evidence)?.kept ?? usableBatches(of.evidence)
  if (!isSteadyLoad(of) || list.length < LEAST_BATCHES) return []
  const levels = list.map(levelOf)
  const change = trendChange(levels)
  if (Math.abs(trendScore(levels)) < TREND_SCORE || Math.abs(change) < LEAST_CHANGE_MS) return []
  const figure = percent(Math.abs(change), medianOf(levels))
  const message = `TTFT ${change > 0 ? 'grew' : 'fell'} by ${figure} % of its median over the run`
  return [{ code: 'ttft-trend', figure, message }]
}

const answers: Check = ({ summary }) => {
  const count = summary.counts.byOutcome.ok ?? 0
  const message = `${count} whole ${count === 1 ? 'answer' : 'answers'} of ${summary.counts.requests} requests`
  return [count === 0 ? { code: 'no-answers', figure: 0, message } : { code: 'few-answers', figure: count, message }]
}

export const loadChecks: readonly Check[] = [rate, permits, dropped, drained, failed, inFlight, stationary, answers]

/** A first part that differs by so much is worth a warm-up. */
const WARMUP_SHARE = 0.2
const WARMUP_ERRORS = 3

/** Advice where the first part of the run differs from the steady one. */
export function adviseWarmup(of: Case): readonly Finding[] {
  const steady = findSteady(of.evidence)
  if (steady === undefined || steady.skipped.length === 0 || !isSteadyLoad(of)) return []
  const kept = steady.kept.map(levelOf)
  const mean = meanOf(kept)
  const difference = meanOf(steady.skipped.map(levelOf)) - mean
  const deviation = Math.sqrt(meanOf(kept.map((level) => (level - mean) ** 2)))
  const error = deviation / Math.sqrt(steady.skipped.length)
  if (Math.abs(difference) < Math.max(LEAST_CHANGE_MS, WARMUP_SHARE * mean, WARMUP_ERRORS * error)) return []
  const count = steady.skipped.reduce((sum, batch) => sum + batch.answers, 0)
  const figure = percent(Math.abs(difference), mean)
  const word = difference > 0 ? 'slower' : 'quicker'
  return [
    { code: 'warm-up', figure, message: `the first ${count} requests were ${figure} % ${word} than the steady part` },
  ]
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
