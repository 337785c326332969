/** Whose definitions of metrics: ours, or those of another tool, recomputed from the same records. */
import type { MetricResult } from './metric.ts'

export const PROFILE_NAMES = ['inferbench', 'vllm', 'aiperf', 'guidellm', 'sglang', 'probar'] as const

export type ProfileName = (typeof PROFILE_NAMES)[number]

/** What profiles speak of; each keeps the name that inferbench gives to the quantity. */
export type ProfileMetricId = 'ttft' | 'icl' | 'itl' | 'tpot' | 'e2e' | 'req_s' | 'output_tok_s' | 'total_tok_s'

/** How a tool takes one metric. Without an entry the tool has no such metric. */
export interface ProfileMetric {
  /** What the tool calls it: `E2EL`. */
  readonly title: string
  /** In words and symbols, on one line. */
  readonly formula: string
}

export type ProfileMetrics = Readonly<Partial<Record<ProfileMetricId, ProfileMetric>>>

/** Every metric, also those that the tool has not or the log cannot give: these are absent, with the reason. */
export type ProfileResults = Readonly<Record<ProfileMetricId, MetricResult>>
