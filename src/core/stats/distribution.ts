import type { Distribution, QuantileName } from '../metric.ts'
import { createHistogram, HISTOGRAM_RELATIVE_ERROR, type Histogram } from './histogram.ts'
import { addToMoments, deviationOf, emptyMoments, type Moments, mergeMoments } from './moments.ts'
import { CAREFUL_QUANTILES, QUANTILES, type QuantileRule } from './quantile.ts'

/** Up to so many samples quantiles are exact: 800 kB a distribution. */
export const EXACT_SAMPLES = 100_000

/**
 * Collects the samples of one metric. All are kept up to a bound, and counted in a mergeable histogram besides, which
 * takes over above it. What is collected does not depend on how samples were shared out before a merge; only the last
 * digits of mean and deviation may.
 */
export interface DistributionCollector {
  readonly count: number
  /** Adds `weight` samples of one value. Values that are not finite are refused with a RangeError. */
  add(value: number, weight?: number): void
  merge(other: DistributionCollector): void
  /** undefined when there is no sample. */
  result(): Distribution | undefined
  /** From the histogram alone: cheap at any size, for live figures. undefined when the sample does not support it. */
  estimate(q: number): number | undefined
}

class SampleCollector implements DistributionCollector {
  private readonly bound: number
  private readonly rule: QuantileRule
  private readonly moments: Moments = emptyMoments()
  private readonly histogram: Histogram = createHistogram()
  /** undefined once there were more samples than the bound. */
  private samples: Float64Array | undefined
  private kept = 0

  constructor(bound: number, rule: QuantileRule) {
    this.bound = bound
    this.rule = rule
    this.samples = new Float64Array(Math.min(64, bound))
  }

  get count(): number {
    return this.moments.count
  }

  add(value: number, weight = 1): void {
    if (weight === 0) return
    this.histogram.add(value, weight)
    addToMoments(this.moments, value, weight)
    if (this.reserve(weight)) this.samples!.fill(value, this.kept - weight, this.kept)
  }

  merge(other: DistributionCollector): void {
    if (!(other instanceof SampleCollector)) throw new TypeError('a distribution merges with its own kind')
    if (other.samples === undefined) this.samples = undefined
    else if (this.reserve(other.kept)) this.samples!.set(other.samples.subarray(0, other.kept), this.kept - other.kept)
    this.histogram.merge(other.histogram)
    mergeMoments(this.moments, other.moments)
  }

  result(): Distribution | undefined {
    const { count, sum, mean, min, max } = this.moments
    if (count === 0) return undefined
    const deviation = deviationOf(this.moments)
    return {
      count,
      sum,
      mean,
      ...(deviation === undefined ? {} : { deviation }),
      min,
      max,
      quantiles: this.quantiles(),
      ...(this.samples === undefined
        ? { method: 'histogram', relativeError: HISTOGRAM_RELATIVE_ERROR }
        : { method: 'exact' }),
      histogram: this.histogram.toJson(),
    }
  }

  estimate(q: number): number | undefined {
    if (!this.rule.supports(this.count, q)) return undefined
    const value = this.rule.at(this.count, q, (k) => this.histogram.orderStatistic(k))
    return Math.min(this.moments.max, Math.max(this.moments.min, value))
  }

  private quantiles(): Partial<Record<QuantileName, number>> {
    const sorted = this.samples?.slice(0, this.kept).sort()
    const quantiles: Partial<Record<QuantileName, number>> = {}
    for (const [name, q] of QUANTILES) {
      if (!this.rule.supports(this.count, q)) continue
      quantiles[name] = sorted === undefined ? this.estimate(q)! : this.rule.at(sorted.length, q, (k) => sorted[k]!)
    }
    return quantiles
  }

  /** Makes room for `more` samples at the end; false (and all samples let go) when that would pass the bound. */
  private reserve(more: number): boolean {
    if (this.samples === undefined) return false
    const needed = this.kept + more
    if (needed > this.bound) {
      this.samples = undefined
      return false
    }
    if (needed > this.samples.length) {
      const grown = new Float64Array(Math.min(this.bound, Math.max(needed, this.samples.length * 2)))
      grown.set(this.samples)
      this.samples = grown
    }
    this.kept = needed
    return true
  }
}

/** An empty collector. `bound`: how many samples are kept; above it quantiles come from the histogram. */
export function createDistribution(
  bound: number = EXACT_SAMPLES,
  rule: QuantileRule = CAREFUL_QUANTILES,
): DistributionCollector {
  return new SampleCollector(bound, rule)
}
