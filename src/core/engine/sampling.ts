import { describeError } from '../errors.ts'
import type { MetricPlugin } from '../metric.ts'
import { pause } from './discover.ts'
import type { Journal } from './journal.ts'
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
  { platform, toRunMs, note }: Session,
  journal: Journal,
  signal: AbortSignal,
): Promise<void> {
  if (plugin.sample === undefined) return
  const { everyMs, read } = plugin.sample
  let failed = false
  while (!signal.aborted) {
    const at = platform.clock.now()
    try {
      const sample = await read(toRunMs(at), signal)
      if (sample !== undefined) journal.sample(plugin.id, sample)
    } catch (thrown) {
      // A gap in a series never stops a run; said once, since it may repeat every time.
      if (!failed && !signal.aborted) note(`plugin ${plugin.id}: a sample failed: ${describeError(thrown)}`)
      failed = true
    }
    await pause(Math.max(0, at + everyMs - platform.clock.now()), signal)
  }
}
