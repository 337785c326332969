/**
 * Transport over `fetch`: the only one of edge runtimes, and elsewhere the last resort.
 *
 * It sees less than a socket does: `sent` is the instant of calling `fetch`, so that making the connection lies inside
 * what is measured; a connection is never reported as opened; a body that the end of the connection ended looks complete.
 */
import type { HttpSpec } from '../../core/call.ts'
import { BenchError } from '../../core/errors.ts'
import type { Transport, TransportFactory, TransportOptions, TransportSink } from '../../core/platform.ts'
import type { Stage } from '../../core/record.ts'
import { readFault } from './fault.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface FetchTransportOptions {
  /** Default: the global one. */
  readonly fetch?: Fetch
  /** The runtime undoes content codings before we see the body. Default: yes, as the standard says. */
  readonly decodes?: boolean
  /** Members of the init object that only this runtime knows. Throws a usage error for options that it lacks. */
  readonly extras?: (options: TransportOptions) => object
  /** Requests that may be in flight; the runtime queues more of them without a word. */
  readonly maxInFlight?: number
}

/** Refuses what the standard `fetch` has no word for, before anything is sent. */
export function refuseUnsupported(options: TransportOptions): object {
  const lacking = [
    options.connections === 'fresh' && 'fresh connections',
    options.insecure && '--insecure',
    options.ca !== undefined && 'extra certificate authorities',
    options.proxy !== undefined && 'a proxy',
    options.unixSocket !== undefined && 'a Unix socket',
    options.http2 && 'HTTP/2 on demand',
  ].filter((name) => typeof name === 'string')
  if (lacking.length === 0) return {}
  throw new BenchError(
    'unsupported',
    `the transport "fetch" has no ${lacking.join(', no ')} here; use another transport`,
  )
}

/** Makes the factory for one runtime's `fetch`. */
export function createFetchTransport(runtime: FetchTransportOptions = {}): TransportFactory {
  const { decodes = true, extras = refuseUnsupported, maxInFlight = Number.POSITIVE_INFINITY } = runtime
  return (options, clock): Transport => {
    const initExtras = extras(options)
    let inFlight = 0

    const exchange = async (spec: HttpSpec, sink: TransportSink, signal: AbortSignal): Promise<void> => {
      const ask = runtime.fetch ?? globalThis.fetch
      let stage: Stage = 'headers'
      try {
        sink.sent(clock.now())
        const response = await ask(spec.url, {
          method: spec.method,
          headers: withIdentity(spec.headers),
          ...(spec.body !== undefined && { body: spec.body }),
          redirect: 'manual',
          signal,
          ...initExtras,
        })
        const headersAt = clock.now()
        if (signal.aborted) return
        sink.headers(headersAt, response.status, readHeaders(response, decodes))
        stage = 'body'
        const reader = response.body?.getReader()
        while (reader) {
          const { done, value } = await reader.read()
          const at = clock.now()
          if (signal.aborted) return
          if (done) break
          sink.bytes(at, value)
        }
        sink.end(clock.now(), 'complete')
      } catch (thrown) {
        const at = clock.now()
        if (!signal.aborted) sink.error(at, readFault(thrown, stage))
      }
    }
    return {
      name: 'fetch',
      send: (spec, sink, signal) => {
        if (signal.aborted) return
        if (inFlight >= maxInFlight) {
          const message = `this runtime's fetch holds back all requests above ${maxInFlight} in flight`
          sink.error(clock.now(), { stage: 'queue', code: 'FETCH_LIMIT', message })
          return
        }
        inFlight++
        exchange(spec, sink, signal).finally(() => inFlight--)
      },
      // What the runtime pools is hidden; at least one connection a request is open.
      stats: () => ({ openSockets: inFlight }),
      close: async () => {},
    }
  }
}

/** Asks for a body as it is, unless the caller wants otherwise: `fetch` would ask for gzip. */
function withIdentity(headers: HttpSpec['headers']): [string, string][] {
  const named = headers.map(([name, value]): [string, string] => [name, value])
  const given = named.some(([name]) => name.toLowerCase() === 'accept-encoding')
  return given ? named : [...named, ['accept-encoding', 'identity']]
}

/** Without the headers that speak of coded bytes, where the runtime has already decoded them. */
function readHeaders(response: Response, decodes: boolean): [string, string][] {
  const headers = [...response.headers]
  if (!decodes || !response.headers.has('content-encoding')) return headers
  return headers.filter(([name]) => name !== 'content-encoding' && name !== 'content-length')
}
