import type { MetricPlugin, Platform, PluginContext, PluginValues, Sample, Sampler, Series, Window } from 'inferbench'
import { loadPlatform } from '../../src/platform/load.ts'

/** What a plugin is given of a run, without a run. */
export async function createContext(given: {
  readonly url: string
  readonly serverPid?: () => number | undefined
  readonly options?: PluginValues
  readonly platform?: Partial<Platform>
}): Promise<PluginContext & { readonly notes: readonly string[] }> {
  const platform = { ...(await loadPlatform()), ...given.platform }
  const originAt = platform.clock.now()
  const notes: string[] = []
  return {
    platform,
    options: given.options ?? {},
    target: {
      baseUrl: given.url,
      model: 'm',
      endpoint: 'chat',
      stream: true,
      includeUsage: true,
      apiKey: 'secret-key',
      headers: [],
      body: {},
    },
    seed: 1,
    serverPid: given.serverPid ?? (() => undefined),
    toRunMs: (at) => at - originAt,
    get: () => Promise.reject(new Error('this plugin asks nobody')),
    note: (line) => notes.push(line),
    notes,
  }
}

/** All that comes of one reading. */
export async function readSamples(sampler: Sampler): Promise<readonly Sample[]> {
  const read = await sampler.read(0, new AbortController().signal)
  return read === undefined ? [] : ([read].flat() as readonly Sample[])
}

export function seriesOf(
  plugin: MetricPlugin,
  samples: readonly Sample[],
  windows: readonly Window[],
  source = 'test',
): Series {
  return {
    samples,
    source,
    windows,
    options: {},
    scenario: {
      scenario: plugin.id,
      title: 'test',
      window: windows[0]!,
      counts: { requests: 0, byOutcome: {}, byReason: {}, warmupRequests: 0, notes: {} },
      metrics: {},
      tokenSources: {},
    },
  }
}
