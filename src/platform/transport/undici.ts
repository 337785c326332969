/**
 * Transport over undici, on Node: HTTP/2, proxies, Unix sockets, and the oracle that the socket transport is tested
 * against. Its pool has no limit, and its own limits of time are off, save the one on connecting.
 */
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type * as Undici from 'undici'
import type { HttpSpec } from '../../core/call.ts'
import type {
  Clock,
  ConnectionOpened,
  Transport,
  TransportFactory,
  TransportOptions,
  TransportSink,
} from '../../core/platform.ts'
import type { Stage } from '../../core/record.ts'
import { readFault } from './fault.ts'
import { askForIdentity, type HeaderList, readEnding } from './http-rules.ts'
import { MAX_HEAD_BYTES } from './http1.ts'
import { listAuthorities } from './tls-context.ts'

type RawHeaders = Undici.Dispatcher.DispatchController['rawHeaders']

/**
 * HTTP/1.1, or with `http2` HTTP/2: where the server agrees on it (TLS), or without asking (no TLS). Through a proxy no
 * connection is reported as opened, and `openSockets` counts requests.
 */
export const createUndiciTransport: TransportFactory = (options, clock): Transport => {
  // Loading it takes a tenth of a second, which only those who use it should pay.
  const undici = createRequire(import.meta.url)('undici') as typeof Undici
  const trust = describeTrust(options)
  const connector = undici.buildConnector({
    ...trust,
    ...(options.http2 && { allowH2: true, useH2c: true }),
    ...(options.unixSocket !== undefined && { socketPath: options.unixSocket }),
  })
  let openSockets = 0
  let inFlight = 0
  let closing: Promise<void> | undefined
  // undici connects within `dispatch` when no connection is free: this is the request that it connects for.
  let dispatching: Handler | undefined

  const connect: Undici.buildConnector.connector = (parameters, done) => {
    const opener = dispatching
    const timings = createTimings(clock, (stage) => opener?.reach(stage))
    // It returns the socket, though its type does not say so.
    const connecting: unknown = connector(parameters, (...result) => {
      const socket = result[1]
      if (socket) {
        openSockets++
        socket.once('close', () => openSockets--)
        opener?.opened(timings.read(socket))
      }
      done(...result)
    })
    timings.watch(connecting as Socket, parameters.protocol === 'https:')
  }
  const http2 = options.http2 ? { allowH2: true } : {}
  const maxHeaderSize = MAX_HEAD_BYTES
  const dispatcher: Undici.Dispatcher =
    options.proxy === undefined
      ? new undici.Agent({ ...http2, maxHeaderSize, connect })
      : new undici.ProxyAgent({
          ...http2,
          maxHeaderSize,
          uri: options.proxy,
          requestTls: trust,
          proxyTls: trust,
          // As other clients do: a plain request is handed to the proxy, a tunnel is only for TLS.
          proxyTunnel: false,
        })

  return {
    name: 'undici',
    send: (spec, sink, signal) => {
      if (signal.aborted) return
      inFlight++
      const handler = createHandler({ sink, signal, clock, http2: options.http2 === true, settled: () => inFlight-- })
      dispatching = handler
      try {
        dispatcher.dispatch(describeRequest(spec, options), handler)
      } catch (thrown) {
        queueMicrotask(() => handler.fail(thrown))
      } finally {
        dispatching = undefined
      }
    },
    stats: () => ({ openSockets: options.proxy === undefined ? openSockets : inFlight }),
    close: () => {
      closing ??= dispatcher.close()
      return closing
    },
  }
}

function describeTrust(options: TransportOptions): Undici.buildConnector.BuildOptions {
  const limit = { timeout: options.connectTimeoutMs }
  return options.insecure
    ? { ...limit, rejectUnauthorized: false }
    : { ...limit, ...(options.ca !== undefined && { ca: [...listAuthorities(options.ca)] }) }
}

function describeRequest(spec: HttpSpec, options: TransportOptions): Undici.Dispatcher.DispatchOptions {
  const { origin, pathname, search } = new URL(spec.url)
  return {
    origin,
    path: pathname + search,
    method: spec.method,
    headers: askForIdentity(spec.headers).flat(),
    body: spec.body ?? null,
    // Waiting is the engine's business. Said here because a proxy's inner pool does not see the dispatcher's options.
    headersTimeout: 0,
    bodyTimeout: 0,
    reset: options.connections === 'fresh',
  }
}

