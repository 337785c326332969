/** What the servers of all runtimes share. */
import { BenchError, describeError } from '../core/errors.ts'
import type { ServeOptions } from '../core/platform.ts'

export type Handler = (request: Request) => Response | Promise<Response>

export const LOCAL = '127.0.0.1'

/** `http://host:port` of what listens, with the brackets that IPv6 needs. */
export function formatOrigin(hostname: string, port: number): string {
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}

/** One line about a server that could not start. */
export function listenError(options: ServeOptions, thrown: unknown): BenchError {
  const where = `${options.hostname ?? LOCAL}:${options.port}`
  const code = (thrown as { code?: unknown } | undefined)?.code
  const busy = code === 'EADDRINUSE' || (thrown instanceof Error && thrown.name === 'AddrInUse')
  return busy
    ? new BenchError('usage', `cannot listen on ${where}: the port is in use; choose another, or 0 for a free one`)
    : new BenchError('usage', `cannot listen on ${where}: ${describeError(thrown).split('\n')[0]}`, { cause: thrown })
}
