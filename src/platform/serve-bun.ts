import type { Served } from '../core/platform.ts'
import { formatOrigin, type Handler, LOCAL, listenError, type ServeOptions } from './serve.ts'

interface BunServer {
  readonly port: number
  stop(closeConnections: boolean): Promise<void>
}

interface BunGlobal {
  serve(options: {
    readonly port: number
    readonly hostname: string
    readonly idleTimeout: number
    readonly fetch: Handler
  }): BunServer
}

/** Serves a fetch handler over Bun's own server. */
export async function serveOnBun(handler: Handler, options: ServeOptions): Promise<Served> {
  const { Bun } = globalThis as unknown as { readonly Bun: BunGlobal }
  const hostname = options.hostname ?? LOCAL
  try {
    // idleTimeout 0: by default an answer whose first byte takes 10 s is cut off.
    const server = Bun.serve({ port: options.port, hostname, idleTimeout: 0, fetch: handler })
    return { url: formatOrigin(hostname, server.port), close: () => server.stop(true) }
  } catch (thrown) {
    throw listenError(options, thrown)
  }
}
