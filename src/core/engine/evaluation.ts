import { describeError } from '../errors.ts'
import type { Evaluations } from '../summary.ts'
import { createEvaluationContext } from './plugin-context.ts'
import type { Session } from './session.ts'

/** Lets plugins ask the server after the load, one after the other; undefined when none does. A failure is noted, and is no result. */
export async function evaluatePlugins(session: Session): Promise<Evaluations | undefined> {
  const results: Record<string, Evaluations[string]> = {}
  for (const plugin of session.plan.plugins) {
    if (plugin.evaluate === undefined || session.stop.aborted) continue
    try {
      results[plugin.id] = await plugin.evaluate(createEvaluationContext(session))
    } catch (thrown) {
      session.note(`plugin ${plugin.id}: its evaluation failed: ${describeError(thrown)}`)
    }
  }
  return Object.keys(results).length === 0 ? undefined : results
}
