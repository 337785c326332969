import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadPlatform } from '../../src/platform/load.ts'
import { runBench, startMock, withFolder } from '../support/command.ts'

describe('a folder to write to', () => {
  it('is made with all above it, again without complaint', () =>
    withFolder(async (folder) => {
      const files = (await loadPlatform()).files!
      const deep = join(folder, 'a', 'ü b', 'c')
      await files.makeFolder(deep)
      await files.makeFolder(deep)
      await files.makeFolder(`${deep}/`)
      expect(existsSync(deep)).toBe(true)
    }))

  it('below or in the place of a file is a mistake', () =>
    withFolder(async (folder) => {
      const files = (await loadPlatform()).files!
      const file = join(folder, 'file')
      writeFileSync(file, '')
      for (const path of [file, join(file, 'below'), join(file, 'below', 'deeper')])
        await expect(files.makeFolder(path)).rejects.toMatchObject({
          code: 'usage',
          message: expect.stringMatching(/no folder/),
        })
    }))

  // Node's `mkdir(path, { recursive: true })` never ends there.
  it.skipIf(!existsSync('/proc/self'))('ends where a folder that exists takes none', async () => {
    const files = (await loadPlatform()).files!
    await expect(files.makeFolder('/proc/inferbench/run')).rejects.toMatchObject({ code: 'usage' })
    await expect(files.writeText('/proc/inferbench/run/gates.xml', '')).rejects.toMatchObject({ code: 'storage' })
  })

  it('--out that is a file is wrong usage, and stays as it is', () =>
    withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'file'), 'mine')
      const mock = await startMock('--ttft', '1ms', '--itl', '1ms')
      const args = ['run', '--url', mock.url, '--requests', '2', '--warmup', '0', '--out', 'file']
      const { code, stderr } = await runBench(args, { cwd })
      await mock.close()
      expect(stderr).toMatch(/^bench: cannot make the folder file: it exists and is no folder\n$/)
      expect(code).toBe(2)
    }))
})
