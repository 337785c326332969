/** Which plugins take part in a run, and with what options. */
import { BenchError } from '../errors.ts'
import { suggestName } from '../nearest.ts'
import type { PluginSetting } from '../plan.ts'
import type { MetricPlugin, PluginOption, PluginValues } from '../plugin.ts'
import { parseDuration } from '../units.ts'
import { limits } from '../verdict/mod.ts'
import type { CheckedOptions } from './options.ts'
import type { PlanTools } from './plan.ts'
import type { NameOption } from './read.ts'
import { hideQuery, readUserPart } from './url.ts'
import { showValue } from './values.ts'

export interface PlannedPlugins {
  /** Those that were named, in that order; then those that nobody named. */
  readonly plugins: readonly MetricPlugin[]
  readonly settings: Readonly<Record<string, PluginSetting>>
  readonly secrets: readonly string[]
  /** The options of plugins as given, without secrets. */
  readonly written: NonNullable<CheckedOptions['pluginOptions']>
}

/** Options of the run that plugins share: whoever has an option of that name is given it. */
const SHARED = ['priceGpuHour', 'priceKwh', 'gco2Kwh'] as const

const ID = /^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/
/** The log of the client about itself has that name. */
const TAKEN_ID = 'client'
const ALL = 'all'

/** Throws `BenchError('usage')` that names the option, what it has to be, or the nearest name. */
export async function planPlugins(
  options: CheckedOptions,
  tools: PlanTools,
  nameOption: NameOption,
): Promise<PlannedPlugins> {
  const ours = (await tools.listPlugins?.()) ?? []
  const named = await Promise.all(
    (options.plugins ?? []).map(async (given) => ({
      plugin: typeof given === 'string' ? await tools.loadPlugin(given) : given,
      builtIn: typeof given === 'string' && ours.includes(given),
    })),
  )
  for (const { plugin } of named) checkPlugin(plugin)
  const unasked = ((await tools.loadAutoPlugins?.()) ?? []).filter(
    (plugin) =>
      !clashes(
        plugin,
        named.map((one) => one.plugin),
      ),
  )
  const off = readSwitchedOff(options, [...named.map(({ plugin }) => plugin), ...unasked], nameOption)
  const given = options.pluginOptions ?? {}
  const taking = [
    ...named.map((one) => ({ ...one, auto: false })),
    // Who says how one is to work, or what to reckon with, has asked for it.
    ...unasked.map((plugin) => ({
      plugin,
      builtIn: true,
      auto: !Object.hasOwn(given, plugin.id) && !shares(plugin, options),
    })),
  ].filter(({ plugin, auto }) => !off.has(plugin.id) && !(auto && off.has(ALL)))
  const plugins = taking.map(({ plugin }) => plugin)
  requireDistinct(plugins)
  requireKnown(given, plugins, [...off], ours, nameOption('pluginOptions'))
  const shared = readShared(options, plugins, nameOption)
  const values = new Map(
    plugins.map((plugin) => [plugin, readValues(plugin, given[plugin.id] ?? {}, shared, nameOption('pluginOptions'))]),
  )
  return {
    plugins,
    settings: Object.fromEntries(
      taking.map(({ plugin, builtIn, auto }): [string, PluginSetting] => [
        plugin.id,
        { options: values.get(plugin)!, ...(auto ? { auto } : {}), ...(builtIn ? { builtIn } : {}) },
      ]),
    ),
    secrets: plugins.flatMap((plugin) => secretsOf(plugin, values.get(plugin)!)),
    written: Object.fromEntries(
      plugins.flatMap((plugin) => {
        const own = given[plugin.id]
        return own === undefined ? [] : [[plugin.id, hideValues(plugin, own)]]
      }),
    ),
  }
}

function checkPlugin({ id }: MetricPlugin): void {
  if (ID.test(id) && id !== TAKEN_ID) return
  const why = id === TAKEN_ID ? 'is taken by the log of the client' : 'is no name: small letters, digits, single dashes'
  throw new BenchError('usage', `plugin ${showValue(id)}: its id ${why}; rename it`)
}

function shares({ options: own = {} }: MetricPlugin, options: CheckedOptions): boolean {
  return SHARED.some((key) => options[key] !== undefined && Object.hasOwn(own, key))
}

/** A plugin that was named takes the place of one that was not. */
function clashes(plugin: MetricPlugin, named: readonly MetricPlugin[]): boolean {
  const metrics = new Set(plugin.definitions.map(({ id }) => id))
  const codes = new Set((plugin.limits ?? []).map(({ code }) => code))
  return named.some(
    ({ id, definitions, limits: rows = [] }) =>
      id === plugin.id || definitions.some((one) => metrics.has(one.id)) || rows.some(({ code }) => codes.has(code)),
  )
}

/** Metrics are told apart where their registry is made. */
function requireDistinct(plugins: readonly MetricPlugin[]): void {
  const ids = new Set<string>()
  const codes = new Set(limits.map(({ code }) => code))
  for (const { id, limits: rows = [] } of plugins) {
    if (ids.has(id)) throw new BenchError('usage', `plugin ${id} is there twice; name it once`)
    ids.add(id)
    for (const { code } of rows) {
      if (codes.has(code)) throw new BenchError('usage', `plugin ${id}: the limit "${code}" exists already; rename it`)
      codes.add(code)
    }
  }
}

