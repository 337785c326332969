/** Why tools disagree on a run: each sentence is computed from its records, and stands only where their figures differ. */

import type { Distribution, MetricResult } from '../metric.ts'
import { PROFILE_NAMES, type ProfileMetricId, type ProfileName, type ProfileResults } from '../profile.ts'
import { formatFigure } from '../report/text.ts'
import type { Evidence } from './evidence.ts'

export type SideBySide = Readonly<Record<ProfileName, ProfileResults>>

export interface Explanation {
  readonly metric: ProfileMetricId
  /** What differs, or why. */
  readonly kind: 'difference' | 'reason'
  /** Whose figures the sentence is about. */
  readonly profiles: readonly ProfileName[]
  readonly text: string
}

/** Figures that differ by less are the same for whoever reads them. */
const NOTICEABLE = 0.005

export const EXPLAINED: readonly ProfileMetricId[] = [
  'ttft',
  'itl',
  'tpot',
  'e2e',
  'output_tok_s',
  'total_tok_s',
  'req_s',
]

/** In the order of {@link EXPLAINED}; nothing for a metric on which all agree. What explains several is said at the first. */
export function explain(figures: SideBySide, evidence: Evidence): Explanation[] {
  const said = new Set<string>()
  return EXPLAINED.flatMap((metric) => {
    const spread = spreadOf(figures, metric)
    if (spread === undefined || spread.ratio < NOTICEABLE) return []
    const reasons = RULES.filter((rule) => rule.metrics.includes(metric))
      .flatMap((rule) => toExplanation(rule, metric, figures, evidence))
      .filter(({ text }) => !said.has(text))
    for (const { text } of reasons) said.add(text)
    return [describeSpread(metric, spread), ...reasons]
  })
}

/** Metrics that several tools have, and in which they agree. */
export function listAgreed(figures: SideBySide): ProfileMetricId[] {
  return EXPLAINED.filter((metric) => {
    const spread = spreadOf(figures, metric)
    return spread !== undefined && spread.ratio < NOTICEABLE
  })
}

interface Spread {
  readonly low: number
  readonly high: number
  readonly lowest: readonly ProfileName[]
  readonly highest: readonly ProfileName[]
  /** Of the higher one. */
  readonly ratio: number
  readonly statistic: string
  readonly unit: string
}

/** The statistic in which tools differ most: mean, p50 or p99. */
function spreadOf(figures: SideBySide, metric: ProfileMetricId): Spread | undefined {
  const spreads = (['p50', 'mean', 'p99'] as const).flatMap((statistic) => {
    const values = PROFILE_NAMES.flatMap((name) => {
      const value = statisticOf(figures[name][metric], statistic)
      return value === undefined ? [] : [{ name, value }]
    })
    if (values.length < 2) return []
    const low = Math.min(...values.map(({ value }) => value))
    const high = Math.max(...values.map(({ value }) => value))
    const near = (goal: number): ProfileName[] =>
      values.filter(({ value }) => Math.abs(value - goal) <= NOTICEABLE * high).map(({ name }) => name)
    const unit = figures[values[0]!.name][metric].unit
    const ratio = high === 0 ? 0 : (high - low) / high
    return [{ low, high, lowest: near(low), highest: near(high), ratio, statistic, unit }]
  })
  const differing = spreads.find(({ ratio }) => ratio >= NOTICEABLE)
  return differing ?? spreads[0]
}

/** undefined where it was not measured. A rate is its own mean, and has no quantiles. */
export function statisticOf(result: MetricResult, statistic: 'mean' | 'p50' | 'p99'): number | undefined {
  if (result.kind === 'scalar') return statistic === 'mean' ? result.value : undefined
  if (result.kind === 'absent') return undefined
  return statistic === 'mean' ? result.distribution.mean : result.distribution.quantiles[statistic]
}

const LABELS: Readonly<Record<ProfileMetricId, string>> = {
  ttft: 'TTFT',
  icl: 'chunk gap',
  itl: 'ITL',
  tpot: 'TPOT',
  e2e: 'e2e',
  req_s: 'requests/s',
  output_tok_s: 'output tok/s',
  total_tok_s: 'total tok/s',
}

export function labelOf(metric: ProfileMetricId): string {
  return LABELS[metric]
}

function describeSpread(metric: ProfileMetricId, spread: Spread): Explanation {
  const { low, high, lowest, highest, statistic } = spread
  const unit = spread.unit === 'ms' ? ' ms' : ''
  const shown = unit === '' ? LABELS[metric] : `${LABELS[metric]} ${statistic}`
  return {
    metric,
    kind: 'difference',
    profiles: [...lowest, ...highest],
    text: `${shown} is ${formatFigure(low)}${unit} for ${join(lowest)} and ${formatFigure(high)}${unit} for ${join(highest)}.`,
  }
}

interface Rule {
  readonly metrics: readonly ProfileMetricId[]
  readonly profiles: readonly ProfileName[]
  /** undefined where it makes no difference on this run. */
  say(evidence: Evidence, figures: SideBySide, metric: ProfileMetricId): string | undefined
}

