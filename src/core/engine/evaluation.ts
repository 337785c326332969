import { describeError } from '../errors.ts'
import type { MetricPlugin, PluginContext } from '../plugin.ts'
import type { Evaluations } from '../summary.ts'
import { type EvaluationSetting, openEvaluationTools } from './evaluation-tools.ts'
import type { Session } from './session.ts'

/** Lets plugins ask the server after the load, one after the other; undefined when none does. A failure is noted, and is no result. */
export async function evaluatePlugins(
  session: Session,
  plugins: readonly MetricPlugin[],
  contextOf: (plugin: MetricPlugin) => PluginContext,
  setting: EvaluationSetting,
): Promise<Evaluations | undefined> {
  const asking = plugins.filter(({ evaluate }) => evaluate !== undefined)
  if (asking.length === 0) return undefined
  const results: Record<string, Evaluations[string]> = {}
  const tools = openEvaluationTools(setting)
  try {
    for (const plugin of asking) {
      if (session.stop.aborted) break
      try {
        results[plugin.id] = await plugin.evaluate!({ ...contextOf(plugin), ...tools.make(plugin.id) })
      } catch (thrown) {
        session.note(`plugin ${plugin.id}: its evaluation failed: ${describeError(thrown)}`)
      }
    }
  } finally {
    await tools.close()
  }
  return Object.keys(results).length === 0 ? undefined : results
}
