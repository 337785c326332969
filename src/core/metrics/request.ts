/** Every metric with samples from each request. */
import type { AnswerMetric } from './contract.ts'
import { durationMetrics } from './durations.ts'
import { tokenMetrics } from './tokens.ts'

export { sendMetrics } from './sending.ts'

export const answerMetrics: readonly AnswerMetric[] = [...durationMetrics, ...tokenMetrics]
