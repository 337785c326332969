import { describeError } from '../errors.ts'
import type { MetricPlugin, PluginContext } from '../plugin.ts'
import type { Evaluations, Summary } from '../summary.ts'
import { type EvaluationSetting, openEvaluationTools } from './evaluation-tools.ts'
import { oneLine } from './sampling.ts'
import type { Session } from './session.ts'

export type Evaluated = Pick<Summary, 'evaluations' | 'conclusions'>

/** Lets plugins ask the server after the load, one after the other; nothing when none does. A failure is noted, and is no result. */
export async function evaluatePlugins(
  session: Session,
  plugins: readonly MetricPlugin[],
  contextOf: (plugin: MetricPlugin) => PluginContext,
  setting: EvaluationSetting,
): Promise<Evaluated> {
  const asking = plugins.filter(({ evaluate }) => evaluate !== undefined)
  if (asking.length === 0) return {}
  const evaluations: Record<string, Evaluations[string]> = {}
  const conclusions: Record<string, string> = {}
  const tools = openEvaluationTools(setting)
  try {
    for (const plugin of asking) {
      if (session.stop.aborted) break
      try {
        const own = tools.make(plugin.id, (line) => {
          conclusions[plugin.id] = oneLine(session.scrub(line))
        })
        evaluations[plugin.id] = await plugin.evaluate!({ ...contextOf(plugin), ...own })
      } catch (thrown) {
        session.note(`plugin ${plugin.id}: its evaluation failed: ${describeError(thrown)}`)
      }
    }
  } finally {
    await tools.close()
  }
  return {
    ...(Object.keys(evaluations).length === 0 ? {} : { evaluations }),
    ...(Object.keys(conclusions).length === 0 ? {} : { conclusions }),
  }
}
