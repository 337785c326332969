import type { Platform } from '../core/platform.ts'
import { createModuleLoader, importNatively, type LoadedModule, resolveFromFolder } from './load-module.ts'
import { listOwnModules } from './own-modules.ts'
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
    version: runtime().version,
    collections: false,
    threads: true,
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
    loadModule: createModuleLoader(async (located) => {
      await offerOwnModules()
      return await importNatively(located)
    }),
  })
}

interface BunRuntime {
  readonly version: string
  /** https://bun.com/docs/runtime/plugins */
  plugin(options: { readonly name: string; setup(build: PluginBuilder): void }): void
}

interface PluginBuilder {
  module(name: string, load: () => Promise<{ readonly exports: LoadedModule; readonly loader: 'object' }>): void
}

function runtime(): BunRuntime {
  return (globalThis as unknown as { readonly Bun: BunRuntime }).Bun
}

let offered = false

/** Where the user's folder has no inferbench of its own, `import 'inferbench'` in a file there means this one. */
async function offerOwnModules(): Promise<void> {
  if (offered || (await resolveFromFolder('inferbench')) !== undefined) return
  offered = true
  runtime().plugin({
    name: 'inferbench',
    setup(build) {
      for (const [name, path] of Object.entries(listOwnModules())) {
        build.module(name, async () => ({ exports: (await import(path)) as LoadedModule, loader: 'object' }))
      }
    },
  })
}
