import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { locateModule, resolveFromFolder } from '../../src/platform/load-module.ts'

const folder = mkdtempSync(join(tmpdir(), 'inferbench-modules-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function install(name: string, exports: unknown): void {
  const path = join(folder, 'node_modules', name)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, type: 'module', exports }))
  writeFileSync(join(path, 'entry.js'), 'export default 1\n')
}

describe('modules that users bring', () => {
  it('are paths when they look like one, relative to the working folder', () => {
    const url = (path: string): string => pathToFileURL(path).href
    expect(locateModule('./a', folder)).toEqual({ kind: 'url', specifier: url(join(folder, 'a')) })
    expect(locateModule('../a.js', folder)).toEqual({ kind: 'url', specifier: url(join(folder, '../a.js')) })
    expect(locateModule('bench.config.ts', folder)).toEqual({
      kind: 'url',
      specifier: url(join(folder, 'bench.config.ts')),
    })
    expect(locateModule('plugins/a.mts', folder)).toEqual({
      kind: 'url',
      specifier: url(join(folder, 'plugins/a.mts')),
    })
    expect(locateModule('/srv/a b.ts', folder)).toEqual({ kind: 'url', specifier: url('/srv/a b.ts') })
  })

  it('are URLs when they have a scheme, and packages otherwise', () => {
    for (const specifier of ['file:///a.ts', 'https://example.org/a.ts', 'npm:my-adapter', 'jsr:@me/adapter']) {
      expect(locateModule(specifier, folder)).toEqual({ kind: 'url', specifier })
    }
    for (const specifier of ['my-adapter', '@me/adapter', '@me/adapter/vllm']) {
      expect(locateModule(specifier, folder)).toEqual({ kind: 'package', specifier })
    }
  })

  it('are packages of the folder, also those that only export for import', async () => {
    install('plain', './entry.js')
    install('@me/import-only', { '.': { import: './entry.js' } })
    for (const name of ['plain', '@me/import-only']) {
      const expected = pathToFileURL(join(folder, 'node_modules', name, 'entry.js')).href
      expect(await resolveFromFolder(name, folder)).toBe(expected)
    }
    expect(await resolveFromFolder('not-installed', folder)).toBeUndefined()
  })
})
