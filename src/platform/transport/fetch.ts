/**
 * Transport over `fetch`: the only one of edge runtimes, and elsewhere the last resort.
 *
 * It sees less than a socket does. `sent` is the instant of calling `fetch`, so making the connection lies inside what is
 * measured, `connectTimeoutMs` is not kept, and no connection is reported as opened. Stages of failure are read from the
 * error's words. Node and Bun take the reset of a body that only the connection ends for its end; Node gives up after
 * 300 s without a byte.
 */
import type { HttpSpec } from '../../core/call.ts'
import type { Transport, TransportFactory, TransportOptions, TransportSink } from '../../core/platform.ts'
import type { Stage } from '../../core/record.ts'
import { readFault } from './fault.ts'
import { askForIdentity, type HeaderList, readEnding } from './http-rules.ts'

/** What differs between the `fetch` of one runtime and another's. */
export interface FetchFlavour {
  /** Default: the global one. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /** It undoes content codings before we see the body, as the standard says. */
  readonly decodes: boolean
  /** It shows `transfer-encoding` and speaks HTTP/1.1, so that a body which the connection ends can be told. */
  readonly showsFraming: boolean
  /** Members of the init object for these options; throws `BenchError('unsupported')` for those that it lacks. */
  configure(options: TransportOptions): { readonly init: object; readonly close?: () => void }
  /** It queues requests above so many in flight without a word; here they fail, and the remedy is named. */
  readonly limit?: { readonly inFlight: number; readonly remedy: string }
}

/** Makes the factory for one runtime's `fetch`. */
export function createFetchTransport(flavour: FetchFlavour): TransportFactory {
  return (options, clock): Transport => {
    const { init, close } = flavour.configure(options)
    const limit = flavour.limit?.inFlight ?? Number.POSITIVE_INFINITY
    let inFlight = 0

    const exchange = async (spec: HttpSpec, sink: TransportSink, signal: AbortSignal): Promise<void> => {
      let stage: Stage = 'headers'
      try {
        const request = createInit(spec, signal, init)
        const ask = flavour.fetch ?? fetch
        sink.sent(clock.now())
        const response = await ask(spec.url, request)
        const headersAt = clock.now()
        const reader = response.body?.getReader()
        // A handler that is called in place of a network does not see the signal in its body.
        onAbort(signal, () => void reader?.cancel().catch(() => {}))
        if (signal.aborted) return
        const headers: HeaderList = [...response.headers]
        const ending = flavour.showsFraming ? readEnding(response.status, headers) : 'complete'
        sink.headers(headersAt, response.status, flavour.decodes ? dropCoding(headers) : headers)
        stage = 'body'
        for (;;) {
          const result = await reader?.read()
          const at = clock.now()
          if (signal.aborted) return
          if (!result || result.done) return sink.end(at, ending)
          sink.bytes(at, result.value)
        }
      } catch (thrown) {
        const at = clock.now()
        // `send` returns before it reports, whatever was wrong with the request.
        await undefined
        if (!signal.aborted) sink.error(at, readFault(thrown, stage))
      }
    }
    return {
      name: 'fetch',
      send: (spec, sink, signal) => {
        if (signal.aborted) return
        if (inFlight >= limit) {
          const message = `this runtime's fetch takes ${limit} requests at a time; ${flavour.limit?.remedy}`
          const at = clock.now()
          queueMicrotask(() => sink.error(at, { stage: 'queue', code: 'FETCH_LIMIT', message }))
          return
        }
        inFlight++
        let open = true
        // An aborted fetch may never settle (Node 20, after a damaged gzip body).
        const release = (): void => {
          if (open) inFlight--
          open = false
        }
        onAbort(signal, release)
        void exchange(spec, sink, signal).finally(release)
      },
      // What the runtime pools is hidden; a connection a request is open at least.
      stats: () => ({ openSockets: inFlight }),
      close: async () => close?.(),
    }
  }
}

function onAbort(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
}

function createInit(spec: HttpSpec, signal: AbortSignal, extras: object): RequestInit {
  return {
    method: spec.method,
    headers: createHeaders(askForIdentity(spec.headers)),
    ...(spec.body !== undefined && { body: spec.body }),
    redirect: 'manual',
    signal,
    ...extras,
  }
}

function createHeaders(list: HeaderList): Headers {
  try {
    return new Headers(list.map(([name, value]): [string, string] => [name, value]))
  } catch {
    // Not the runtime's own words, which quote the value: it may be a secret.
    throw new TypeError('a header holds characters that HTTP does not allow')
  }
}

/** Without the headers that speak of coded bytes, where the runtime has already decoded them. */
function dropCoding(headers: HeaderList): HeaderList {
  if (!headers.some(([name]) => name === 'content-encoding')) return headers
  return headers.filter(([name]) => name !== 'content-encoding' && name !== 'content-length')
}
