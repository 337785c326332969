/**
 * A contract says what counts as good: thresholds and weights of the composite card, the thresholds of the other cards, the
 * bonus and the grades. The one built in is probador's 2.0.0 (`probador llm score`), tuned to a model of 1.5 B parameters on a
 * laptop's GPU; people with other machines load their own from a file.
 */

export interface Threshold {
  /** Scores 100. */
  readonly excellent: number
  /** Scores 75. */
  readonly good: number
  readonly higher_is_better: boolean
}

export const COMPOSITE_METRICS = [
  'aggregate_tok_s',
  'decode_tok_s',
  'ttft_p50_ms',
  'itl_p50_ms',
  'ttft_p99_ms',
  'throughput_scaling',
  'error_rate',
] as const

export type CompositeMetric = (typeof COMPOSITE_METRICS)[number]

export const CARD_METRICS = [
  'us_per_layer',
  'training_tok_s',
  'pass_rate',
  'tok_per_sec_per_gb',
  'cold_start_ms',
  'tok_per_watt',
  'scaling_efficiency',
] as const

export type CardMetric = (typeof CARD_METRICS)[number]

export type Weights = Readonly<Partial<Record<CompositeMetric, number>>>

export interface Contract {
  readonly contract_version: string
  readonly thresholds: Readonly<Record<CompositeMetric | CardMetric, Threshold>>
  /** At a concurrency of at most 1. Sum 1. */
  readonly interactive_weights: Weights
  /** Above. Sum 1. */
  readonly throughput_weights: Weights
  /** Points for the best value of a metric. */
  readonly best_in_class_bonus: number
  /** Least score of each grade, highest first. */
  readonly grades: readonly (readonly [min: number, label: string])[]
}

function atMost(excellent: number, good: number): Threshold {
  return { excellent, good, higher_is_better: false }
}

function atLeast(excellent: number, good: number): Threshold {
  return { excellent, good, higher_is_better: true }
}

export const probadorContract: Contract = {
  contract_version: '2.0.0',
  thresholds: {
    decode_tok_s: atLeast(160, 120),
    ttft_p50_ms: atMost(12, 50),
    itl_p50_ms: atMost(6, 10),
    ttft_p99_ms: atMost(15, 50),
    error_rate: atMost(0, 0.01),
    aggregate_tok_s: atLeast(600, 300),
    throughput_scaling: atLeast(3.8, 2),
    us_per_layer: atMost(220, 300),
    training_tok_s: atLeast(6000, 1500),
    pass_rate: atLeast(1, 0.95),
    tok_per_sec_per_gb: atLeast(40, 20),
    cold_start_ms: atMost(500, 3000),
    tok_per_watt: atLeast(3, 1.5),
    scaling_efficiency: atLeast(0.9, 0.5),
  },
  interactive_weights: { decode_tok_s: 0.3, ttft_p50_ms: 0.3, itl_p50_ms: 0.15, ttft_p99_ms: 0.15, error_rate: 0.1 },
  throughput_weights: {
    aggregate_tok_s: 0.3,
    decode_tok_s: 0.15,
    ttft_p50_ms: 0.15,
    itl_p50_ms: 0.15,
    throughput_scaling: 0.15,
    error_rate: 0.1,
  },
  best_in_class_bonus: 5,
  grades: [
    [95, 'A+'],
    [90, 'A'],
    [85, 'A-'],
    [80, 'B+'],
    [70, 'B'],
    [60, 'C+'],
    [50, 'C'],
    [40, 'D'],
    [30, 'D-'],
    [0, 'F'],
  ],
}

/** How a card treats what the original got wrong (README, "Score and compare"). */
export interface ScoreRules {
  /** A metric without a value: the weights of the others are scaled up and the card says so, or its weight is lost. */
  readonly missing: 'renormalise' | 'lose'
  /** Equal best values: all of them are the best, or the first that is listed. */
  readonly ties: 'share' | 'first'
  /** A server that is fastest alone does not scale: its peak is looked for above one stream, or anywhere. */
  readonly peak: 'above-one' | 'anywhere'
}

export const ourRules: ScoreRules = { missing: 'renormalise', ties: 'share', peak: 'above-one' }

export const probadorRules: ScoreRules = { missing: 'lose', ties: 'first', peak: 'anywhere' }
