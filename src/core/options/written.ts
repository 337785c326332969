/** Checked options in the form in which a config file would hold them, without secrets: what the manifest says was asked for. */
import { hideCommandSecrets } from './command-line.ts'
import { showSpread } from './matrix.ts'
import type { CheckedOptions } from './options.ts'
import { hideHeaders, hideStrings } from './secrets.ts'
import { hideUserPart } from './url.ts'

const DURATIONS: ReadonlySet<string> = new Set([
  'readyTimeout',
  'duration',
  'drain',
  'cooldown',
  'idle',
  'connectTimeout',
  'headersTimeout',
  'firstTokenTimeout',
  'idleTimeout',
  'timeout',
])

type Writers = { readonly [Key in keyof CheckedOptions]?: (value: NonNullable<CheckedOptions[Key]>) => unknown }

const writers: Writers = {
  adapter: (adapter) => (typeof adapter === 'string' ? adapter : adapter.name),
  url: hideUserPart,
  proxy: hideUserPart,
  start: hideCommandSecrets,
  headers: hideHeaders,
  body: hideStrings,
  promptTokens: (spreads) => spreads.map(showSpread),
  outputTokens: (spreads) => spreads.map(showSpread),
  warmup: (warmup) => ('ms' in warmup ? `${warmup.ms}ms` : warmup.requests),
  stages: (stages) => stages.map(({ durationMs, ...stage }) => ({ ...stage, duration: `${durationMs}ms` })),
  plugins: (plugins) => plugins.map((plugin) => (typeof plugin === 'string' ? plugin : plugin.id)),
}

export function writeOptions(options: CheckedOptions): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, writeValue(key, value)]))
}

function writeValue(key: string, value: unknown): unknown {
  if (DURATIONS.has(key)) return `${value}ms`
  const write = writers[key as keyof Writers] as ((value: unknown) => unknown) | undefined
  return write === undefined || value === null ? value : write(value)
}
