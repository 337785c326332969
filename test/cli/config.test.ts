import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mergeOptions } from '../../src/cli/config.ts'
import { readRunOptions } from '../../src/cli/run-options.ts'
import type { Platform } from '../../src/core/platform.ts'
import { loadPlatform } from '../../src/platform/load.ts'

let platform: Platform
let folder: string
beforeAll(async () => {
  platform = await loadPlatform()
  folder = mkdtempSync(join(tmpdir(), 'inferbench-config-'))
  mkdirSync(join(folder, 'deep'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const read = async (config: string, flags: object = {}) =>
  (await readRunOptions({ config, ...flags }, platform)).options

describe('config files', () => {
  const options = { url: 'http://h', concurrency: [1, 4], gates: ['errors<1%'], stream: false }

  it.each([
    ['a.yaml', 'url: http://h\nconcurrency: [1, 4]\ngates:\n  - errors<1%\nstream: false\n'],
    ['a.yml', 'url: http://h\nconcurrency: 1,4\ngates: errors<1%\nstream: false\n'],
    ['a.json', JSON.stringify({ $schema: 'x', ...options })],
    ['a.mjs', `export default ${JSON.stringify(options)}`],
    ['a.ts', `interface Mine { url: string }\nconst mine: Mine = ${JSON.stringify(options)}\nexport default mine\n`],
  ])('reads %s', async (name, text) => {
    expect(await read(write(name, text))).toEqual(options)
  })

  it('the flags win, also over options that say the same thing otherwise', async () => {
    const path = write('b.yaml', 'concurrency: 4\nmodel: a\nstream: false\n')
    expect(await read(path, { model: 'b', stream: true })).toEqual({ concurrency: [4], model: 'b', stream: true })
    expect(await read(path, { rate: '5' })).toEqual({ rate: [5], model: 'a', stream: false })
    expect(mergeOptions({ rate: 1, arrival: 'gamma', burstiness: 2 }, { concurrency: '3' })).toEqual({
      concurrency: '3',
    })
    expect(mergeOptions({ dataset: 'f' }, { promptTokens: '3' })).toEqual({ promptTokens: '3' })
  })

  it('paths start at the file; names and packages stay', async () => {
    const path = write(
      'deep/c.yaml',
      'dataset: rows.jsonl\nout: /absolute\nadapter: ./mine.ts\nplugins: [energy, other.ts, "@me/plugin"]\n',
    )
    expect(await read(path)).toEqual({
      dataset: join(folder, 'deep/rows.jsonl'),
      out: '/absolute',
      adapter: `./${join(folder, 'deep/mine.ts')}`,
      plugins: ['energy', `./${join(folder, 'deep/other.ts')}`, '@me/plugin'],
    })
    expect(await read(path, { dataset: 'mine.jsonl' })).toMatchObject({ dataset: 'mine.jsonl' })
  })

  it.each([
    ['d.yaml', 'model: a\nrate: fast\n', /d\.yaml, line 2: rate: "fast" is not a number/],
    ['d.yaml', 'model: a\n\nrat: 5\n', /d\.yaml, line 3: rat is not an option; did you mean "rate"/],
    ['d.yaml', 'rate: 5\nconcurrency: 4\n', /d\.yaml, line 1: rate contradicts .*d\.yaml, line 2: concurrency/],
    ['d.yaml', 'rate: [5\nmodel: x\n', /d\.yaml, line \d/],
    ['d.yaml', 'rate: 5\nrate: 6\n', /d\.yaml, line 2/],
    ['d.yaml', '', /no options/],
    ['d.yaml', '- rate\n', /no options/],
    ['d.json', '{"model": "a",\n"rate": "fast"}', /d\.json, line 2: rate/],
    ['d.json', '{"rate": canary}', /d\.json: not JSON/],
    ['d.mjs', 'export const rate = 5', /no default export/],
    ['d.ts', 'export default {', /d\.ts/],
    ['d.toml', '', /neither YAML, JSON nor TypeScript/],
  ])('%s with %j is refused', async (name, text, message) => {
    await expect(read(write(name, text))).rejects.toThrow(message)
    await expect(read(write(name, text))).rejects.not.toThrow(/canary|\n/)
  })

  it('a file that is missing is named', async () => {
    for (const name of ['missing.yaml', 'missing.ts']) {
      await expect(read(join(folder, name))).rejects.toThrow(name)
    }
  })

  it('says where each side of a contradiction was written', async () => {
    const path = write('e.yaml', 'maxInFlight: 4\n')
    await expect(read(path, { concurrency: '4' })).resolves.toEqual({ concurrency: [4] })
    await expect(read(write('f.yaml', 'transport: socket\n'), { http2: true })).rejects.toThrow(
      /^--http2 contradicts .*f\.yaml, line 1: transport/,
    )
  })
})
