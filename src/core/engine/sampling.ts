import { describeError } from '../errors.ts'
import type { MetricPlugin, Sample, Sampler } from '../plugin.ts'
import { pause } from './discover.ts'
import type { Journal } from './journal.ts'
import { createPluginContext } from './plugin-context.ts'
import type { Session } from './session.ts'

/** Runs what plugins sample beside the load, each into `series/<id>.jsonl`, until stopped. */
export function startSampling(session: Session, journal: Journal): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const loops = session.plan.plugins.map((plugin) => sampleUntil(plugin, session, journal, stopping.signal))
  return {
    async stop() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

async function sampleUntil(
  plugin: MetricPlugin,
  session: Session,
  journal: Journal,
  signal: AbortSignal,
): Promise<void> {
  if (plugin.sample === undefined) return
  const { platform, toRunMs, note } = session
  let failed = false
  let sampler: Sampler | undefined
  try {
    sampler = await plugin.sample(createPluginContext(session))
    while (!signal.aborted) {
      const at = platform.clock.now()
      const read = await sampler.read(toRunMs(at), signal)
      for (const sample of read === undefined ? [] : ([read].flat() as readonly Sample[]))
        journal.sample(plugin.id, sample)
      await pause(Math.max(0, at + sampler.everyMs - platform.clock.now()), signal)
    }
  } catch (thrown) {
    if (!failed && !signal.aborted) note(`plugin ${plugin.id}: a sample failed: ${describeError(thrown)}`)
    failed = true
  } finally {
    await sampler?.close()
  }
}