function readSwitchedOff(
  { noPlugins = [] }: CheckedOptions,
  plugins: readonly MetricPlugin[],
  nameOption: NameOption,
): ReadonlySet<string> {
  const ids = plugins.map(({ id }) => id)
  for (const id of noPlugins) {
    if (id === ALL || ids.includes(id)) continue
    const advice = suggestName(id, [...ids, ALL])
    throw new BenchError('usage', `${nameOption('noPlugins')}: no plugin "${id}" would run${advice}`)
  }
  return new Set(noPlugins)
}

/** Options of a plugin that is switched off are not used; those of one that nobody has heard of are a mistake. */
function requireKnown(
  given: Readonly<Record<string, unknown>>,
  plugins: readonly MetricPlugin[],
  off: readonly string[],
  ours: readonly string[],
  name: string,
): void {
  const ids = plugins.map(({ id }) => id)
  for (const id of Object.keys(given)) {
    if (ids.includes(id) || off.includes(id)) continue
    const why = ours.includes(id)
      ? `the plugin "${id}" takes no part; add --plugin ${id}`
      : `there is no plugin "${id}"${suggestName(id, [...new Set([...ids, ...ours])])}`
    throw new BenchError('usage', `${name}: ${why}`)
  }
}

function readShared(
  options: CheckedOptions,
  plugins: readonly MetricPlugin[],
  nameOption: NameOption,
): Readonly<Record<string, number>> {
  const shared: Record<string, number> = {}
  for (const key of SHARED) {
    const value = options[key]
    if (value === undefined) continue
    if (!plugins.some(({ options: own = {} }) => Object.hasOwn(own, key))) {
      throw new BenchError('usage', `${nameOption(key)}: no plugin of this run reckons with it; add --plugin power`)
    }
    shared[key] = value
  }
  return shared
}

function readValues(
  { id, options = {} }: MetricPlugin,
  given: Readonly<Record<string, unknown>>,
  shared: Readonly<Record<string, number>>,
  name: string,
): PluginValues {
  const known = Object.keys(options)
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(options, key)) continue
    const advice = known.length === 0 ? '; it has none' : suggestName(key, known) || `; it has ${known.join(', ')}`
    throw new BenchError('usage', `${name}: the plugin "${id}" has no option "${key}"${advice}`)
  }
  const values = known.flatMap((key): [string, string | number | boolean][] => {
    const option = options[key]!
    const written = given[key] ?? shared[key]
    if (written === undefined) return option.default === undefined ? [] : [[key, option.default]]
    const value = readValue(option, written)
    if (value !== undefined) return [[key, value]]
    const shown = option.secret === true ? 'what it was given' : showGiven(option, written)
    throw new BenchError('usage', `${name}: ${id}.${key}: ${shown} is not ${describeKind(option)}`)
  })
  return Object.fromEntries(values)
}

function showGiven(option: PluginOption, written: unknown): string {
  return showValue(option.kind === 'url' && typeof written === 'string' ? hideQuery(written) : written)
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/** undefined: it is none. */
function readValue(option: PluginOption, written: unknown): string | number | boolean | undefined {
  const text = typeof written === 'string' || typeof written === 'number' ? String(written).trim() : undefined
  switch (option.kind) {
    case 'text':
      if (text === undefined || text === '') return undefined
      return option.choices === undefined || option.choices.includes(text) ? text : undefined
    case 'url': {
      const protocol = text !== undefined && URL.canParse(text) ? new URL(text).protocol : undefined
      return protocol === 'http:' || protocol === 'https:' ? text : undefined
    }
    case 'flag':
      if (typeof written === 'boolean') return written
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'duration':
      return within(readNumber(text) ?? (text === undefined ? undefined : parseDuration(text)), option)
    case 'number':
      return within(readNumber(text), option)
  }
}

function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && NUMBER.test(text) ? Number(text) : undefined
}

function within(
  value: number | undefined,
  { min, max }: { readonly min?: number; readonly max?: number },
): number | undefined {
  if (value === undefined || !Number.isFinite(value)) return undefined
  return value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY) ? value : undefined
}

function describeKind(option: PluginOption): string {
  switch (option.kind) {
    case 'text':
      return option.choices === undefined ? 'a text' : `one of ${option.choices.join(', ')}`
    case 'url':
      return 'an address such as http://localhost:9400/metrics'
    case 'flag':
      return 'true or false'
    case 'duration':
      return `a duration${describeRange(option, 'ms')}, such as 100ms or 2s`
    case 'number':
      return `a number${describeRange(option, option.unit ?? '')}`
  }
}

function describeRange({ min, max }: { readonly min?: number; readonly max?: number }, unit: string): string {
  const with_ = (value: number): string => `${value} ${unit}`.trimEnd()
  if (min !== undefined && max !== undefined) return ` from ${with_(min)} to ${with_(max)}`
  if (min !== undefined) return ` of at least ${with_(min)}`
  return max === undefined ? '' : ` of at most ${with_(max)}`
}

function secretsOf({ options = {} }: MetricPlugin, values: PluginValues): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const option = options[key]!
    if (option.secret === true) return [String(value)]
    const user = option.kind === 'url' ? readUserPart(String(value)) : undefined
    return user === undefined
      ? []
      : [`${user.name}:${user.password}`, user.password, user.name].filter((one) => one !== '')
  })
}

function hideValues(
  { options = {} }: MetricPlugin,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const option = options[key]
      if (option === undefined || option.secret === true) return [key, '[hidden]']
      return [key, option.kind === 'url' ? hideQuery(String(value)) : value]
    }),
  )
}
