/** Metrics with one number a window: rates and shares. */
import type { MetricDefinition, MetricResult } from '../metric.ts'
import type { Slo, Window } from '../summary.ts'
import type { Totals } from './totals.ts'

export interface RateMetric {
  readonly definition: MetricDefinition
  /** A number, or why there is none. */
  value(totals: Totals, window: Window, slo: readonly Slo[]): number | string
}

type Words = Pick<MetricDefinition, 'id' | 'title' | 'unit' | 'direction' | 'formula' | 'source'>

function define(words: Words): MetricDefinition {
  return { ...words, version: 1, kind: 'scalar' }
}

/** `amount` a second of the measured window. */
function perSecond(amount: number, window: Window): number | string {
  const ms = window.endAt - window.startAt - (window.pausedMs ?? 0)
  return ms > 0 ? (amount * 1000) / ms : 'nothing was sent'
}

const WINDOW = 'from the first sentAt to the last endAt of the window, failures included'

function tokenRate(
  id: string,
  title: string,
  formula: string,
  of: (totals: Totals) => { readonly tokens: number; readonly without: number },
): RateMetric {
  return {
    definition: define({
      id,
      title,
      unit: 'tok/s',
      direction: 'higher',
      formula: `${formula}, over whole answers, / seconds ${WINDOW}`,
      source: 'vllm bench serve token throughput: a ratio of sums, not a mean of the rates of requests',
    }),
    value(totals, window) {
      if (totals.ok === 0) return 'no request succeeded'
      const { tokens, without } = of(totals)
      // A sum that lacks some answers would be a lower bound that looks like a figure.
      return without > 0 ? `${without} of ${totals.ok} answers have no token count` : perSecond(tokens, window)
    },
  }
}

const OUTPUT_TOKENS = tokenRate('output_tok_s', 'output', 'sum of outputTokens', (totals) => ({
  tokens: totals.outputTokens,
  without: totals.withoutOutput,
}))

const INPUT_TOKENS = tokenRate('input_tok_s', 'input', 'sum of inputTokens', (totals) => ({
  tokens: totals.inputTokens,
  without: totals.withoutInput,
}))

const TOTAL_TOKENS = tokenRate('total_tok_s', 'total', 'sum of inputTokens and outputTokens', (totals) => ({
  tokens: totals.inputTokens + totals.outputTokens,
  without: Math.max(totals.withoutInput, totals.withoutOutput),
}))

const REQUESTS: RateMetric = {
  definition: define({
    id: 'req_s',
    title: 'requests',
    unit: 'requests/s',
    direction: 'higher',
    formula: `whole answers / seconds ${WINDOW}`,
    source: 'vllm bench serve request throughput',
  }),
  value: (totals, window) => (totals.ok === 0 ? 'no request succeeded' : perSecond(totals.ok, window)),
}

/** All that the schedule wanted, but for what the user's interrupt cut. */
function wantedOf(totals: Totals): number {
  return totals.requests - totals.interrupted
}

function whyNoGoodput(totals: Totals, slo: readonly Slo[]): string | undefined {
  if (slo.length === 0) return 'no --slo was given'
  return wantedOf(totals) === 0 ? 'no requests' : undefined
}

const GOODPUT: RateMetric = {
  definition: define({
    id: 'goodput',
    title: 'goodput',
    unit: '%',
    direction: 'higher',
    formula: 'answers within every --slo limit / all requests of the window, failed and dropped ones included',
    source: 'DistServe SLO attainment; requests cut by an interrupt are left out',
  }),
  value: (totals, _, slo) => whyNoGoodput(totals, slo) ?? (100 * totals.good) / wantedOf(totals),
}

const GOOD_REQUESTS: RateMetric = {
  definition: define({
    id: 'goodput_req_s',
    title: 'goodput',
    unit: 'requests/s',
    direction: 'higher',
    formula: `answers within every --slo limit / seconds ${WINDOW}`,
    source: 'DistServe; vllm bench serve --goodput',
  }),
  value: (totals, window, slo) => whyNoGoodput(totals, slo) ?? perSecond(totals.good, window),
}

const ERRORS: RateMetric = {
  definition: define({
    id: 'errors',
    title: 'errors',
    unit: '%',
    direction: 'lower',
    formula: 'failed / (ok + failed); dropped requests and those cut by an interrupt are in neither',
    source: 'k6 http_req_failed, with broken streams, timeouts and refused connections',
  }),
  value(totals) {
    const tried = totals.ok + totals.failed
    return tried === 0 ? 'nothing was tried' : (100 * totals.failed) / tried
  },
}

const QUALITY: RateMetric = {
  definition: define({
    id: 'quality',
    title: 'quality',
    unit: '%',
    direction: 'higher',
    formula: 'answers that passed --validate / whole answers',
    source: 'probador pass_rate, with the content looked at and an invalid pattern refused',
  }),
  value: ({ ok, validated, passed }) => {
    if (ok === 0) return 'no request succeeded'
    return validated === 0 ? 'no --validate was given' : (100 * passed) / validated
  },
}

const DROPPED: RateMetric = {
  definition: define({
    id: 'dropped',
    title: 'dropped',
    unit: 'requests',
    direction: 'lower',
    formula: 'requests that were due and never sent',
    source: 'k6 dropped_iterations',
  }),
  value: (totals) => (totals.requests === 0 ? 'no requests' : totals.dropped),
}

const TOKENS_PER_EVENT: RateMetric = {
  definition: define({
    id: 'tokens_per_event',
    title: 'tokens an event',
    unit: 'tokens',
    direction: 'neutral',
    formula: 'sum of outputTokens / events with tokens, over streamed answers that were not counted by their events',
    source: 'own; above 1 an event holds several tokens, and icl is no latency between tokens',
  }),
  value: (totals) =>
    totals.streamedEvents === 0 ? 'tokens were not counted' : totals.streamedTokens / totals.streamedEvents,
}

export const rateMetrics: readonly RateMetric[] = [
  OUTPUT_TOKENS,
  INPUT_TOKENS,
  TOTAL_TOKENS,
  REQUESTS,
  GOODPUT,
  GOOD_REQUESTS,
  ERRORS,
  QUALITY,
  DROPPED,
  TOKENS_PER_EVENT,
]

export function rateResult(metric: RateMetric, totals: Totals, window: Window, slo: readonly Slo[]): MetricResult {
  const { unit } = metric.definition
  const value = metric.value(totals, window, slo)
  return typeof value === 'number' ? { kind: 'scalar', unit, value } : { kind: 'absent', unit, reason: value }
}
