/** How a metric over requests is written down. */
import type { MetricDefinition } from '../metric.ts'
import type { OkRecord, RequestRecord } from '../record.ts'
import type { Timings } from './timings.ts'

/** Takes one sample, or `weight` equal ones. */
export type TakeSample = (value: number, weight?: number) => void

/** A distribution over answers: only records with outcome `ok` have latencies. */
export interface AnswerMetric {
  readonly definition: MetricDefinition
  /** Only answers that came as a stream have it. */
  readonly needsStream: boolean
  /** Why there may be no sample although requests succeeded. */
  readonly whenEmpty: string
  samples(record: OkRecord, timings: Timings, take: TakeSample): void
}

/** A distribution over all records of the window, whatever became of them. */
export interface SendMetric {
  readonly definition: MetricDefinition
  readonly whenEmpty: string
  sample(record: RequestRecord): number | undefined
}

export type Words = Pick<MetricDefinition, 'id' | 'title' | 'formula' | 'source'> & Partial<MetricDefinition>

export function define(words: Words): MetricDefinition {
  return { unit: 'ms', direction: 'lower', version: 1, kind: 'distribution', ...words }
}

/** A metric that has at most one sample an answer. */
export function single(
  words: Words,
  of: (record: OkRecord, timings: Timings) => number | undefined,
  options: { readonly needsStream?: boolean; readonly whenEmpty?: string } = {},
): AnswerMetric {
  return {
    definition: define(words),
    needsStream: options.needsStream ?? false,
    whenEmpty: options.whenEmpty ?? 'no answer had a token',
    samples(record, timings, take) {
      const value = of(record, timings)
      if (value !== undefined) take(value)
    },
  }
}
