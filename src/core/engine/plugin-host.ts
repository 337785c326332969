/**
 * Opens what plugins watch, reads it beside the load and at its edges, and closes it. Nothing that a plugin throws gets any
 * further: it becomes the reason for which there is nothing.
 */
import { BenchError } from '../errors.ts'
import { hideQuery } from '../options/url.ts'
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
  /** Begins to read beside whatever the run does. */
  start(journal: Journal): Promise<void>
  /** Reads every source once, while no load runs. Never rejects, and takes a second at most. */
  edge(): Promise<void>
  /** Nothing is read any more. May be called twice. Never rejects. */
  stop(): Promise<void>
  /** The same, and nothing can be asked any more. */
  close(): Promise<void>
}

/** Why one cannot work on this machine, by plugin; undefined: it may. Of those alone that nobody asked for. */
export type Checks = ReadonlyMap<MetricPlugin, Promise<string | undefined>>

/** Begins to ask: to look for a driver may take seconds, in which the server is looked for as well. None of them rejects. */
export function checkPlugins(session: Session): Checks {
  const unasked = session.plan.plugins.filter((plugin) => isAuto(session, plugin) && plugin.check !== undefined)
  return new Map(unasked.map((plugin) => [plugin, checkPlugin(session, plugin)]))
}

async function checkPlugin(session: Session, plugin: MetricPlugin): Promise<string | undefined> {
  try {
    const why = await within(OPEN_AUTO_MS, session.stop, plugin.check!(session.platform), 'looking')
    return why === undefined ? undefined : explain(session, why)
  } catch (thrown) {
    return explain(session, thrown)
  }
}

function isAuto({ plan }: Session, { id }: MetricPlugin): boolean {
  return plan.pluginSettings?.[id]?.auto === true
}

function explain({ scrub }: Session, thrown: unknown): string {
  return oneLine(scrub(describeThrown(thrown))) || 'it does not say why'
}

/** Tries all at once. Never rejects. */
export async function openPlugins(session: Session, checks: Checks, setting: PluginSetting): Promise<PluginHost> {
  const contexts = openPluginContexts(session, setting)
  const hosted = await Promise.all(
    session.plan.plugins.map(async (plugin): Promise<Hosted> => {
      // Who asks for a plugin is told what it meets; one that nobody asked for is not even tried where it cannot work.
      const absent = await checks.get(plugin)
      if (absent !== undefined) return { plugin, auto: true, absent }
      return await openPlugin(session, plugin, () => contexts.of(plugin))
    }),
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
    async start(journal) {
      const watched = hosted.flatMap(({ plugin, watch }) => (watch === undefined ? [] : [{ plugin, watch }]))
      await Promise.all(watched.map(({ plugin }) => journal.openSeries(plugin.id)))
      for (const { plugin, watch } of watched) watch.start((sample) => journal.sample(plugin.id, sample))
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
  const auto = isAuto(session, plugin)
  const limitMs = auto ? OPEN_AUTO_MS : OPEN_MS
  try {
    if (plugin.sample === undefined) return { plugin, auto }
    const opening = plugin.sample(makeContext())
    const open = await within(limitMs, session.stop, opening, 'opening it').catch((thrown) => {
      closeLate(opening)
      throw thrown
    })
    const sampler = readSampler(open, (text) => oneLine(session.scrub(text)))
    return { plugin, auto, watch: watchSource(session, plugin.id, sampler), source: sampler.source }
  } catch (thrown) {
    return { plugin, auto, absent: explain(session, thrown) }
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

/** Without what is secret, and without the user part and the query of addresses. */
export function writeValues(values: PluginValues, { options = {} }: MetricPlugin): PluginValues {
  const shown = Object.entries(values).flatMap(([name, value]) => {
    const option = options[name]
    if (option === undefined || option.secret === true) return []
    return [[name, option.kind === 'url' ? hideQuery(String(value)) : value] as const]
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
