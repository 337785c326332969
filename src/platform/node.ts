import process from 'node:process'
import type { Platform } from '../core/platform.ts'
import { createModuleLoader, importThroughJiti } from './load-module.ts'
import { serveOverHttp } from './serve-http.ts'
import { assemblePlatform } from './shared.ts'
import { createFetchTransport } from './transport/fetch.ts'
import { refuse } from './transport/refuse.ts'
import { createUndiciTransport } from './transport/undici.ts'

/** Node, from 20.19 on. */
export function createNodePlatform(): Platform {
  return assemblePlatform({
    name: 'node',
    version: process.versions.node,
    collections: true,
    // From sources a thread would compile all of them anew, which takes longer than many a run.
    threads: !import.meta.url.endsWith('.ts'),
    transports: {
      undici: createUndiciTransport,
      fetch: createFetchTransport({
        decodes: true,
        showsFraming: true,
        configure: (options) => {
          refuse('fetch', options, ['fresh', 'insecure', 'ca', 'proxy', 'unixSocket', 'http2'])
          return { init: {} }
        },
      }),
    },
    moduleArguments: (module) =>
      module.pathname.endsWith('.ts') ? ['--import', import.meta.resolve('jiti/register')] : [],
    serve: serveOverHttp,
    loadModule: createModuleLoader(importThroughJiti),
  })
}
