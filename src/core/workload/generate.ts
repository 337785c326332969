/** Data sets made of nothing: prompts of words, with lengths of a given distribution. */
import { makeRandom, type Random } from '../stats/random.ts'
import { WORDS } from './words.ts'

export type LengthDistribution = 'lognormal' | 'normal'

export interface LengthPlan {
  readonly mean: number
  readonly deviation: number
}

export interface DatasetPlan {
  readonly distribution: LengthDistribution
  readonly input: LengthPlan
  readonly output: LengthPlan
  readonly seed: number
}

export interface GeneratedRow {
  readonly messages: readonly [{ readonly role: 'user'; readonly content: string }]
  readonly max_tokens: number
  /** As aimed at: common words are one token each in most vocabularies. */
  readonly input_tokens: number
}

/** Row `n` (from 0). Pure; rows that follow each other differ from their first word on. */
export function generateRow(plan: DatasetPlan, n: number): GeneratedRow {
  const random = makeRandom(plan.seed, 'generated data set', n)
  const tokens = drawFrom(plan.distribution, plan.input, random)
  return {
    messages: [{ role: 'user', content: writeWords(n, tokens, random) }],
    max_tokens: drawFrom(plan.distribution, plan.output, random),
    input_tokens: tokens,
  }
}

/** At least 1. A log-normal one has the mean and the deviation that are asked for; a normal one is cut off below 1. */
function drawFrom(distribution: LengthDistribution, { mean, deviation }: LengthPlan, random: Random): number {
  if (distribution === 'normal') return Math.max(1, Math.round(mean + deviation * random.normal()))
  const variance = Math.log(1 + (deviation / mean) ** 2)
  return Math.max(1, Math.round(Math.exp(Math.log(mean) - variance / 2 + Math.sqrt(variance) * random.normal())))
}

function writeWords(n: number, count: number, random: Random): string {
  const first = WORDS[n % WORDS.length]!
  return [first, ...Array.from({ length: count - 1 }, () => WORDS[random.integer(WORDS.length)]!)].join(' ')
}

/** As many words as asked for, the same in rotation: what probador writes. */
export function rotateWords(count: number): string {
  return Array.from({ length: count }, (_, at) => WORDS[at % 30]!).join(' ')
}
