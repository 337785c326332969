/** Where calibrations are kept, and what becomes of files that are not what they should be. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CalibrationKey } from '../../src/core/calibration.ts'
import { describeClient } from '../../src/core/engine/calibration.ts'
import { readCalibration, writeCalibration } from '../../src/core/engine/calibration-cache.ts'
import type { Platform } from '../../src/core/platform.ts'
import { findCacheFolder } from '../../src/platform/cache-folder.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { withFolder } from '../support/command.ts'
import { calibrationOf, key, rowOf } from './rows.ts'

async function withCache(use: (platform: Platform, folder: string) => Promise<void>): Promise<void> {
  const platform = await loadPlatform()
  await withFolder((folder) => use({ ...platform, cacheFolder: join(folder, 'cache') }, join(folder, 'cache')))
}

const rows = [rowOf(1, 100, 0.1, 0.05, { cpu: 0.1, serverLimited: true })]

describe('the cache of calibrations', () => {
  it('gives back what was kept, to the client that it is of and to no other', () =>
    withCache(async (platform) => {
      expect(await readCalibration(platform, key)).toEqual({})
      const kept = calibrationOf(rows)
      const path = await writeCalibration(platform, kept)
      expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(kept)
      expect(await readCalibration(platform, key)).toEqual({ calibration: kept })
      const others: readonly Partial<CalibrationKey>[] = [
        { machine: 'another' },
        { runtime: 'bun 1' },
        { transport: 'fetch' },
        { connections: 'fresh' },
        { threads: 2 },
      ]
      for (const [index, other] of others.entries()) {
        expect(await readCalibration(platform, { ...key, ...other })).toEqual({})
        await writeCalibration(platform, calibrationOf([rowOf(index + 2, 100, 0, 0)], other))
      }
      expect(await readCalibration(platform, key)).toEqual({ calibration: kept })
    }))

  it('replaces a file as a whole, and leaves nothing beside it', () =>
    withCache(async (platform, folder) => {
      await writeCalibration(platform, calibrationOf(rows))
      const again = calibrationOf([rowOf(5, 500, 1, 1)])
      await writeCalibration(platform, again)
      expect(await readCalibration(platform, key)).toEqual({ calibration: again })
      expect(readdirSync(join(folder, 'calibration'))).toHaveLength(1)
    }))

  it.each([
    ['', 'damaged'],
    ['{"v":1', 'damaged'],
    [JSON.stringify({ ...calibrationOf(rows), v: 2 }), 'another version'],
    [JSON.stringify({ ...calibrationOf(rows), v: 0 }), 'another version'],
    [JSON.stringify(calibrationOf([])), 'damaged'],
    [JSON.stringify(calibrationOf([{ ...rowOf(1, 1, 0, 0), streams: 'many' as unknown as number }])), 'damaged'],
    [JSON.stringify({ ...calibrationOf(rows), madeAt: 'yesterday' }), 'damaged'],
    [JSON.stringify(calibrationOf(rows, { machine: 'with the same hash' })), 'another client'],
  ])('counts %s as absent, and says why', (text, why) =>
    withCache(async (platform) => {
      const path = await writeCalibration(platform, calibrationOf(rows))
      writeFileSync(path, text)
      const { calibration, note } = await readCalibration(platform, key)
      expect(calibration).toBeUndefined()
      expect(note).toContain(path)
      expect(note).toContain(why)
    }),
  )

  it('a folder in the place of the file, or a file in that of the folder, is no crash', () =>
    withCache(async (platform, folder) => {
      const path = await writeCalibration(platform, calibrationOf(rows))
      const elsewhere = { ...platform, cacheFolder: join(folder, 'other') }
      mkdirSync(join(folder, 'other', 'calibration', path.split(/[\\/]/).at(-1)!), { recursive: true })
      expect((await readCalibration(elsewhere, key)).note).toMatch(/cannot be read/)
      const blocked = { ...platform, cacheFolder: path }
      expect(await readCalibration(blocked, key)).toEqual({})
      await expect(writeCalibration(blocked, calibrationOf(rows))).rejects.toMatchObject({ code: 'usage' })
    }))

  it('is nowhere where there is no folder for it', async () => {
    const { cacheFolder: _, ...platform } = await loadPlatform()
    expect(await readCalibration(platform, key)).toEqual({})
    await expect(writeCalibration(platform, calibrationOf(rows))).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('lies where the system keeps caches', () => {
    const read = (env: Readonly<Record<string, string>>) => (name: string) => env[name]
    expect(findCacheFolder('linux', read({ HOME: '/home/a' }))).toBe('/home/a/.cache/inferbench')
    expect(findCacheFolder('linux', read({ HOME: '/home/a', XDG_CACHE_HOME: '/c' }))).toBe('/c/inferbench')
    expect(findCacheFolder('linux', read({ HOME: '/home/a', XDG_CACHE_HOME: 'c' }))).toBe('/home/a/.cache/inferbench')
    expect(findCacheFolder('darwin', read({ HOME: '/Users/a' }))).toBe('/Users/a/Library/Caches/inferbench')
    expect(findCacheFolder('win32', read({ LOCALAPPDATA: 'C:\\x' }))).toBe('C:\\x/inferbench/Cache')
    expect(findCacheFolder('linux', read({}))).toBeUndefined()
  })
})

it('a client is known by its machine and the major version of its runtime', async () => {
  const platform = await loadPlatform()
  const settings = { transport: 'socket', connections: 'reuse', threads: 1 }
  const machine = { cpu: 'Fast', cores: 4, memoryBytes: 1, os: 'Linux 6.1.2', arch: 'x64' }
  const client = describeClient({ ...platform, name: 'node', version: '24.1.2', machine }, settings)
  expect(client).toEqual({ machine: 'Fast, 4 cores, Linux, x64', runtime: 'node 24', ...settings })
  // What a sandbox denies is left out.
  expect(describeClient({ ...platform, machine: { os: 'linux' } }, settings).machine).toBe('linux')
})
