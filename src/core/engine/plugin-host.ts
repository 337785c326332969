/**
 * Opens what plugins watch, reads it beside the load and at its edges, and closes it. Nothing that a plugin throws gets any
 * further: it becomes the reason for which there is nothing.
 */
import { BenchError } from '../errors.ts'
import { hideUserPart } from '../options/url.ts'
import type { MetricPlugin, PluginContext, PluginValues, Sample, Sampler } from '../plugin.ts'
import type { ManifestPlugin } from '../run.ts'
import type { Journal } from './journal.ts'
import { openPluginContexts, type PluginSetting, valuesOf } from './plugin-context.ts'
import { describeThrown, type OpenSampler, oneLine, type Watch, watchSource } from './sampling.ts'
import type { Session } from './session.ts'

/** Whoever asked for a plugin waits longer for it: a driver may take seconds to wake. */
const OPEN_MS = 15_000
const OPEN_AUTO_MS = 5000

export interface PluginHost {
  /** As it is now, for the manifest; empty where there are no plugins. */
  describe(): readonly ManifestPlugin[]
  /** How long those that were asked for, and work, want to see an idle server, ms. */
  readonly idleMs: number
  /** By plugin, in order. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>
  contextOf(plugin: MetricPlugin): PluginContext
  start(journal: Journal): void
  /** Reads every source once, while no load runs. Never rejects, and takes a second at most. */
  edge(): Promise<void>
  /** Nothing is read any more. May be called twice. Never rejects. */
  stop(): Promise<void>
  /** The same, and nothing can be asked any more. */
  close(): Promise<void>
}

/** Tries all at once. Never rejects. */
export async function openPlugins(session: Session, setting: PluginSetting): Promise<PluginHost> {
  const contexts = openPluginContexts(session, setting)
  const hosted = await Promise.all(
    session.plan.plugins.map((plugin) => openPlugin(session, plugin, () => contexts.of(plugin))),
  )
  const watches = hosted.flatMap(({ watch }) => watch ?? [])
  let stopped: Promise<unknown> | undefined
  const stop = async (): Promise<void> => {
    stopped ??= Promise.all(watches.map((watch) => watch.close()))
    await stopped
  }
  return {
    describe: () => hosted.map((one) => describe(session, one)),
    idleMs: Math.max(0, ...hosted.map(({ plugin, watch, auto }) => (watch && !auto ? idleOf(plugin) : 0))),
    samples: new Map(hosted.flatMap(({ plugin, watch }) => (watch ? [[plugin.id, watch.samples] as const] : []))),
    contextOf: contexts.of,
    start(journal) {
      for (const { plugin, watch } of hosted) watch?.start((sample) => journal.sample(plugin.id, sample))
    },
    async edge() {
      await Promise.all(watches.map((watch) => watch.edge()))
    },
    stop,
    async close() {
      await stop()
      await contexts.close()
    },
  }
}

interface Hosted {
  readonly plugin: MetricPlugin
  readonly auto: boolean
  readonly watch?: Watch
  readonly source?: string
  readonly absent?: string
}

async function openPlugin(session: Session, plugin: MetricPlugin, makeContext: () => PluginContext): Promise<Hosted> {
  const auto = session.plan.pluginSettings?.[plugin.id]?.auto === true
  const limitMs = auto ? OPEN_AUTO_MS : OPEN_MS
  const explain = (thrown: unknown): string => oneLine(session.scrub(describeThrown(thrown))) || 'it does not say why'
  try {
    // Who asks for a plugin is told what it meets; one that nobody asked for is not even tried where it cannot work.
    const why = auto ? await within(limitMs, session.stop, plugin.check?.(session.platform), 'looking') : undefined
    if (why !== undefined) return { plugin, auto, absent: explain(why) }
    if (plugin.sample === undefined) return { plugin, auto }
    const opening = plugin.sample(makeContext())
    const open = await within(limitMs, session.stop, opening, 'opening it').catch((thrown) => {
      closeLate(opening)
      throw thrown
    })
    const sampler = readSampler(open, (text) => oneLine(session.scrub(text)))
    return { plugin, auto, watch: watchSource(session, plugin.id, sampler), source: sampler.source }
  } catch (thrown) {
    return { plugin, auto, absent: explain(thrown) }
  }
}

/** A source that opens when nobody waits for it any more. */
function closeLate(opening: Promise<Sampler>): void {
  Promise.resolve(opening)
    .then(
      (sampler) => sampler.close().catch(() => {}),
      () => {},
    )
    .catch(() => {})
}

/** Looks at each member once. Throws for what is no sampler. */
function readSampler(sampler: Sampler, clean: (text: string) => string): OpenSampler {
  const { source, everyMs, read, close } = sampler
  if (typeof read !== 'function' || typeof close !== 'function') throw new TypeError('it gave no sampler')
  if (typeof everyMs !== 'number' || !(everyMs > 0)) {
    closeLate(Promise.resolve(sampler))
    throw new TypeError('it does not say how often it is to be read')
  }
  return { source: clean(String(source)), everyMs, sampler }
}

function idleOf({ idleMs = 0 }: MetricPlugin): number {
  return Number.isFinite(idleMs) ? idleMs : 0
}

function describe(session: Session, { plugin, auto, watch, source, absent }: Hosted): ManifestPlugin {
  const setting = session.plan.pluginSettings?.[plugin.id]
  const options = writeValues(valuesOf(session, plugin), plugin)
  const why = absent ?? watch?.absent
  const cost = watch?.cost
  return {
    plugin: plugin.id,
    ...(auto ? { auto } : {}),
    ...(setting?.builtIn === true ? { builtIn: true } : {}),
    ...(source === undefined ? {} : { source }),
    ...(why === undefined ? {} : { absent: why }),
    ...(cost === undefined ? {} : { sampling: cost }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  }
}

/** Without what is secret, and without the user part of addresses. */
export function writeValues(values: PluginValues, { options = {} }: MetricPlugin): PluginValues {
  const shown = Object.entries(values).flatMap(([name, value]) => {
    const option = options[name]
    if (option === undefined || option.secret === true) return []
    return [[name, option.kind === 'url' ? hideUserPart(String(value)) : value] as const]
  })
  return Object.fromEntries(shown)
}

/** Rejects when it does not come in time, or the run is stopped. */
function within<Value>(
  ms: number,
  stop: AbortSignal,
  coming: Promise<Value> | Value,
  what: string,
): Promise<Awaited<Value>> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      stop.removeEventListener('abort', interrupt)
    }
    const giveUp = (why: string): void => {
      end()
      reject(new BenchError('unreachable', why))
    }
    const interrupt = (): void => giveUp('the run was stopped before it was open')
    const timer = setTimeout(() => giveUp(`${what} took longer than ${ms} ms`), ms)
    if (stop.aborted) return interrupt()
    stop.addEventListener('abort', interrupt)
    Promise.resolve(coming).then(resolve, reject).finally(end)
  })
}
