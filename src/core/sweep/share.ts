import type { ShareJudgement } from '../sweep.ts'

/** One run of a level. */
export interface Attempt {
  readonly good: number
  readonly requests: number
}

/** Two-sided 99 %: a level is looked at after each of its runs, and five looks together still leave 95 %. */
const Z = 2.5758293035489004

/**
 * Judges the share of good requests over all runs of a level. Wilson's score interval, for as many requests as there would be
 * were they independent: runs of one load that differ by more than chance allows hold less evidence than they have requests.
 */
export function judgeShare(attempts: readonly Attempt[], share: number): ShareJudgement {
  const good = attempts.reduce((sum, one) => sum + one.good, 0)
  const requests = attempts.reduce((sum, one) => sum + one.requests, 0)
  const [low, high] = wilson(good, requests, requests / overdispersion(attempts, good / requests))
  const side = requests > 0 && good / requests >= share ? 'met' : 'missed'
  return { side, sure: side === 'met' ? low >= share : high < share, good, requests, low, high }
}

function wilson(good: number, requests: number, count: number): [low: number, high: number] {
  if (requests === 0) return [0, 1]
  const share = good / requests
  const middle = share + (Z * Z) / (2 * count)
  const reach = Z * Math.sqrt((share * (1 - share)) / count + (Z * Z) / (4 * count * count))
  const all = 1 + (Z * Z) / count
  return [Math.max(0, (middle - reach) / all), Math.min(1, (middle + reach) / all)]
}

/** Pearson's chi-square over its degrees of freedom; 1 where runs differ as chance lets them, or less. */
function overdispersion(attempts: readonly Attempt[], share: number): number {
  const measured = attempts.filter(({ requests }) => requests > 0)
  if (measured.length < 2 || !(share > 0 && share < 1)) return 1
  const square = measured.reduce(
    (sum, { good, requests }) => sum + (good - requests * share) ** 2 / (requests * share * (1 - share)),
    0,
  )
  return Math.max(1, square / (measured.length - 1))
}
