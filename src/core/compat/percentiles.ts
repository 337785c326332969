/**
 * The three percentile rules of the old tools. They differ, also for the same tool's files: on 1...100 at 0.95 they give 95.05,
 * 96 and 95. Ours is {@link linearPercentile}, and says nothing where the sample is too small (`stats/quantile.ts`).
 * Samples ascend; 0 for none.
 */
import { quantileOfSorted } from '../stats/quantile.ts'
import { roundHalfAway } from './format.ts'

/** Between neighbours at `(n - 1) * p`: probador's load test, vllm-rust's harness, the live rows of sagellm. */
export function linearPercentile(sorted: readonly number[], p: number): number {
  return sorted.length === 0 ? 0 : quantileOfSorted(sorted, p)
}

/** The sample at `floor(n * p)`, at most the last: the gateway harness and sagellm. With 20 samples p95 is the maximum. */
export function floorIndexPercentile(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0
}

/** The sample at `round((n - 1) * p)`: probador's summary of a data set, and nothing else. */
export function roundIndexPercentile(sorted: readonly number[], p: number): number {
  return sorted[roundHalfAway((sorted.length - 1) * p)] ?? 0
}

export function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** 0 for none. */
export function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : sumOf(values) / values.length
}

/** Sample deviation (n - 1); 0 below two. */
export function sampleDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0
  const mean = meanOf(values)
  return Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / (values.length - 1))
}
