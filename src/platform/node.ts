import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
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
    prepareThread: setHeapOfThreads,
    ...collectGarbage(),
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

/**
 * V8 starts a thread with little room for young objects, and collects them again and again while it grows: with hundreds of new
 * connections, nearly all of them alive, that takes 10 to 20 ms a time, in which the first answers wait. So a thread that carries load
 * starts with the room that it would end with, and is emptied once before each load.
 */
function setHeapOfThreads(): void {
  setFlagsFromString('--min-semi-space-size=16')
  setFlagsFromString('--expose-gc')
}

/** Only in a thread that was started after {@link setHeapOfThreads}. */
function collectGarbage(): { collectGarbage?: () => void } {
  const { gc } = globalThis as { readonly gc?: (options: { readonly type: 'minor' }) => void }
  return gc === undefined ? {} : { collectGarbage: () => gc({ type: 'minor' }) }
}
