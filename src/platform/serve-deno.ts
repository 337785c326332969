import type { Served, ServeOptions } from '../core/platform.ts'
import { formatOrigin, type Handler, LOCAL, listenError } from './serve.ts'

interface DenoGlobal {
  readonly permissions: {
    query(descriptor: { readonly name: 'net'; readonly host: string }): Promise<{ readonly state: string }>
  }
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
  if (options.unasked) {
    const { state } = await Deno.permissions.query({ name: 'net', host: `${hostname}:${options.port}` })
    if (state !== 'granted') throw listenError(options, new Error('not allowed to listen'))
  }
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
