/** What plugins are given of a run. */
import type { Target } from '../adapter.ts'
import { BenchError } from '../errors.ts'
import { encodeBase64 } from '../options/secrets.ts'
import { hideQuery, readUserPart } from '../options/url.ts'
import type { Transport, TransportOptions } from '../platform.ts'
import type { MetricPlugin, PluginContext, PluginReply, PluginValues } from '../plugin.ts'
import { ask } from './probe.ts'
import type { Session } from './session.ts'

const GET_TIMEOUT_MS = 5000
/** A plugin that notes something at every sample fills no manifest. */
const MOST_NOTES = 10

export interface PluginContexts {
  of(plugin: MetricPlugin): PluginContext
  /** Ends what is still asked, and every connection. */
  close(): Promise<void>
}

export interface PluginSetting {
  readonly target: Target
  serverPid(): number | undefined
  openTransport(options: TransportOptions): Transport
}

export function openPluginContexts(session: Session, setting: PluginSetting): PluginContexts {
  const { plan, platform, toRunMs } = session
  const { target, serverPid } = setting
  const getter = openGetter(session, setting)
  return {
    of: (plugin) => ({
      platform,
      options: valuesOf(session, plugin),
      target,
      ...(plan.adapter.scrape === undefined ? {} : { scrape: plan.adapter.scrape }),
      seed: plan.seed,
      serverPid,
      toRunMs,
      get: getter.get,
      note: limitNotes(session, plugin.id),
    }),
    close: getter.close,
  }
}

/** As they were given and checked, else their defaults. */
export function valuesOf({ plan }: Session, plugin: MetricPlugin): PluginValues {
  return plan.pluginSettings?.[plugin.id]?.options ?? defaultsOf(plugin)
}

export function defaultsOf({ options = {} }: MetricPlugin): PluginValues {
  const given = Object.entries(options).flatMap(([name, option]) =>
    option.default === undefined ? [] : [[name, option.default] as const],
  )
  return Object.fromEntries(given)
}

function limitNotes(session: Session, id: string): (line: string) => void {
  const said = new Set<string>()
  return (line) => {
    const text = session.scrub(String(line)).replaceAll(/\s+/g, ' ').trim()
    if (text === '' || said.has(text) || said.size >= MOST_NOTES) return
    said.add(text)
    session.note(`plugin ${id}: ${text}`)
  }
}

interface Getter {
  readonly get: PluginContext['get']
  close(): Promise<void>
}

/** The server is reached as the run reaches it; what is elsewhere shares its certificates and proxy, and nothing else. */
function openGetter({ plan, platform, scrub }: Session, { target, openTransport }: PluginSetting): Getter {
  const origin = new URL(target.baseUrl).origin
  const { unixSocket: _, http2: __, ...elsewhere } = plan.transportOptions
  const open = new Map<string, Transport>()
  const closing = new AbortController()
  const transportTo = (where: 'server' | 'elsewhere'): Transport => {
    const known = open.get(where)
    if (known !== undefined) return known
    const options = where === 'server' ? plan.transportOptions : elsewhere
    const transport = openTransport({ ...options, connections: 'reuse' })
    open.set(where, transport)
    return transport
  }

  const get: Getter['get'] = async (address, { timeoutMs = GET_TIMEOUT_MS, signal } = {}): Promise<PluginReply> => {
    const url = readAddress(address, scrub)
    const user = readUserPart(address)
    url.username = url.password = ''
    const own = url.origin === origin
    const stop = new AbortController()
    const onAbort = (): void => stop.abort()
    if (closing.signal.aborted || signal?.aborted) onAbort()
    closing.signal.addEventListener('abort', onAbort)
    signal?.addEventListener('abort', onAbort)
    try {
      const outcome = await ask(
        platform,
        transportTo(own ? 'server' : 'elsewhere'),
        { method: 'GET', url: url.href, headers: headersFor(own ? target : undefined, user), framing: 'json' },
        timeoutMs,
        stop.signal,
      )
      if (outcome.kind === 'reply' && !outcome.cut) {
        return { ...outcome.reply, sentAt: outcome.sentAt, endAt: outcome.endAt }
      }
      const why = outcome.kind === 'reply' ? 'its answer is too large' : outcome.error.message
      throw new BenchError('unreachable', scrub(`${hideQuery(address)}: ${why}`))
    } finally {
      closing.signal.removeEventListener('abort', onAbort)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  return {
    get,
    async close() {
      closing.abort()
      await Promise.all([...open.values()].map((transport) => transport.close()))
      open.clear()
    },
  }
}

function readAddress(address: string, scrub: (text: string) => string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new BenchError('unreachable', scrub(`${hideQuery(String(address))} is no http address`))
}

function headersFor(
  target: Target | undefined,
  user: { readonly name: string; readonly password: string } | undefined,
): readonly (readonly [name: string, value: string])[] {
  const given = target?.headers ?? []
  const said = given.some(([name]) => name.toLowerCase() === 'authorization')
  if (user !== undefined) {
    const others = given.filter(([name]) => name.toLowerCase() !== 'authorization')
    return [...others, ['authorization', `Basic ${encodeBase64(`${user.name}:${user.password}`)}`]]
  }
  return target?.apiKey === undefined || said ? given : [...given, ['authorization', `Bearer ${target.apiKey}`]]
}
