import type { MetricResult } from '../metric.ts'
import type { PluginSummary } from '../summary.ts'

/** What a plugin measured during a scenario, by id; empty where it was not there or saw nothing. */
export function metricsOfPlugin(
  plugins: readonly PluginSummary[],
  id: string,
  scenario: string,
): Readonly<Record<string, MetricResult>> {
  const figures = plugins.find(({ plugin }) => plugin === id)?.scenarios
  return figures?.find((one) => one.scenario === scenario)?.metrics ?? {}
}
