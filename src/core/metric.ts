/** What is computed from records. A metric has a name, a unit, a direction, a version and a source, always. */

import type { RequestRecord } from './record.ts'
import type { Window } from './summary.ts'

export type Direction = 'lower' | 'higher' | 'neutral'

/**
 * - `distribution`: a sample per request, gap or token; has a mean, quantiles and a histogram.
 * - `scalar`: one number a window, such as a rate or a share.
 */
export type MetricKind = 'distribution' | 'scalar'

export interface MetricDefinition {
  /** Stable, snake case with the field's own words: `ttft`, `itl`, `output_tok_s`. What gates and SLOs name. */
  readonly id: string
  /** For tables: `TTFT`, `end to end`. */
  readonly title: string
  /** `ms`, `tok/s`, `requests/s`, `%`, `tokens`, `1`. */
  readonly unit: string
  /** Which way is better. */
  readonly direction: Direction
  /** Raised when the same records would give another number. */
  readonly version: number
  readonly kind: MetricKind
  /** In words and symbols, on one line. */
  readonly formula: string
  /** Which paper, specification or tool the definition comes from, or what it differs from. */
  readonly source: string
}

/** One metric over one window. */
export type MetricResult =
  | { readonly kind: 'distribution'; readonly unit: string; readonly distribution: Distribution }
  | { readonly kind: 'scalar'; readonly unit: string; readonly value: number; readonly count?: number }
  /** Not measured is a value of its own: never 0, never NaN. */
  | { readonly kind: 'absent'; readonly unit: string; readonly reason: string }

/** The quantiles that are reported where the sample supports them (p99 needs 100 samples, p99.9 needs 1000). */
export type QuantileName = 'p1' | 'p5' | 'p10' | 'p25' | 'p50' | 'p75' | 'p90' | 'p95' | 'p99' | 'p99.9'

export interface Distribution {
  readonly count: number
  readonly sum: number
  readonly mean: number
  /** Sample standard deviation (n - 1); absent below two samples. */
  readonly deviation?: number
  readonly min: number
  readonly max: number
  /** A missing name means that the sample is too small for it. */
  readonly quantiles: Readonly<Partial<Record<QuantileName, number>>>
  /** `exact`: from all samples, linear interpolation (Hyndman and Fan, type 7). `histogram`: within `relativeError`. */
  readonly method: 'exact' | 'histogram'
  readonly relativeError?: number
  /** All samples, counted in buckets: what two runs or shards are merged by. */
  readonly histogram?: HistogramData
}

/**
 * A histogram of the HDR type. Bucket `key` holds values from `2^octave * (1 + slot/512)` up to where the next begins,
 * with `octave = floor(key / 512) - 1023` and `slot = key mod 512`; a negative key is the bucket of `-key` mirrored at zero.
 */
export interface HistogramData {
  readonly bucketsPerOctave: 512
  /** Samples that are zero. */
  readonly zeros: number
  /** Ascending; buckets that hold nothing are left out. */
  readonly keys: readonly number[]
  /** As long as `keys`. */
  readonly counts: readonly number[]
}

/**
 * A fold over records. `add` is called once a record, in order of ending, off the capture path; `merge` joins the fold of
 * another shard and must give what one pass over both would. `result` may be called at any time and changes nothing.
 */
export interface Accumulator {
  add(record: RequestRecord): void
  merge(other: Accumulator): void
  result(window: Window): Readonly<Record<string, MetricResult>>
}
