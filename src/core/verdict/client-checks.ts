/** Was the client the bottleneck? */
import type { ErrorQuantiles } from '../calibration.ts'
import type { Finding } from '../limit.ts'
import { busiestShare } from './client-log.ts'
import { distributionOf } from './figures.ts'
import { BUSY_QUANTILE, type Case, type Check, percent, quantileOf, round } from './finding.ts'

/** A second of the client's log; less says nothing about a quarter of the time. */
const LEAST_LINES = 4

const cpu: Check = ({ lines, manifest }) => {
  const loadThreads = manifest.clock.threads?.length
  const shares = lines.map((line) => busiestShare(line, loadThreads)).filter((share) => share !== undefined)
  if (shares.length < LEAST_LINES) return []
  const figure = round(100 * quantileOf(shares, BUSY_QUANTILE))
  return [
    { code: 'client-cpu', figure, message: `a thread of the client was ${figure} % busy in a quarter of the time` },
  ]
}

const garbage: Check = ({ lines }) => {
  const pauses = lines.flatMap(({ gcMaxMs }) => gcMaxMs ?? [])
  if (pauses.length === 0) return []
  const figure = round(Math.max(...pauses))
  return [{ code: 'gc-pause', figure, message: `a garbage collection stopped the client for ${figure} ms` }]
}

const timers: Check = ({ lines }) => {
  if (lines.length < LEAST_LINES) return []
  const late = lines.map(({ timerLateMs }) => timerLateMs)
  const usual = round(quantileOf(late, BUSY_QUANTILE))
  const worst = round(quantileOf(late, 1))
  return [
    {
      code: 'timer-lateness',
      figure: usual,
      message: `timers of the client fired ${usual} ms late in a quarter of the time`,
    },
    { code: 'client-stall', figure: worst, message: `the client did not run for ${worst} ms` },
  ]
}

/** Errors below this are as good as none, however short the gaps. */
const LEAST_ERROR_MS = 1

const calibrated: Check = ({ manifest, summary }) => {
  const quote = manifest.calibration?.scenarios[summary.scenario]
  if (quote === undefined || (!quote.covered && quote.reason === 'none')) return []
  if (!quote.covered) {
    const figure = round(quote.load.eventsPerSecond)
    return [
      {
        code: 'beyond-calibration',
        figure,
        message: `no calibrated load reaches ${figure} events/s at ${quote.load.streams} streams`,
      },
    ]
  }
  // Like with like: one late event in a hundred moves the p99, and says nothing about the median.
  const compare = (what: string, errors: ErrorQuantiles, id: string): readonly Finding[] =>
    (['p50', 'p99'] as const).flatMap((name): readonly Finding[] => {
      const measured = distributionOf(summary, id)?.quantiles[name]
      if (measured === undefined || measured <= 0 || errors[name] < LEAST_ERROR_MS) return []
      const figure = percent(errors[name], measured)
      const message = `at this load the instrument errs by ${round(errors[name])} ms (${name}), ${figure} % of the ${name} ${what}`
      return [{ code: 'instrument-error', figure, message }]
    })
  const found = [...compare('TTFT', quote.row.firstEvent, 'ttft'), ...compare('gap', quote.row.gaps, 'icl')]
  return found.sort((a, b) => b.figure - a.figure).slice(0, 1)
}

const LEAST_SENDS = 20

const sending: Check = ({ evidence, summary }) => {
  const late = distributionOf(summary, 'send_late')
  const isOpen = evidence.scenario.load?.kind === 'open'
  // A closed loop has no schedule: what is sent late is late for nobody.
  const p95 = late?.quantiles.p95
  if (!isOpen || p95 === undefined || evidence.sent < LEAST_SENDS) return []
  return [
    { code: 'send-lateness', figure: round(p95), message: `p95 of sends began ${round(p95)} ms after they could` },
  ]
}

const connecting: Check = ({ evidence, summary }) => {
  const first = distributionOf(summary, 'ttft')?.mean ?? distributionOf(summary, 'e2e')?.mean
  if (first === undefined || first <= 0 || evidence.sent < LEAST_SENDS) return []
  const figure = percent(evidence.connectMs / evidence.sent, first)
  return [
    {
      code: 'connection-wait',
      figure,
      message: `making connections took ${figure} % of the time to the first token, before it`,
    },
  ]
}

export const clientChecks: readonly Check[] = [cpu, garbage, timers, calibrated, connecting, sending]

export function adviseCalibration({ manifest, summary }: Case): readonly Finding[] {
  const quote = manifest.calibration?.scenarios[summary.scenario]
  return quote?.covered === false && quote.reason === 'none'
    ? [
        {
          code: 'uncalibrated',
          figure: quote.load.eventsPerSecond,
          message: 'the error of the instrument at this load is not known',
        },
      ]
    : []
}
