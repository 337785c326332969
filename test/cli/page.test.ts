import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runBench, startMock, withFolder } from '../support/command.ts'

describe('--html', () => {
  it('writes the same page after a run and from its folder, with nothing of the key', async () => {
    await withFolder(async (folder) => {
      const mock = await startMock('--ttft', '5ms', '--itl', '1ms')
      const [run, first, second] = ['run', 'first.html', 'second.html'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ]
      const load = ['--requests', '12', '--concurrency', '3', '--output-tokens', '8']
      const ran = await runBench(['run', '--url', mock.url, ...load, '--out', run, '--html', first], {
        env: { OPENAI_API_KEY: 'sk-very-secret' },
      })
      await mock.close()
      expect(ran.code, ran.stderr).toBe(0)
      expect((await runBench(['report', run, '--html', second])).code).toBe(0)
      const page = readFileSync(first, 'utf8')
      expect(readFileSync(second, 'utf8')).toBe(page)
      expect(page).toMatch(/^<!doctype html>/)
      expect(page).toContain('uPlot\nThe MIT License')
      expect(page).not.toContain('sk-very-secret')

      const results = join(folder, 'results.json')
      const third = join(folder, 'third.html')
      writeFileSync(results, (await runBench(['report', run, '--format', 'gateway'])).stdout)
      const foreign = await runBench(['report', results, '--html', third])
      expect([foreign.code, foreign.stderr]).toEqual([2, expect.stringContaining('--html is about a run')])
      expect(existsSync(third)).toBe(false)
    })
  })

  it('of no run is refused, and writes nothing', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'page.html')
      const nothing = await runBench(['report', join(folder, 'none'), '--html', file])
      expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('no such folder')])
      expect(existsSync(file)).toBe(false)
    })
  })
})
