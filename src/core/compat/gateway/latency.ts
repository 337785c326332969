/** `latency_stats` of the gateway harness's result file. */

import { roundHalfEven } from '../format.ts'
import { ascending, floorIndexPercentile, meanOf, sampleDeviation } from '../percentiles.ts'

export interface GatewayLatency {
  readonly min_ms: number
  readonly max_ms: number
  readonly mean_ms: number
  /** The mean of the middle two, unlike p95 and p99. */
  readonly median_ms: number
  readonly p50_ms: number
  readonly p95_ms: number
  readonly p99_ms: number
  readonly stdev_ms: number
}

/** Of successes, in ms, to two decimals; undefined for none. */
export function describeGatewayLatency(latencies: readonly number[]): GatewayLatency | undefined {
  if (latencies.length === 0) return undefined
  const sorted = ascending(latencies)
  const half = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
  const round = (value: number): number => roundHalfEven(value, 2)
  return {
    min_ms: round(sorted[0]!),
    max_ms: round(sorted.at(-1)!),
    mean_ms: round(meanOf(sorted)),
    median_ms: round(median),
    p50_ms: round(median),
    p95_ms: round(floorIndexPercentile(sorted, 0.95)),
    p99_ms: round(floorIndexPercentile(sorted, 0.99)),
    stdev_ms: round(sampleDeviation(sorted)),
  }
}
