import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Served, ServeOptions } from '../core/platform.ts'
import { formatOrigin, type Handler, LOCAL, listenError } from './serve.ts'

const STREAMS = /^(text\/event-stream|application\/(x-)?ndjson)/

/**
 * The adapter looks ahead for a length for up to two chunks and a timer, except where the response says that it is
 * chunked. A stream has no length to find, and the look would delay its first event by a millisecond.
 */
function markStream(response: Response): Response {
  if (
    !STREAMS.test(response.headers.get('content-type') ?? '') ||
    !response.body ||
    response.headers.has('content-length')
  )
    return response
  const headers = new Headers(response.headers)
  headers.set('transfer-encoding', 'chunked')
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

/** Serves a fetch handler over `node:http`, on Node and Bun. Each chunk of a streamed body is written as it comes. */
export function serveOverHttp(handler: Handler, options: ServeOptions): Promise<Served> {
  const server = createAdaptorServer({
    fetch: async (request: Request) => markStream(await handler(request)),
    overrideGlobalObjects: false,
    // Without it the write of the head and that of the first chunk lie 40 ms apart (Nagle and delayed acknowledgement).
    serverOptions: { noDelay: true, keepAlive: true, requestTimeout: 0 },
  }) as import('node:http').Server
  // A client that keeps its connections for a run must not find them closed after the default 5 s.
  server.keepAliveTimeout = 120_000

  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return new Promise((resolve, reject) => {
    server.on('error', (thrown) => reject(listenError(options, thrown)))
    server.listen({ port: options.port, host: options.hostname ?? LOCAL, backlog: 4096 }, () => {
      const { port } = server.address() as AddressInfo
      resolve({ url: formatOrigin(options.hostname ?? LOCAL, port), close })
    })
  })
}
