/** Config files: YAML, JSON or TypeScript, with the options of `bench run` under the same names. */
import { dirname, extname, isAbsolute, join } from 'node:path'
import { BenchError, describeError } from '../core/errors.ts'
import { optionDescriptions } from '../core/options/mod.ts'
import type { Platform } from '../core/platform.ts'

export interface Config {
  readonly options: Readonly<Record<string, unknown>>
  /** `bench.yaml, line 3: rate`. */
  nameOption(key: string): string
}

interface Parsed {
  readonly value: unknown
  /** From 1; undefined where the format does not say. */
  lineOf(key: string): number | undefined
}

const MODULES = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']

/** Throws `BenchError('usage')` that names the file and, where known, the line. Paths come out relative to the working folder. */
export async function loadConfig(path: string, platform: Platform): Promise<Config> {
  const { value, lineOf } = await parseConfig(path, platform)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BenchError('usage', `${path}: no options in it; write them as "name: value", named as the flags are`)
  }
  const { $schema: _, ...options } = value as Record<string, unknown>
  return {
    options: placePaths(options, dirname(path)),
    nameOption: (key) => {
      const line = lineOf(key)
      return line === undefined ? `${path}: ${key}` : `${path}, line ${line}: ${key}`
    },
  }
}

async function parseConfig(path: string, platform: Platform): Promise<Parsed> {
  const extension = extname(path).toLowerCase()
  if (MODULES.includes(extension)) return { value: await loadModuleConfig(path, platform), lineOf: () => undefined }
  if (!['.yaml', '.yml', '.json'].includes(extension)) {
    throw new BenchError('usage', `--config: ${path} is neither YAML, JSON nor TypeScript by its name; rename it`)
  }
  if (platform.files === undefined) throw new BenchError('unsupported', `--config: ${platform.name} has no files`)
  let text: string
  try {
    text = await platform.files.readText(path)
  } catch (thrown) {
    throw new BenchError('usage', `--config: ${describeError(thrown)}`, { cause: thrown })
  }
  return extension === '.json' ? parseJsonConfig(path, text) : await parseYamlConfig(path, text)
}

async function parseYamlConfig(path: string, text: string): Promise<Parsed> {
  const { LineCounter, parseDocument } = await import('yaml')
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const [problem] = document.errors
  if (problem !== undefined) {
    const { line } = counter.linePos(problem.pos[0])
    throw new BenchError('usage', `${path}, line ${line}: ${problem.message.split('\n')[0]}`)
  }
  const lines = new Map<string, number>()
  const items = (document.contents as { items?: readonly { key?: unknown }[] } | null)?.items ?? []
  for (const { key } of items) {
    const scalar = key as { value?: unknown; range?: readonly number[] } | null | undefined
    if (scalar?.range) lines.set(String(scalar.value), counter.linePos(scalar.range[0]!).line)
  }
  return { value: document.toJS(), lineOf: (key) => lines.get(key) }
}

function parseJsonConfig(path: string, text: string): Parsed {
  const lines = text.split('\n')
  try {
    const value: unknown = JSON.parse(text)
    return {
      value,
      lineOf: (key) => lines.findIndex((line) => line.includes(`${JSON.stringify(key)}:`)) + 1 || undefined,
    }
  } catch (thrown) {
    throw new BenchError('usage', `${path}: not JSON: ${describeJsonError(thrown)}`, { cause: thrown })
  }
}

/** Runtimes quote what they could not read, which may hold a secret: only the place is kept. */
function describeJsonError(thrown: unknown): string {
  const place = /line \d+ column \d+|position \d+/.exec(describeError(thrown))
  return place === null ? 'look for a missing comma, quote or bracket' : `look at ${place[0]}`
}

async function loadModuleConfig(path: string, platform: Platform): Promise<unknown> {
  if (platform.loadModule === undefined) {
    throw new BenchError('unsupported', `--config: ${platform.name} loads no modules at run time; use YAML or JSON`)
  }
  const module = await platform.loadModule(isAbsolute(path) ? path : `./${path}`)
  if (module.default === undefined) {
    throw new BenchError('usage', `${path}: no default export; write: export default { ... }`)
  }
  return module.default
}

const PATHS: ReadonlySet<string> = new Set(optionDescriptions.filter(({ path }) => path).map(({ key }) => key))

function placePaths(options: Readonly<Record<string, unknown>>, folder: string): Readonly<Record<string, unknown>> {
  const placed = Object.entries(options).map(([key, value]) => {
    if (PATHS.has(key)) return [key, placePath(value, folder)]
    if (key === 'adapter') return [key, placeModule(value, folder)]
    if (key === 'plugins') {
      return [key, Array.isArray(value) ? value.map((one) => placeModule(one, folder)) : placeModule(value, folder)]
    }
    return [key, value]
  })
  return Object.fromEntries(placed)
}

function placePath(value: unknown, folder: string): unknown {
  return typeof value !== 'string' || value === '' || isAbsolute(value) ? value : join(folder, value)
}

/** Names and packages stay; `./mine.ts` and `mine.ts` are paths. */
function placeModule(value: unknown, folder: string): unknown {
  if (typeof value !== 'string' || isAbsolute(value)) return value
  const isPath = value.startsWith('.') || MODULES.includes(extname(value).toLowerCase())
  return isPath ? `./${join(folder, value)}` : value
}

/** Which options say the same thing in different words: a flag replaces all of them in a config file, not only its own. */
const ALTERNATIVES: readonly (readonly string[])[] = [
  ['concurrency', 'rate', 'stages', 'replay'],
  ['apiKeyEnv', 'apiKeyFile'],
  ['insecure', 'ca'],
  ['proxy', 'unixSocket'],
]
/** What has no meaning beside a flag. */
const REPLACED: Readonly<Record<string, readonly string[]>> = {
  concurrency: ['arrival', 'burstiness', 'maxInFlight'],
  workload: [
    ...['rate', 'stages', 'replay', 'arrival', 'burstiness', 'maxInFlight', 'concurrency'],
    ...['promptTokens', 'outputTokens', 'promptProfile', 'dataset', 'promptFile'],
  ],
  rate: ['workload'],
  stages: ['workload'],
  replay: ['arrival', 'burstiness', 'workload'],
  dataset: ['promptTokens', 'sharedPrefix', 'promptFile', 'promptProfile', 'workload'],
  promptFile: ['promptTokens', 'sharedPrefix', 'dataset', 'promptProfile', 'workload'],
  promptProfile: ['promptTokens', 'promptFile', 'dataset', 'workload'],
  promptTokens: ['dataset', 'promptFile', 'promptProfile', 'workload'],
}

/** What a flag adds to rather than replaces, since it says one thing of many: the later one wins. */
const ADDED = 'pluginOptions'

/** Flags win over the file. */
export function mergeOptions(
  config: Readonly<Record<string, unknown>>,
  flags: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const given = Object.keys(flags)
  const replaced = new Set([
    ...ALTERNATIVES.filter((names) => names.some((name) => given.includes(name))).flat(),
    ...given.flatMap((name) => REPLACED[name] ?? []),
  ])
  const merged = { ...Object.fromEntries(Object.entries(config).filter(([key]) => !replaced.has(key))), ...flags }
  if (config[ADDED] === undefined || flags[ADDED] === undefined) return merged
  return { ...merged, [ADDED]: [config[ADDED], flags[ADDED]].flat() }
}
