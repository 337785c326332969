import type { Served } from '../core/platform.ts'
import { formatOrigin, type Handler, LOCAL, listenError, type ServeOptions } from './serve.ts'

interface DenoGlobal {
  serve(
    options: {
      readonly port: number
      readonly hostname: string
      readonly signal: AbortSignal
      readonly onListen: () => void
    },
    handler: Handler,
  ): { readonly addr: { readonly port: number }; readonly finished: Promise<void> }
}

/** Serves a fetch handler over Deno's own server. */
export async function serveOnDeno(handler: Handler, options: ServeOptions): Promise<Served> {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoGlobal }
  const hostname = options.hostname ?? LOCAL
  const stop = new AbortController()
  try {
    // An empty onListen: by default it prints a line.
    const server = Deno.serve({ port: options.port, hostname, signal: stop.signal, onListen: () => {} }, handler)
    const close = async (): Promise<void> => {
      stop.abort()
      await server.finished
    }
    return { url: formatOrigin(hostname, server.addr.port), close }
  } catch (thrown) {
    throw listenError(options, thrown)
  }
}
