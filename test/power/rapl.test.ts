import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BenchError, type Files } from 'inferbench'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findZones, readZone } from '../../plugins/power/rapl.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { layOutZones } from './powercap.ts'

let folder: string
let files: Files
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inferbench-rapl-'))
  files = (await loadPlatform()).files!
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('counters of processors', () => {
  it('are those of packages and of the memory beside them, each once', async () => {
    const root = layOutZones(join(folder, 'two'))
    const found = await findZones(files, root)
    expect(
      'zones' in found ? found.zones.map(({ name, kind, wrapsAtJ }) => ({ name, kind, wrapsAtJ })) : found,
    ).toEqual([
      { name: 'package-0', kind: 'cpu', wrapsAtJ: 262_143.328_85 },
      { name: 'dram-0', kind: 'dram', wrapsAtJ: 65_712.999_613 },
      { name: 'package-1', kind: 'cpu', wrapsAtJ: 262_143.328_85 },
    ])
    const [zone] = 'zones' in found ? found.zones : []
    expect(await readZone(files, zone!)).toBe(1234.567_89)
    writeFileSync(zone!.file, 'garbage\n')
    expect(await readZone(files, zone!)).toBeUndefined()
    rmSync(zone!.file)
    expect(await readZone(files, zone!)).toBeUndefined()
  })

  it('are found where they lie within each other, and of each die of a package', async () => {
    const root = join(folder, 'nested')
    const zones = {
      'intel-rapl:0': 'package-0-die-0',
      'intel-rapl:1': 'package-0-die-1',
      'intel-rapl:1/intel-rapl:1:0': 'dram',
    }
    for (const [zone, name] of Object.entries(zones)) {
      mkdirSync(join(root, 'intel-rapl', zone), { recursive: true })
      writeFileSync(join(root, 'intel-rapl', zone, 'name'), `${name}\n`)
      writeFileSync(join(root, 'intel-rapl', zone, 'energy_uj'), '5000000\n')
    }
    const found = await findZones(files, root)
    expect('zones' in found ? found.zones.map(({ name, kind }) => [name, kind]) : found).toEqual([
      ['package-0-die-0', 'cpu'],
      ['package-0-die-1', 'cpu'],
      ['dram-1', 'dram'],
    ])
  })

  it('of which one may not be read are no sum', async () => {
    const root = layOutZones(join(folder, 'half'))
    const closed: Files = {
      ...files,
      readText: (path) =>
        path.endsWith(join('intel-rapl:1', 'energy_uj'))
          ? Promise.reject(new BenchError('usage', 'permission denied'))
          : files.readText(path),
    }
    expect(await findZones(closed, root)).toEqual({ reason: expect.stringMatching(/are for root to read/) })
  })

  it('that only root may read are a reason, and so are none', async () => {
    const root = layOutZones(join(folder, 'closed'))
    const closed: Files = {
      ...files,
      readText: (path) =>
        path.endsWith('energy_uj')
          ? Promise.reject(new BenchError('usage', 'permission denied'))
          : files.readText(path),
    }
    expect(await findZones(closed, root)).toEqual({ reason: expect.stringMatching(/are for root to read/) })
    mkdirSync(join(folder, 'empty'))
    expect(await findZones(files, join(folder, 'empty'))).toEqual({
      reason: expect.stringMatching(/^no processor tells/),
    })
    expect(await findZones(files, join(folder, 'nowhere'))).toEqual({
      reason: expect.stringMatching(/^no processor tells/),
    })
  })
})
