import type { Platform } from '../core/platform.ts'
import { createModuleLoader, importNatively } from './load-module.ts'
import { readEnv } from './probes.ts'
import { serveOverHttp } from './serve-http.ts'
import { assemblePlatform } from './shared.ts'
import { createFetchTransport } from './transport/fetch.ts'
import { refuse } from './transport/refuse.ts'

/** Bun reads it once, when it starts: setting it from within changes nothing. */
const LIMIT = 'BUN_CONFIG_MAX_HTTP_REQUESTS'
const DEFAULT_LIMIT = 256

/** Bun, from 1.4 on. No undici: Bun puts a stand-in without `dispatch` in its place. */
export function createBunPlatform(): Platform {
  return assemblePlatform({
    name: 'bun',
    version: (globalThis as unknown as { readonly Bun: { readonly version: string } }).Bun.version,
    collections: false,
    transports: {
      fetch: createFetchTransport({
        decodes: false,
        showsFraming: true,
        configure: (options) => {
          refuse('fetch', options, ['http2'])
          return {
            init: {
              decompress: false,
              // By default it gives up after five minutes, whatever signal it was given.
              timeout: false,
              keepalive: options.connections !== 'fresh',
              tls: { rejectUnauthorized: !options.insecure, ...(options.ca !== undefined && { ca: options.ca }) },
              ...(options.proxy !== undefined && { proxy: options.proxy }),
              ...(options.unixSocket !== undefined && { unix: options.unixSocket }),
            },
          }
        },
        limit: {
          inFlight: Number(readEnv(LIMIT)) || DEFAULT_LIMIT,
          remedy: `use the transport "socket", or set ${LIMIT}=65535 before starting`,
        },
      }),
    },
    moduleArguments: () => [],
    // Bun's own server holds the head of an answer back until the first chunk of its body.
    serve: serveOverHttp,
    loadModule: createModuleLoader(importNatively),
  })
}