function toExplanation(rule: Rule, metric: ProfileMetricId, figures: SideBySide, evidence: Evidence): Explanation[] {
  const text = rule.say(evidence, figures, metric)
  return text === undefined ? [] : [{ metric, kind: 'reason', profiles: rule.profiles, text }]
}

const OTHERS: readonly ProfileName[] = PROFILE_NAMES.filter((name) => name !== 'inferbench')

/** Whether so many milliseconds an answer change a figure so that one would notice. */
function matters(ms: number, figures: SideBySide, metric: ProfileMetricId): boolean {
  const mean = statisticOf(figures.inferbench[metric], 'mean')
  return mean === undefined || ms >= NOTICEABLE * mean
}

/** Output tokens of a mean answer. */
function lengthOf({ tokens, counted }: Evidence): number {
  return counted === 0 ? 0 : tokens / counted
}

/** Tokens of a mean event; 1 where nobody counted. */
function tokensPerEvent({ tokens, events }: Evidence): number {
  return events === 0 ? 1 : tokens / events
}

/** One rule for each thing that tools treat differently. */
const RULES: readonly Rule[] = [
  {
    metrics: ['ttft', 'tpot'],
    profiles: ['vllm'],
    say: ({ early, earlyMs, streamed }, _, metric) => {
      if (early === 0) return undefined
      const seen = `${share(early, streamed)} began with a message without a token, ${formatFigure(earlyMs / early)} ms before the first token`
      return metric === 'ttft'
        ? `vllm takes the first message with choices for the first token: ${seen}.`
        : `vllm counts decoding from the first message with choices on: ${seen}.`
    },
  },
  {
    metrics: ['itl'],
    profiles: ['vllm'],
    say: ({ silent, withToken, early, earlyMs }, figures) => {
      if (silent === 0) return undefined
      const max = distributionOf(figures.vllm.itl)?.max
      const lead =
        early === 0
          ? ''
          : `; the first token follows such a message after ${formatFigure(earlyMs / early)} ms, which vllm takes for a gap (its longest is ${formatFigure(max)} ms)`
      return `vllm takes a gap before each message with choices, of which ${formatFigure(silent / withToken)} an answer carry no token${lead}.`
    },
  },
  {
    metrics: ['ttft', 'tpot', 'itl'],
    profiles: ['probar'],
    say: ({ reasoned, reasonedMs, streamed }) =>
      reasoned === 0
        ? undefined
        : `probar sees visible text only: in ${share(reasoned, streamed)} it comes ${formatFigure(reasonedMs / reasoned)} ms after the first token, which is reasoning or a tool call.`,
  },
  {
    metrics: ['ttft'],
    profiles: ['sglang', 'probar'],
    say: ({ calledFirst, streamed }) =>
      calledFirst === 0
        ? undefined
        : `sglang and probar take no tool call for a token: ${share(calledFirst, streamed)} began with one.`,
  },
  {
    metrics: ['ttft'],
    profiles: ['guidellm', 'sglang'],
    say: ({ mute, streamed }) =>
      mute === 0
        ? undefined
        : `guidellm and sglang count 0 ms for an answer without a token: ${share(mute, streamed)}.`,
  },
  {
    metrics: ['ttft', 'e2e'],
    profiles: OTHERS,
    say: ({ connected, connectMs, answers }, figures, metric) =>
      connected === 0 || !matters(connectMs / answers, figures, metric)
        ? undefined
        : `All but inferbench start their clock before the connection is made: ${share(connected, answers)} opened one, which took ${formatFigure(connectMs / connected)} ms.`,
  },
  {
    metrics: ['ttft', 'e2e'],
    profiles: ['guidellm'],
    say: (_, figures, metric) => {
      const [step, between] = [figures.guidellm, figures.sglang].map((results) => distributionOf(results[metric]))
      if (step === undefined || between === undefined || isNear(step.quantiles.p99, between.quantiles.p99))
        return undefined
      if (!isNear(step.mean, between.mean)) return undefined
      return `guidellm's percentiles are values that occurred, those of the others lie between two: of ${step.count} answers p99 is ${formatFigure(step.quantiles.p99)} ms to it and ${formatFigure(between.quantiles.p99)} ms to sglang.`
    },
  },
  {
    metrics: ['itl'],
    profiles: ['inferbench', 'vllm', 'sglang'],
    say: (evidence, figures) => {
      const each = tokensPerEvent(evidence)
      if (each < 1.05) return undefined
      const ours = formatFigure(statisticOf(figures.inferbench.itl, 'p50'))
      const theirs = formatFigure(statisticOf(figures.vllm.itl, 'p50'))
      const known =
        evidence.spread > 0
          ? `inferbench shares it out among them (p50 ${ours} ms)`
          : `so does inferbench (p50 ${ours} ms), since no message says how many it carries; TPOT is right all the same`
      return `A message carries ${formatFigure(each)} tokens: vllm and sglang take the gap before it for one token's (vllm p50 ${theirs} ms), ${known}.`
    },
  },
  {
    metrics: ['itl'],
    profiles: ['inferbench', 'vllm', 'sglang'],
    say: ({ gaps, zeroGaps }) => {
      const zero = gaps === 0 ? 0 : (100 * zeroGaps) / gaps
      return zero < 1
        ? undefined
        : `${formatFigure(zero)} % of the gaps are 0 ms, because several messages came in one piece of the network; only means an answer hide that.`
    },
  },
  {
    metrics: ['itl'],
    profiles: ['aiperf', 'guidellm', 'probar'],
    say: (_, figures) => {
      const gaps = distributionOf(figures.sglang.itl)
      const means = distributionOf(figures.aiperf.itl) ?? distributionOf(figures.probar.itl)
      if (gaps === undefined || means === undefined || isNear(gaps.quantiles.p99, means.quantiles.p99)) return undefined
      return `aiperf, guidellm and probar keep one mean an answer, ${means.count} values in which single gaps vanish (p99 ${formatFigure(means.quantiles.p99)} ms); inferbench, vllm and sglang keep the gaps (p99 of ${gaps.count} is ${formatFigure(gaps.quantiles.p99)} ms).`
    },
  },
  {
    metrics: ['tpot'],
    profiles: ['guidellm'],
    say: (evidence, figures) => {
      const length = lengthOf(evidence)
      if (evidence.withToken === 0 || length === 0) return undefined
      const ttft = evidence.ttftMs / evidence.withToken
      const all = formatFigure(statisticOf(figures.guidellm.tpot, 'mean'))
      return `guidellm divides the time from the start by all tokens: of its mean of ${all} ms, ${formatFigure(ttft / length)} ms are the TTFT (${formatFigure(ttft)} ms over ${formatFigure(length)} tokens).`
    },
  },
  {
    metrics: ['tpot', 'itl'],
    profiles: ['probar'],
    say: (evidence) => {
      const each = tokensPerEvent(evidence)
      return each < 1.05
        ? undefined
        : `probar divides by chunks where others divide by tokens: a chunk carries ${formatFigure(each)} of them.`
    },
  },
  {
    metrics: ['e2e', 'tpot'],
    profiles: ['guidellm', 'sglang', 'probar'],
    say: (evidence, figures, metric) => {
      const { tailMs, withToken } = evidence
      if (withToken === 0) return undefined
      const tail = tailMs / withToken
      const effect = metric === 'e2e' ? tail : tail / Math.max(1, lengthOf(evidence) - 1)
      if (!matters(effect, figures, metric)) return undefined
      return metric === 'e2e'
        ? `guidellm, sglang and probar wait for the end of the answer, which comes ${formatFigure(tail)} ms after the last token; inferbench and aiperf do not.`
        : `sglang counts up to the end of the answer, which comes ${formatFigure(tail)} ms after the last token.`
    },
  },
  {
    metrics: ['e2e', 'tpot'],
    profiles: ['vllm'],
    say: (evidence, figures, metric) => {
      const { finished, finishMs, streamed } = evidence
      const effect = streamed === 0 ? 0 : finishMs / streamed
      const each = metric === 'e2e' ? effect : effect / Math.max(1, lengthOf(evidence) - 1)
      if (finished === 0 || !matters(each, figures, metric)) return undefined
      return `vllm waits for the last message with choices: in ${share(finished, streamed)} it comes ${formatFigure(finishMs / finished)} ms after the last token.`
    },
  },
  {
    metrics: ['output_tok_s', 'tpot'],
    profiles: ['guidellm', 'sglang', 'probar'],
    say: ({ answers, counted }) =>
      counted === answers
        ? undefined
        : `The server counted the tokens of ${counted} of ${answers} answers: for the others sglang takes the length that was asked for, guidellm and probar the number of messages.`,
  },
  {
    metrics: ['total_tok_s'],
    profiles: ['sglang'],
    say: ({ askedTokens, inputTokens, withInput }) =>
      withInput === 0 || isNear(askedTokens, inputTokens)
        ? undefined
        : `sglang adds the prompts' lengths as they were asked for, ${formatFigure(askedTokens / withInput)} tokens each, others as the server counted them, ${formatFigure(inputTokens / withInput)}.`,
  },
  {
    metrics: ['output_tok_s', 'total_tok_s', 'req_s'],
    profiles: ['aiperf'],
    say: (_, figures, metric) => {
      const whole = statisticOf(figures.vllm[metric], 'mean')
      const short = statisticOf(figures.aiperf[metric], 'mean')
      if (whole === undefined || short === undefined || isNear(whole, short)) return undefined
      return `aiperf's clock runs from the first start to the last content of an answer, ${formatFigure((1 - whole / short) * 100)} % shorter than that of the others, which runs to the last end, failures included.`
    },
  },
]

function isNear(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined || Math.abs(a - b) <= NOTICEABLE * Math.max(Math.abs(a), Math.abs(b))
}

function distributionOf(result: MetricResult): Distribution | undefined {
  return result.kind === 'distribution' ? result.distribution : undefined
}

/** `all 128 answers`, `3 of 128 answers`; no space in a number, at which a line could break. */
function share(count: number, all: number): string {
  return count === all ? `all ${all} answers` : `${count} of ${all} answers`
}

function join(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? 'nobody') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
