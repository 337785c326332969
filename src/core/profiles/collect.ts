/** What the folds of all profiles are made of. */
import type { MetricResult } from '../metric.ts'
import type { ProfileMetricId, ProfileResults } from '../profile.ts'
import { createDistribution, type DistributionCollector, EXACT_SAMPLES } from '../stats/distribution.ts'
import { NUMPY_QUANTILES, type QuantileRule } from '../stats/quantile.ts'

export const UNITS: Readonly<Record<ProfileMetricId, string>> = {
  ttft: 'ms',
  icl: 'ms',
  itl: 'ms',
  tpot: 'ms',
  e2e: 'ms',
  req_s: 'requests/s',
  output_tok_s: 'tok/s',
  total_tok_s: 'tok/s',
}

/** Quantiles as most tools print them: of any sample, however small. */
export function collect(rule: QuantileRule = NUMPY_QUANTILES): DistributionCollector {
  return createDistribution(EXACT_SAMPLES, rule)
}

/** From the first start to the last end: what tools divide by. Of repetitions, each by itself: they know no pause between. */
export class Span {
  private readonly runs = new Map<number, { startAt: number; endAt: number }>()

  add(startAt: number | undefined, endAt: number, run = 0): void {
    if (startAt === undefined) return
    const seen = this.runs.get(run)
    if (seen === undefined) this.runs.set(run, { startAt, endAt })
    else {
      seen.startAt = Math.min(seen.startAt, startAt)
      seen.endAt = Math.max(seen.endAt, endAt)
    }
  }

  /** undefined where nothing was sent, or all at one instant. */
  get seconds(): number | undefined {
    const ms = [...this.runs.values()].reduce((sum, { startAt, endAt }) => sum + endAt - startAt, 0)
    return ms > 0 ? ms / 1000 : undefined
  }
}

/** A sum that lacks some answers is no sum: counted tokens, and how many answers nobody counted. */
export class TokenSum {
  sum = 0
  private without = 0

  add(tokens: number | undefined): void {
    if (tokens === undefined) this.without++
    else this.sum += tokens
  }

  /** A rate, or why there is none; `reason` ends a sentence that begins `of 3 of 8 answers`. */
  rate(answers: number, seconds: number | undefined, reason: string): number | string {
    if (answers === 0) return 'no request succeeded'
    if (this.without > 0) return `of ${this.without} of ${answers} answers ${reason}`
    return seconds === undefined ? 'nothing was sent' : this.sum / seconds
  }

  plus(other: TokenSum): TokenSum {
    const both = new TokenSum()
    both.sum = this.sum + other.sum
    both.without = Math.max(this.without, other.without)
    return both
  }
}

type Figures = Readonly<Record<ProfileMetricId, DistributionCollector | number | string>>

/** A collector without samples is absent with `whenEmpty`; a text is the reason for which there is no number. */
export function toResults(figures: Figures, whenEmpty: string): ProfileResults {
  return Object.fromEntries(
    Object.entries(figures).map(([id, figure]) => [id, toResult(UNITS[id as ProfileMetricId], figure, whenEmpty)]),
  ) as unknown as ProfileResults
}

function toResult(unit: string, figure: DistributionCollector | number | string, whenEmpty: string): MetricResult {
  if (typeof figure === 'number') return { kind: 'scalar', unit, value: figure }
  if (typeof figure === 'string') return { kind: 'absent', unit, reason: figure }
  const distribution = figure.result()
  if (distribution === undefined) return { kind: 'absent', unit, reason: whenEmpty }
  return { kind: 'distribution', unit, distribution }
}

/** Each gap between neighbours. */
export function addGaps(gaps: DistributionCollector, instants: readonly number[]): void {
  for (let place = 1; place < instants.length; place++) gaps.add(toMicros(instants[place]! - instants[place - 1]!))
}

/** Instants have whole microseconds; so have their differences, without float dust. */
export function toMicros(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
