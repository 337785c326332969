import type { QuantileName } from '../metric.ts'

/** The quantiles that are reported, lowest first. */
export const QUANTILES: readonly (readonly [name: QuantileName, q: number])[] = [
  ['p1', 0.01],
  ['p5', 0.05],
  ['p10', 0.1],
  ['p25', 0.25],
  ['p50', 0.5],
  ['p75', 0.75],
  ['p90', 0.9],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p99.9', 0.999],
]

/**
 * Whether `count` samples say anything about quantile `q`: at least one sample is expected on either side of it. So p50
 * needs 2 samples, p90 10, p95 20, p99 100, p99.9 1000, and p1 needs 100 as well.
 */
export function supportsQuantile(count: number, q: number): boolean {
  // 10 * (1 - 0.9) is a little less than 1 in binary floating point.
  const slack = 1e-9
  return count * (1 - q) >= 1 - slack && count * q >= 1 - slack
}

/** The least number of samples that {@link supportsQuantile} accepts. */
export function samplesNeeded(q: number): number {
  return Math.ceil(1 / Math.min(q, 1 - q) - 1e-6)
}

/**
 * Quantile by linear interpolation between order statistics: type 7 of Hyndman and Fan (1996), as numpy and R have it by
 * default. `orderStatistic(k)` is the k-th smallest of `count` samples, from 0.
 */
export function interpolateQuantile(count: number, q: number, orderStatistic: (k: number) => number): number {
  const position = (count - 1) * q
  const below = Math.floor(position)
  const low = orderStatistic(below)
  const fraction = position - below
  if (fraction === 0) return low
  const high = orderStatistic(below + 1)
  return low + (high - low) * fraction
}

/** {@link interpolateQuantile} of samples in ascending order; they must not be empty. */
export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  return interpolateQuantile(sorted.length, q, (k) => sorted[k] as number)
}

/** How quantiles are taken, and of which samples. */
export interface QuantileRule {
  supports(count: number, q: number): boolean
  /** `orderStatistic(k)` is the k-th smallest of `count` samples, from 0. */
  at(count: number, q: number, orderStatistic: (k: number) => number): number
}

/** Ours: interpolated, and only where the sample says something. */
export const CAREFUL_QUANTILES: QuantileRule = { supports: supportsQuantile, at: interpolateQuantile }

/** As tools print them that use numpy: interpolated, of any sample. */
export const NUMPY_QUANTILES: QuantileRule = { supports: () => true, at: interpolateQuantile }

/** The smallest sample below or at which a share `q` of all lies (type 1 of Hyndman and Fan), of any sample. */
export const STEP_QUANTILES: QuantileRule = {
  supports: () => true,
  at: (count, q, orderStatistic) => orderStatistic(Math.max(0, Math.ceil(count * q - 1e-9) - 1)),
}
