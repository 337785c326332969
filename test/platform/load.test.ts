import { describe, expect, it } from 'vitest'
import { detectRuntime, loadPlatform } from '../../src/platform/load.ts'

const node = { process: { versions: { node: '24.0.0' } } }

describe('detecting the runtime', () => {
  it('knows the three, although two of them claim to be Node', () => {
    expect(detectRuntime(node)).toBe('node')
    expect(detectRuntime({ ...node, navigator: { userAgent: 'Node.js/24' } })).toBe('node')
    expect(detectRuntime({ ...node, Bun: { version: '1.4.5' }, navigator: { userAgent: 'Bun/1.4.5' } })).toBe('bun')
    expect(
      detectRuntime({ ...node, Deno: { version: { deno: '2.9.6' } }, navigator: { userAgent: 'Deno/2.9.6' } }),
    ).toBe('deno')
  })

  it('takes everything else for an edge', () => {
    expect(detectRuntime({})).toBe('web')
    expect(detectRuntime({ ...node, navigator: { userAgent: 'Cloudflare-Workers' } })).toBe('web')
    expect(detectRuntime({ ...node, navigator: { userAgent: 'Mozilla/5.0' } })).toBe('web')
  })

  it('never throws', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('denied')
        },
      },
    )
    expect(detectRuntime(hostile)).toBe('web')
    expect(detectRuntime({ process: null, Deno: null, Bun: 1 })).toBe('web')
  })

  it('loads the platform of the runtime that this is', async () => {
    expect((await loadPlatform()).name).toBe(detectRuntime())
  })
})
