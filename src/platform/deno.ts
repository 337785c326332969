import type { Platform } from '../core/platform.ts'
import { createModuleLoader, importNatively } from './load-module.ts'
import { serveOnDeno } from './serve-deno.ts'
import { assemblePlatform } from './shared.ts'
import { createFetchTransport } from './transport/fetch.ts'

export function createDenoPlatform(): Platform {
  return assemblePlatform({
    name: 'deno',
    version: (globalThis as unknown as { readonly Deno: { readonly version: { deno: string } } }).Deno.version.deno,
    collections: false,
    moduleArguments: ['run', '--no-prompt', '--allow-net', '--allow-read', '--allow-env', '--allow-sys'],
    transports: { fetch: createFetchTransport() },
    serve: serveOnDeno,
    loadModule: createModuleLoader(importNatively),
  })
}
