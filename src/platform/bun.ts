import type { Platform } from '../core/platform.ts'
import { createModuleLoader, importNatively } from './load-module.ts'
import { serveOnBun } from './serve-bun.ts'
import { assemblePlatform } from './shared.ts'
import { createFetchTransport } from './transport/fetch.ts'

export function createBunPlatform(): Platform {
  return assemblePlatform({
    name: 'bun',
    version: (globalThis as unknown as { readonly Bun: { readonly version: string } }).Bun.version,
    collections: false,
    transports: { fetch: createFetchTransport() },
    serve: serveOnBun,
    loadModule: createModuleLoader(importNatively),
  })
}
