/** The public entry: re-exports only. Adapters and plugins, ours and yours, import from here and from nowhere else. */
export { type Run, type RunExtras, run } from './api.ts'
export type * from './core/adapter.ts'
export type * from './core/arrival.ts'
export type * from './core/calibration.ts'
export type * from './core/call.ts'
export {
  type AnswerContext,
  type AnswerEnd,
  type AnswerFields,
  type AnswerReader,
  createAnswerReader,
} from './core/engine/answer.ts'
export * as lmEval from './core/engine/eval-kit.ts'
export * from './core/errors.ts'
export { type PairedTest, testPairs } from './core/eval/statistics.ts'
export type * from './core/event.ts'
export type * from './core/fingerprint.ts'
export * from './core/json.ts'
export type * from './core/limit.ts'
export type * from './core/metric.ts'
export { createMetricRegistry, type MetricRegistry, metricRegistry } from './core/metrics/registry.ts'
export { readTimings, type Timings } from './core/metrics/timings.ts'
export { editDistance } from './core/nearest.ts'
export type { CheckedOptions, RunOptions } from './core/options/options.ts'
export type * from './core/plan.ts'
export type * from './core/platform.ts'
export type * from './core/plugin.ts'
export type * from './core/record.ts'
export type * from './core/run.ts'
export * from './core/series.ts'
export { createDistribution, type DistributionCollector } from './core/stats/distribution.ts'
export { QUANTILES, supportsQuantile } from './core/stats/quantile.ts'
export type * from './core/summary.ts'
export * from './core/units.ts'
export type * from './core/workload.ts'
