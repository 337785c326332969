/** Several loads, one after the other: by which rules, and what they come to. */

/** For the manifest: a report comes to the same result. */
export type SweepRules = SweepLoads & (LadderRules | SearchRules)

interface SweepLoads {
  readonly unit: 'streams' | 'requests/s'
  /** Ascending: all that may be measured. */
  readonly loads: readonly number[]
  /** A level is saturated when its tail latency is above so many times that of the least load. */
  readonly saturation: number
}

/** Each load once, from the least up. */
export interface LadderRules {
  readonly kind: 'ladder'
  /** Nothing follows the first level that is saturated. */
  readonly earlyStop: boolean
}

/** For the highest load at which enough requests keep the limits of `--slo`. */
export interface SearchRules {
  readonly kind: 'search'
  /** Of all requests, from 0 to 1. */
  readonly share: number
  /** A level that bounds the answer is measured again until it is sure on which side it lies, so many times at most. */
  readonly mostRuns: number
}

export interface SweepLevel {
  readonly scenario: string
  readonly load: number
  /** How many times it was measured. */
  readonly runs: number
  readonly requestsPerSecond?: number
  readonly outputTokensPerSecond?: number
  readonly meanLatencyMs?: number
  /** The statistic that {@link SweepResult} names. */
  readonly tailLatencyMs?: number
  readonly saturated: boolean
  /** Why, on one line. */
  readonly reason?: string
  /** Only in a search. */
  readonly slo?: ShareJudgement
}

/** How large the share of good requests is, and on which side of the limit. */
export interface ShareJudgement {
  readonly side: 'met' | 'missed'
  /** The whole interval lies on that side. */
  readonly sure: boolean
  readonly good: number
  readonly requests: number
  /** The share lies between them, at 99 %: Wilson's interval, wider where runs differ by more than chance allows. From 0 to 1. */
  readonly low: number
  readonly high: number
}

export interface SweepResult {
  /** `e2e.p99`: what tails are compared by; the highest that every level has requests enough for. Absent when there is none. */
  readonly tail?: string
  /** Those measured, by load. */
  readonly levels: readonly SweepLevel[]
  /** Loads. The level with most requests a second of those that are not saturated. */
  readonly optimal?: number
  /** The most throughput for its latency: where requests/s over mean latency is greatest (Kleinrock's power). */
  readonly knee?: number
  /** Levels that are not saturated and raise the record of requests a second, in order. */
  readonly pareto: readonly number[]
  readonly answer?: SearchAnswer
}

/** The highest load that meets the limits lies from `low` to below `high`. */
export interface SearchAnswer {
  /** Absent: no load met them. */
  readonly load?: number
  /** The highest that meets them for sure. */
  readonly low?: number
  /** The lowest that misses them for sure; absent: none does of those measured. */
  readonly high?: number
  /** Nothing more could be decided; false when the run was stopped before. */
  readonly complete: boolean
}
