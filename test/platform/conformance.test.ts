import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { detectRuntime, loadPlatform } from '../../src/platform/load.ts'
import { createWebPlatform } from '../../src/platform/web.ts'
import { testPlatform } from '../conformance/platform.ts'

const folder = mkdtempSync(join(tmpdir(), 'inferbench-platform-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const runtime = detectRuntime()
const unseen = 'this decompressor does not say that its input is cut'
testPlatform(runtime, loadPlatform, {
  folder,
  skip: {
    ...(runtime === 'deno' && { 'br: a body that is cut rejects': unseen }),
    ...(runtime !== 'node' && { 'zstd: a body that is cut rejects': unseen }),
  },
})

// The edge, over the runtime's own fetch and a real socket.
testPlatform('web', async () => createWebPlatform(), {
  serve: async (handler, options) => (await loadPlatform()).serve!(handler, options),
})

// The edge, with a handler in place of the network.
let handler: ((request: Request) => Response | Promise<Response>) | undefined
const refuse = (): never => {
  throw Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' })
}
testPlatform(
  'web without a network',
  async () => createWebPlatform({ fetch: (request) => (handler ?? refuse)(request) }),
  {
    serve: async (given) => {
      const before = handler
      handler = given
      const close = async (): Promise<void> => {
        handler = before ? refuse : undefined
      }
      return { url: 'http://handler.invalid', close }
    },
  },
)
