import { BenchError } from '../errors.ts'
import type { MetricDefinition } from '../metric.ts'
import type { MetricPlugin } from '../plugin.ts'
import { layerDefinition } from './layers.ts'
import { rateMetrics } from './rate.ts'
import { answerMetrics, sendMetrics } from './request.ts'
import { steadinessDefinitions } from './steadiness.ts'

/** Raised when any built-in definition changes its meaning; stands in every manifest. */
export const DEFINITIONS_VERSION = 1

export type MetricRegistry = ReadonlyMap<string, MetricDefinition>

const builtIn: readonly MetricDefinition[] = [
  ...[...answerMetrics, ...rateMetrics, ...sendMetrics].map((metric) => metric.definition),
  ...steadinessDefinitions,
  layerDefinition,
]

/** Built-in definitions and those of plugins, by id. Throws a usage error when two have the same id. */
export function createMetricRegistry(plugins: readonly MetricPlugin[] = []): MetricRegistry {
  const registry = new Map(builtIn.map((definition) => [definition.id, definition]))
  for (const plugin of plugins) {
    for (const definition of plugin.definitions) {
      if (registry.has(definition.id)) {
        throw new BenchError('usage', `plugin ${plugin.id}: the metric "${definition.id}" exists already; rename it`)
      }
      registry.set(definition.id, definition)
    }
  }
  return registry
}

/** The built-in metrics, by id. */
export const metricRegistry: MetricRegistry = createMetricRegistry()
