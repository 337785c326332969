/** What a plugin that samples is tried with: sources that its author provides, and a context around them. */
import {
  BenchError,
  type Platform,
  type PluginContext,
  type PluginReply,
  type PluginValues,
  type Sample,
} from 'inferbench'

/**
 * - `good`: answers as the real thing does.
 * - `hangs`: from the upset on it accepts what it is asked, and says nothing.
 * - `dies`: from the upset on it is gone: the process has ended, the port is closed, the file is missing.
 * - `lies`: from the upset on it says what is not so or cannot be read: words for numbers, NaN, negative or absurd counts, half a line.
 * - `changes`: from the upset on it speaks in other units or other names, as another version of it would.
 * - `resets`: from the upset on its counters begin again, as those of a server that was restarted.
 * - `jumps`: from the upset on its own clock is an hour off.
 */
export const SOURCE_KINDS = ['good', 'hangs', 'dies', 'lies', 'changes', 'resets', 'jumps'] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]

/** Something to sample, open for one test. Real processes, sockets and files, please: that is what goes wrong. */
export interface PluginSource {
  /** How the plugin finds it: options, platform (with its own `files`, `spawn`), target, ... in place of what the suite gives. */
  readonly context?: Partial<PluginContext>
  /** Until it is called the source is good. */
  upset?(): void | Promise<void>
  /** Called once, after the plugin's sampler was closed. */
  close?(): void | Promise<void>
}

/** One maker a kind; a text in place of one says why there is no such source, and its test is left out. */
export type PluginSources = { readonly good: () => PluginSource | Promise<PluginSource> } & {
  readonly [Kind in Exclude<SourceKind, 'good'>]: (() => PluginSource | Promise<PluginSource>) | string
}

/** Looked for in everything that the plugin says. */
export const TEST_SECRET = 'sk-conformance-7f3a9b'

export interface WatchedContext {
  readonly context: PluginContext
  readonly notes: readonly string[]
  /** What the plugin started and has not ended: processes, requests. */
  pending(): readonly string[]
}

/** A context as the host makes it, which watches what is started through it. `platform` is the real one. */
export function createTestContext(
  platform: Platform,
  defaults: PluginValues,
  given: Partial<PluginContext> = {},
): WatchedContext {
  const { clock } = platform
  const originAt = clock.now()
  const notes: string[] = []
  const pending = new Map<symbol, string>()
  const watch = (what: string, until: Promise<unknown>): void => {
    const key = Symbol(what)
    pending.set(key, what)
    const end = (): boolean => pending.delete(key)
    until.then(end, end)
  }
  const own = given.platform ?? platform
  const { spawn } = own
  const context: PluginContext = {
    target: {
      baseUrl: 'http://127.0.0.1:9',
      model: 'm',
      endpoint: 'chat',
      stream: true,
      includeUsage: true,
      apiKey: TEST_SECRET,
      headers: [['x-secret', TEST_SECRET]],
      body: {},
    },
    seed: 1,
    serverPid: () => undefined,
    toRunMs: (at) => Math.round((at - originAt) * 1000) / 1000,
    get: (url, options) => fetchReply(url, options, clock),
    note: (line) => notes.push(line),
    ...given,
    options: { ...defaults, ...given.options },
    platform:
      spawn === undefined
        ? own
        : {
            ...own,
            spawn: (command, args, options) => {
              const child = spawn.call(own, command, args, options)
              watch(`the process ${command} ${args.join(' ')}`, child.exited)
              return child
            },
          },
  }
  const { get } = context
  return {
    context: {
      ...context,
      get: (url, options) => {
        const reply = get(url, options)
        watch(`the request ${url}`, reply)
        return reply
      },
    },
    notes,
    pending: () => [...pending.values()],
  }
}

async function fetchReply(
  url: string,
  { timeoutMs = 5000, signal }: NonNullable<Parameters<PluginContext['get']>[1]> = {},
  clock: Platform['clock'],
): Promise<PluginReply> {
  const limit = new AbortController()
  const giveUp = (): void => limit.abort()
  const timer = setTimeout(giveUp, timeoutMs)
  signal?.addEventListener('abort', giveUp)
  if (signal?.aborted) giveUp()
  const sentAt = clock.now()
  try {
    // The host follows no redirection either: a key would go where it was not meant for.
    const response = await fetch(url, { signal: limit.signal, redirect: 'manual' })
    const body = await response.text()
    const headers = new Map([...response.headers].map(([name, value]) => [name.toLowerCase(), value]))
    return { status: response.status, headers, body, sentAt, endAt: clock.now() }
  } catch (cause) {
    throw new BenchError('unreachable', `${url}: no answer`, { cause })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}

/** What the host keeps of a reading: samples in order with an instant each, as JSON. Throws for what it would refuse. */
export function keepSamples(
  read: Sample | readonly Sample[] | undefined,
  after: number = Number.NEGATIVE_INFINITY,
): Sample[] {
  if (read === undefined) return []
  const samples = [read].flat() as readonly Sample[]
  let last = after
  return samples.map((sample) => {
    const text = JSON.stringify(sample)
    if (text === undefined) throw new TypeError('a sample is no JSON')
    const kept = JSON.parse(text) as Sample
    if (typeof kept.at !== 'number') throw new TypeError(`a sample has no instant: ${text}`)
    if (kept.at < last) throw new TypeError(`a sample lies before the one before it: ${kept.at} < ${last}`)
    last = kept.at
    return kept
  })
}
