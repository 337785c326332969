import { describeError } from '../errors.ts'
import type { MetricPlugin } from '../metric.ts'
import type { Platform } from '../platform.ts'
import { pause } from './discover.ts'
import type { Journal } from './journal.ts'

/** Runs what plugins sample beside the load, each into `series/<id>.jsonl`, until stopped. */
export function startSampling(
  plugins: readonly MetricPlugin[],
  platform: Platform,
  toRunMs: (at: number) => number,
  journal: Journal,
  note: (line: string) => void,
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const loops = plugins.map((plugin) => sampleUntil(plugin, platform, toRunMs, journal, note, stopping.signal))
  return {
    async stop() {
      stopping.abort()
      await Promise.all(loops)
    },
  }
}

async function sampleUntil(
  plugin: MetricPlugin,
  platform: Platform,
  toRunMs: (at: number) => number,
  journal: Journal,
  note: (line: string) => void,
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
