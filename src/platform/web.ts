/** Runtimes that offer nothing but web APIs: edge workers. No files, no processes, no server, no socket of our own. */
import type { Platform } from '../core/platform.ts'
import { createClock } from './clock.ts'
import { randomId } from './random-id.ts'
import { createFetchTransport } from './transport/fetch.ts'
import { refuse } from './transport/refuse.ts'

export interface WebPlatformOptions {
  /** Asked instead of the global one, so that a fetch handler can be driven without a socket. */
  readonly fetch?: (request: Request) => Response | Promise<Response>
}

/**
 * A task of its own turn. Timers are the only way that every edge runtime has, and the one that lets I/O in between;
 * browsers round a repeated timer up to 4 ms, which a message channel avoids.
 */
function nextTurn(task: () => void): void {
  setTimeout(task, 0)
}

/** The platform of an edge runtime. Its clock may stand still between two I/O events: see `clock.stepMs`. */
export function createWebPlatform(options: WebPlatformOptions = {}): Platform {
  const { fetch: handler } = options
  return {
    name: 'web',
    version: globalThis.navigator?.userAgent ?? 'unknown',
    machine: {},
    clock: createClock(),
    transports: {
      fetch: createFetchTransport({
        ...(handler && { fetch: async (url: string, init: RequestInit) => await handler(new Request(url, init)) }),
        decodes: handler === undefined,
        showsFraming: false,
        configure: (transportOptions) => {
          refuse('fetch', transportOptions, ['fresh', 'insecure', 'ca', 'proxy', 'unixSocket', 'http2'])
          return { init: {} }
        },
      }),
    },
    defaultTransport: 'fetch',
    randomId,
    env: () => undefined,
    nextTurn,
  }
}
