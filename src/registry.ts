/**
 * Adapters and plugins by name, by npm package or by path. The names of ours are the files in `adapters/` and `plugins/`:
 * there is no second list to keep.
 */
import type { Adapter } from './core/adapter.ts'
import { BenchError } from './core/errors.ts'
import { suggestName } from './core/nearest.ts'
import type { PlanTools } from './core/options/mod.ts'
import { isAdapter, isPlugin } from './core/options/values-domain.ts'
import type { Platform } from './core/platform.ts'
import type { MetricPlugin } from './core/plugin.ts'

type Kind = 'adapter' | 'plugin'

interface Parts {
  readonly adapter: Adapter
  readonly plugin: MetricPlugin
}

const tests: { readonly [K in Kind]: (value: unknown) => value is Parts[K] } = { adapter: isAdapter, plugin: isPlugin }
const needs: Readonly<Record<Kind, string>> = {
  adapter: 'name, flags, encode and decoder',
  plugin: 'id and definitions',
}

// In a checkout this file is src/registry.ts; in the package it is dist/registry.js, with the folders beside it.
// Bundled for an edge runtime it has no place, and nothing beside it.
const here: string | undefined = import.meta.url
const extension = here?.endsWith('.ts') ? '.ts' : '.js'
const root = new URL(extension === '.ts' ? '../' : './', here ?? 'file:///')

/** Names of ours, sorted; empty where the runtime cannot look (then modules are given as objects). */
export async function listBuiltins(kind: Kind, platform: Platform): Promise<readonly string[]> {
  const names = (await platform.files?.list(folderPath(kind))) ?? []
  return names
    .filter((name) => name.endsWith(extension) && !name.endsWith(`.d${extension}`) && !name.startsWith('_'))
    .map((name) => name.slice(0, -extension.length))
    .sort()
}

/** Finds one. Rejects with `BenchError('usage')`: no such name (with the nearest), or a module that holds no such thing. */
export async function loadPart<K extends Kind>(kind: K, specifier: string, platform: Platform): Promise<Parts[K]> {
  const names = await listBuiltins(kind, platform)
  const module = names.includes(specifier)
    ? await import(new URL(`${folderName(kind)}${specifier}${extension}`, root).href)
    : await loadForeign(kind, specifier, names, platform)
  const part = (module as Readonly<Record<string, unknown>>).default
  if (tests[kind](part)) return part as Parts[K]
  throw new BenchError('usage', `${specifier} is no ${kind}: its default export has to have ${needs[kind]}`)
}

/** How a plan finds the parts that its options name. */
export function partLoaders(platform: Platform): Pick<PlanTools, 'loadAdapter' | 'loadPlugin' | 'listPlugins'> {
  return {
    loadAdapter: (specifier) => loadPart('adapter', specifier, platform),
    loadPlugin: (specifier) => loadPart('plugin', specifier, platform),
    listPlugins: () => listBuiltins('plugin', platform),
  }
}

/** Those of our plugins that run unasked. */
export async function loadAutoPlugins(platform: Platform): Promise<readonly MetricPlugin[]> {
  const names = await listBuiltins('plugin', platform)
  const plugins = await Promise.all(names.map((name) => loadPart('plugin', name, platform)))
  return plugins.filter(({ auto }) => auto === true)
}

async function loadForeign(
  kind: Kind,
  specifier: string,
  names: readonly string[],
  platform: Platform,
): Promise<Readonly<Record<string, unknown>>> {
  if (platform.loadModule === undefined) {
    throw new BenchError('unsupported', `${platform.name} loads no modules at run time; give the ${kind} itself`)
  }
  try {
    return await platform.loadModule(specifier)
  } catch (thrown) {
    // A path that fails has its own reason; a bare word was most likely meant as one of our names.
    if (/[/\\.]/.test(specifier)) throw thrown
    const message = `there is no ${kind} "${specifier}"${suggestName(specifier, names)}`
    throw new BenchError('usage', message, { cause: thrown })
  }
}

function folderName(kind: Kind): string {
  return `${kind}s/`
}

function folderPath(kind: Kind): string {
  const path = decodeURIComponent(new URL(folderName(kind), root).pathname)
  return /^\/[a-z]:/i.test(path) ? path.slice(1) : path
}
