import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { detectRuntime, loadPlatform } from '../../src/platform/load.ts'

describe('processes', () => {
  it('start a module of ours on the same runtime, and hear its interrupts', async () => {
    const platform = await loadPlatform()
    const child = platform.startModule!(new URL('./fixtures/interrupted.ts', import.meta.url), ['a', 'b'])
    const lines = child.lines[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe(`ready ${detectRuntime()} a b`)
    for (const [index, signal] of (['SIGINT', 'SIGTERM', 'SIGINT'] as const).entries()) {
      process.kill(child.pid, signal)
      expect((await lines.next()).value).toBe(`interrupt ${index + 1}`)
    }
    child.kill('SIGKILL')
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' })
  })
})
