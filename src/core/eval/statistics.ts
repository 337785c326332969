/** Is a difference between two servers on the same documents more than chance? */
import { makeRandom } from '../stats/random.ts'

export interface PairedTest {
  readonly method: 'mcnemar' | 'paired-bootstrap'
  readonly pairs: number
  /** Mean of candidate - reference. */
  readonly difference: number
  /** 95 % interval of it. */
  readonly low: number
  readonly high: number
  /** Two-sided: how likely so large a difference is when both are equally good. */
  readonly p: number
  /** Of right or wrong answers: documents that only the candidate, and that only the reference has right. */
  readonly gained?: number
  readonly lost?: number
}

type Pair = readonly [candidate: number, reference: number]

const RESAMPLES = 2_000
const Z_95 = 1.959963984540054

/** McNemar's exact test where all scores are 0 or 1, else a paired bootstrap. undefined without pairs. */
export function testPairs(pairs: readonly Pair[], seed: number): PairedTest | undefined {
  if (pairs.length === 0) return undefined
  const binary = pairs.every((pair) => pair.every((score) => score === 0 || score === 1))
  return binary ? testRightOrWrong(pairs) : testScores(pairs, seed)
}

function testRightOrWrong(pairs: readonly Pair[]): PairedTest {
  const gained = pairs.filter(([candidate, reference]) => candidate > reference).length
  const lost = pairs.filter(([candidate, reference]) => candidate < reference).length
  const difference = (gained - lost) / pairs.length
  return {
    method: 'mcnemar',
    pairs: pairs.length,
    difference,
    ...intervalOfPaired(gained, lost, pairs.length),
    p: exactMcNemar(gained, lost),
    gained,
    lost,
  }
}

/** Twice the smaller tail of a fair coin thrown `gained + lost` times (McNemar 1947, exact form); 1 when the sides agree. */
export function exactMcNemar(gained: number, lost: number): number {
  const throws = gained + lost
  // Each term from the one before, as logarithms: 2^-throws alone is 0 from 1075 throws on.
  let term = -throws * Math.LN2
  let tail = 0
  for (let k = 0; k <= Math.min(gained, lost); k++) {
    tail += Math.exp(term)
    term += Math.log((throws - k) / (k + 1))
  }
  return Math.min(1, 2 * tail)
}

/** Agresti and Min (2005): Wald's interval for paired proportions with half a document added to each of the four cells. */
function intervalOfPaired(gained: number, lost: number, pairs: number): { low: number; high: number } {
  const count = pairs + 2
  const [b, c] = [(gained + 0.5) / count, (lost + 0.5) / count]
  const margin = Z_95 * Math.sqrt((b + c - (b - c) ** 2) / count)
  return { low: Math.max(-1, b - c - margin), high: Math.min(1, b - c + margin) }
}

/** Percentile interval of the mean difference over documents drawn anew (Efron); p from the share of means beyond 0. */
function testScores(pairs: readonly Pair[], seed: number): PairedTest {
  const differences = Float64Array.from(pairs, ([candidate, reference]) => candidate - reference)
  const random = makeRandom(seed, 'paired bootstrap')
  const means = new Float64Array(RESAMPLES)
  for (let round = 0; round < RESAMPLES; round++) {
    let sum = 0
    for (let draw = 0; draw < differences.length; draw++) sum += differences[random.integer(differences.length)]!
    means[round] = sum / differences.length
  }
  means.sort()
  const notAbove = means.filter((mean) => mean <= 0).length
  const notBelow = means.filter((mean) => mean >= 0).length
  return {
    method: 'paired-bootstrap',
    pairs: pairs.length,
    difference: differences.reduce((sum, value) => sum + value, 0) / differences.length,
    low: means[Math.floor(0.025 * (RESAMPLES - 1))]!,
    high: means[Math.ceil(0.975 * (RESAMPLES - 1))]!,
    p: Math.min(1, (2 * (Math.min(notAbove, notBelow) + 1)) / (RESAMPLES + 1)),
  }
}

/** Holm's correction (1979): the same values for one test, larger ones when several are read together. */
export function adjustForMany(values: readonly number[]): readonly number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!)
  const adjusted = [...values]
  let largest = 0
  for (const [rank, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * values[index]!))
    adjusted[index] = largest
  }
  return adjusted
}