/** What a connection takes, from the events of its socket. */
function createTimings(
  clock: Clock,
  reach: (stage: Stage) => void,
): {
  watch(socket: Socket, secure: boolean): void
  read(socket: Socket): ConnectionOpened
} {
  const startAt = clock.now()
  let resolvedAt: number | undefined
  let connectedAt: number | undefined
  let secureAt: number | undefined
  return {
    watch: (socket, secure) => {
      socket.once('lookup', () => {
        resolvedAt = clock.now()
        reach('connect')
      })
      socket.prependOnceListener('connect', () => {
        connectedAt = clock.now()
        if (secure) reach('tls')
      })
      if (!secure) return
      socket.prependOnceListener('secureConnect', () => {
        secureAt = clock.now()
      })
    },
    read: (socket) => ({
      startAt,
      ...(resolvedAt !== undefined && { dnsMs: resolvedAt - startAt }),
      ...(connectedAt !== undefined && { connectMs: connectedAt - (resolvedAt ?? startAt) }),
      ...(connectedAt !== undefined && secureAt !== undefined && { tlsMs: secureAt - connectedAt }),
      ...(socket.remoteAddress !== undefined && { address: socket.remoteAddress }),
    }),
  }
}

interface Handler extends Undici.Dispatcher.DispatchHandler {
  /** How far the connection that is made for it has come. */
  reach(stage: Stage): void
  opened(connection: ConnectionOpened): void
  fail(thrown: unknown): void
}

interface HandlerOptions {
  readonly sink: TransportSink
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly http2: boolean
  /** Called once, when the request is over for us. */
  readonly settled: () => void
}

/** undici's callbacks as calls of the sink. */
function createHandler({ sink, signal, clock, http2, settled }: HandlerOptions): Handler {
  let stage: Stage = 'connect'
  let over = false
  let ending: 'complete' | 'closed' = 'complete'
  let abort = (): void => {}

  const settle = (): void => {
    over = true
    signal.removeEventListener('abort', giveUp)
    settled()
  }
  const giveUp = (): void => {
    if (over) return
    settle()
    abort()
  }
  signal.addEventListener('abort', giveUp)

  const fail = (thrown: unknown): void => {
    const at = clock.now()
    if (over) return
    settle()
    sink.error(at, readFault(thrown, stage))
  }
  return {
    reach: (reached) => {
      stage = reached
    },
    opened: (connection) => {
      if (!over) sink.opened(connection)
    },
    fail,
    onRequestStart: (controller) => {
      const at = clock.now()
      abort = () => controller.abort(new Error('aborted'))
      if (over) return abort()
      stage = 'headers'
      sink.sent(at)
    },
    onResponseStart: (controller, status) => {
      const at = clock.now()
      if (over || status < 200) return
      stage = 'body'
      const headers = readHeaders(controller.rawHeaders)
      // HTTP/2 frames every body.
      if (!http2) ending = readEnding(status, headers)
      sink.headers(at, status, headers)
    },
    onResponseData: (_controller, chunk) => {
      const at = clock.now()
      if (!over) sink.bytes(at, chunk)
    },
    onResponseEnd: () => {
      const at = clock.now()
      if (over) return
      settle()
      // The connection counts as free only in the turn after next: a request that the end sets off shall find it.
      setImmediate(() =>
        setImmediate(() => {
          if (!signal.aborted) sink.end(at, ending)
        }),
      )
    },
    // Also called within `dispatch`, for a request that undici refuses.
    onResponseError: (_controller, error) => queueMicrotask(() => fail(error)),
  }
}

/** HTTP/1.1: names and values in turn, as bytes. HTTP/2: an object. */
function readHeaders(raw: RawHeaders): HeaderList {
  if (!raw) return []
  const text = (value: Buffer | string): string => (typeof value === 'string' ? value : value.toString('latin1'))
  if (!Array.isArray(raw)) {
    return Object.entries(raw).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    )
  }
  // undici keeps the white space after a value, which is no part of it (RFC 9112, 5).
  return Array.from({ length: raw.length / 2 }, (_, index) => [
    text(raw[2 * index]!),
    text(raw[2 * index + 1]!).trimEnd(),
  ])
}
