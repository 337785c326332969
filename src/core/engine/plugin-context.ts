import { BenchError } from '../errors.ts'
import type { PluginContext } from '../plugin.ts'
import type { Session } from './session.ts'

/** To be completed: what plugins are given of a run. */
export function createPluginContext(session: Session): PluginContext {
  const { plan, platform } = session
  return {
    platform,
    options: {},
    target: { ...plan.target, model: plan.target.model ?? '' },
    ...(plan.adapter.scrape === undefined ? {} : { scrape: plan.adapter.scrape }),
    seed: plan.seed,
    serverPid: () => undefined,
    toRunMs: session.toRunMs,
    get: () => Promise.reject(new BenchError('unsupported', 'not yet')),
    note: session.note,
  }
}
