/** Are the answers what they seem to be? */
import { countNames } from './evidence.ts'
import { distributionOf } from './figures.ts'
import { BUSY_QUANTILE, type Check, percent, quantileOf, round } from './finding.ts'

/** A share of fewer answers is no share. */
const LEAST_ANSWERS = 5
/** Late by this part of an answer, a client may find all of its events waiting. */
const BLIND_PART = 0.25

/** To a client that reads late, answers come in one piece, too: that accuses nobody else. */
const buffered: Check = ({ evidence: { streams, buffered: count }, lines, summary }) => {
  if (streams < LEAST_ANSWERS) return []
  const figure = percent(count, streams)
  const message = `${figure} % of the streamed answers came in one piece`
  const tookMs = distributionOf(summary, 'e2e')?.quantiles.p50
  const late = lines.map(({ timerLateMs }) => timerLateMs)
  const isBlind = tookMs !== undefined && late.length > 0 && quantileOf(late, BUSY_QUANTILE) > tookMs * BLIND_PART
  return [{ code: 'buffered-stream', figure, message, ...(isBlind ? { atMost: 'suspect' as const } : {}) }]
}

const cache: Check = ({ evidence: { cacheTold, promptTokens, unexplainedTokens } }) => {
  if (cacheTold < LEAST_ANSWERS || promptTokens === 0) return []
  const figure = percent(unexplainedTokens, promptTokens)
  return [
    {
      code: 'warm-cache',
      figure,
      message: `${figure} % of the prompt tokens came from a cache that this workload did not fill`,
    },
  ]
}

const pace: Check = ({ summary }) => {
  const ttft = distributionOf(summary, 'ttft')
  const tpot = distributionOf(summary, 'tpot')
  const first = ttft?.quantiles.p50
  const each = tpot?.quantiles.p50
  const prompt = distributionOf(summary, 'input_tokens')?.mean
  const cached = distributionOf(summary, 'cached_tokens')?.mean ?? 0
  const prefill = prompt === undefined || !first ? undefined : ((prompt - cached) * 1000) / first
  return [
    ...(first === undefined || ttft!.count < LEAST_ANSWERS
      ? []
      : [
          {
            code: 'fast-first-token',
            figure: round(first),
            message: `the median first token came after ${round(first)} ms`,
          },
        ]),
    ...(prefill === undefined || ttft!.count < LEAST_ANSWERS
      ? []
      : [{ code: 'fast-prefill', figure: round(prefill), message: `prompts were read at ${round(prefill)} tok/s` }]),
    ...(each === undefined || tpot!.count < LEAST_ANSWERS
      ? []
      : [{ code: 'fast-tokens', figure: round(each), message: `tokens came ${round(each)} ms apart` }]),
  ]
}

const identity: Check = ({ evidence, manifest }) => {
  const models = countNames(evidence.models, manifest.target.model)
  const builds = countNames(evidence.fingerprints, manifest.target.fingerprint)
  return [
    { code: 'model-changed', figure: models, message: `${models} models answered` },
    { code: 'fingerprint-changed', figure: builds, message: `${builds} system fingerprints answered` },
  ]
}

const counts: Check = ({ evidence: { counted, contradictions } }) => {
  if (counted < LEAST_ANSWERS) return []
  const figure = percent(contradictions, counted)
  return [{ code: 'token-counts', figure, message: `${figure} % of the answers have a token count that cannot be` }]
}

const lengths: Check = ({ evidence: { askedTokens, gotTokens, scenario }, manifest, summary }) => {
  // Without force the model ends its answers where it wants.
  if (manifest.options.forceLength === false || askedTokens === 0) return []
  if ((summary.counts.byOutcome.ok ?? 0) < LEAST_ANSWERS || scenario.workload.kind === 'dataset') return []
  const figure = percent(gotTokens, askedTokens)
  return [{ code: 'short-output', figure, message: `answers had ${figure} % of the tokens that were asked for` }]
}

export const answerChecks: readonly Check[] = [buffered, cache, pace, identity, counts, lengths]
