import type { Platform } from '../core/platform.ts'
import { createModuleLoader, importNatively } from './load-module.ts'
import { serveOnDeno } from './serve-deno.ts'
import { assemblePlatform } from './shared.ts'
import { createFetchTransport } from './transport/fetch.ts'
import { refuse } from './transport/refuse.ts'

interface DenoGlobal {
  readonly version: { readonly deno: string }
  readonly permissions: {
    querySync(
      descriptor:
        | { readonly name: 'sys'; readonly kind: string }
        | { readonly name: 'read'; readonly path: string }
        | { readonly name: 'run'; readonly command: string },
    ): { readonly state: string }
  }
  createHttpClient(options: object): { close(): void }
}

/** Deno, from 2.9 on. What its sandbox denies is absent. */
export function createDenoPlatform(): Platform {
  const { Deno } = globalThis as unknown as { readonly Deno: DenoGlobal }
  return assemblePlatform({
    name: 'deno',
    version: Deno.version.deno,
    collections: false,
    threads: true,
    mayDo: (what, name) =>
      Deno.permissions.querySync(what === 'read' ? { name: what, path: name } : { name: what, command: name }).state ===
      'granted',
    isAllowed: (kind) => Deno.permissions.querySync({ name: 'sys', kind }).state === 'granted',
    transports: {
      fetch: createFetchTransport({
        // True of every request that says which codings it accepts, as all of ours do.
        decodes: false,
        showsFraming: true,
        configure: (options) => {
          refuse('fetch', options, ['insecure'])
          const client = Deno.createHttpClient({
            http2: options.http2 === true,
            ...(options.connections === 'fresh' && { poolMaxIdlePerHost: 0 }),
            ...(options.ca !== undefined && { caCerts: [options.ca] }),
            ...(options.proxy !== undefined && { proxy: { url: options.proxy } }),
            ...(options.unixSocket !== undefined && { proxy: { transport: 'unix', path: options.unixSocket } }),
          })
          return { init: { client }, close: () => client.close() }
        },
      }),
    },
    moduleArguments: (_, allow) => [
      'run',
      '--no-prompt',
      // Who may run any command may do anything; reading /proc is asked for by this alone.
      ...(allow === 'commands' ? ['--allow-all'] : ['--allow-net', '--allow-read', '--allow-env', '--allow-sys']),
    ],
    serve: serveOnDeno,
    loadModule: createModuleLoader(importNatively),
  })
}
