import process from 'node:process'
import { createJiti } from 'jiti'
import type { Platform } from '../core/platform.ts'
import { createModuleLoader } from './load-module.ts'
import { serveOnNode } from './serve-node.ts'
import { assemblePlatform } from './shared.ts'
import { createFetchTransport } from './transport/fetch.ts'

export function createNodePlatform(): Platform {
  return assemblePlatform({
    name: 'node',
    version: process.versions.node,
    collections: true,
    transports: { fetch: createFetchTransport() },
    serve: serveOnNode,
    loadModule: createModuleLoader(({ specifier }) =>
      createJiti(`${process.cwd()}/`, { interopDefault: false }).import(specifier),
    ),
  })
}
