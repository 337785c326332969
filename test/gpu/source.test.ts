import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Platform } from 'inferbench'
import { afterEach, describe, expect, it } from 'vitest'
import { seesGpu } from '../../plugins/gpu/check.ts'
import { isDcgmField } from '../../plugins/gpu/dcgm.ts'
import type { GpuReading } from '../../plugins/gpu/device.ts'
import { type GpuSource, openGpuSource, type Scrape, type SourceSettings } from '../../plugins/gpu/source.ts'
import { readMetricsText } from '../../plugins/server/text.ts'
import { createStandIns, fixturePath, type StandInSettings, type StandIns } from './stand-in.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const never = new AbortController().signal

async function standIn(
  settings: StandInSettings,
): Promise<StandIns & { readonly started: string[]; readonly alive: Set<string> }> {
  const standIns = await createStandIns(settings)
  cleanups.push(standIns.remove)
  const [started, alive]: [string[], Set<string>] = [[], new Set()]
  const platform: Platform = {
    ...standIns.platform,
    spawn(command, args, options) {
      const child = standIns.platform.spawn!(command, args, options)
      const name = `${child.pid} ${command}`
      started.push(command)
      alive.add(name)
      void child.exited.then(() => alive.delete(name))
      return child
    },
  }
  return { ...standIns, platform, started, alive }
}

const scrape: Scrape = async (url, { signal }) => {
  // fetch refuses an address with a user part; the host's client does not.
  const response = await fetch(url.replace(/\/\/.*@/, '//'), { signal })
  return { at: 0, status: response.status, samples: readMetricsText(await response.text(), isDcgmField).samples }
}

async function open(platform: Platform, settings: SourceSettings = {}): Promise<GpuSource> {
  const source = await openGpuSource(platform, settings, scrape)
  cleanups.push(source.close)
  return source
}

async function readUntil(
  source: GpuSource,
  enough: (readings: readonly GpuReading[]) => boolean,
): Promise<readonly GpuReading[]> {
  const readings: GpuReading[] = []
  while (!enough(readings)) {
    readings.push(...(await source.read(never)))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return readings
}

const three = (readings: readonly GpuReading[]): boolean => readings.length >= 3

describe('the source', () => {
  it('is one nvidia-smi that streams, for however many readers', async () => {
    const { platform, started, alive } = await standIn({ nvidia: 'h200-x8-590.csv', amd: 'amd-smi.json' })
    const [one, other] = await Promise.all([open(platform, { everyMs: 40 }), open(platform, { everyMs: 40 })])
    expect(one).toMatchObject({ kind: 'nvidia-smi', name: 'nvidia-smi 590.48.01', everyMs: 40 })
    expect(one.devices).toHaveLength(8)
    const [readings, others] = await Promise.all([readUntil(one, three), readUntil(other, three)])
    expect(readings[0]!.devices).toHaveLength(8)
    expect(readings.map(({ at }) => at)).toEqual(readings.map(({ at }) => at).sort((a, b) => a - b))
    expect(others.slice(0, 3)).toEqual(readings.slice(0, 3))
    expect(started).toEqual(['nvidia-smi', 'nvidia-smi'])
    await one.close()
    expect(alive.size).toBe(1)
    await other.close()
    expect(alive.size).toBe(0)
  })

  it('asks a driver of 2021 by the names that it knows', async () => {
    const { platform } = await standIn({ nvidia: 'rtx-2080-465.csv' })
    const source = await open(platform, { everyMs: 30 })
    expect(source.name).toBe('nvidia-smi 465.27')
    const [reading] = await readUntil(source, three)
    expect(reading!.devices).toMatchObject([{ powerW: 30.37, holds: [] }])
  })

  it('goes on with the GPUs that still answer', async () => {
    const standIns = await standIn({ nvidia: 'h200-x8-590.csv' })
    const source = await open(standIns.platform, { everyMs: 30 })
    await readUntil(source, three)
    standIns.upset('lost')
    const readings = await readUntil(source, (all) => all.filter(({ devices }) => devices.length === 7).length >= 2)
    expect(readings.at(-1)!.devices.map(({ gpu }) => gpu)).not.toContain(1)
  })

  it('says with what words nvidia-smi ended', async () => {
    const standIns = await standIn({ nvidia: 'h200-590.csv' })
    const source = await open(standIns.platform, { everyMs: 30 })
    await readUntil(source, three)
    standIns.upset('die')
    await expect(readUntil(source, () => false)).rejects.toThrow(/^nvidia-smi ended: .*GPU is lost/)
  })

  it('says all of what nvidia-smi says when it does not work', async () => {
    const { platform } = await standIn({ nvidia: 'h200-590.csv' })
    const mismatch = ['Failed to initialize NVML: Driver/library version mismatch', 'NVML library version: 535.161']
    const spawn: Platform['spawn'] = (_, args, options) =>
      platform.spawn!('nvidia-smi', args, { ...options, env: { SAYS: mismatch.join('\n') } })
    const both =
      /^nvidia-smi: Failed to initialize NVML: Driver\/library version mismatch; NVML library version: 535\.161/
    await expect(open({ ...platform, spawn })).rejects.toThrow(both)
    expect(await seesGpu({ ...platform, spawn })).toMatch(both)
  })

  it('that hangs is gone for every reader, until it says something again', async () => {
    const standIns = await standIn({ nvidia: 'h200-590.csv' })
    let aheadMs = 0
    const { clock } = standIns.platform
    const platform = { ...standIns.platform, clock: { ...clock, now: () => clock.now() + aheadMs } }
    const readers = await Promise.all([open(platform, { everyMs: 30 }), open(platform, { everyMs: 30 })])
    await Promise.all(readers.map((reader) => readUntil(reader, three)))
    standIns.upset('hang')
    const hurry = (): boolean => {
      aheadMs += 500
      return false
    }
    await expect(readUntil(readers[0]!, hurry)).rejects.toThrow(/^nvidia-smi has said nothing for \d+ s$/)
    for (const reader of readers) {
      await reader.read(never).catch(() => [])
      await expect(reader.read(never)).rejects.toThrow(/^nvidia-smi has said nothing for \d+ s$/)
    }
    standIns.upset(undefined)
    aheadMs += 10_000
    for (const reader of readers) {
      const heard = async (): Promise<boolean> => {
        const readings = await reader.read(never).catch(() => [])
        return readings.length > 0
      }
      while (!(await heard())) await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })

  it('is asked anew for a reader whose last reading is old', async () => {
    const { platform, started } = await standIn({ amd: 'amd-smi.json' })
    const [one, other] = await Promise.all([open(platform, { everyMs: 40 }), open(platform, { everyMs: 40 })])
    const asked = started.length
    const [reading] = await one.read(never)
    while (platform.clock.now() - reading!.at < 40) await new Promise((resolve) => setTimeout(resolve, 5))
    const readings = await other.read(never)
    expect(readings.map(({ at }) => at)).toEqual([reading!.at, expect.any(Number)])
    expect(started).toHaveLength(asked + 2)
  })

  it('is amd-smi where there is no nvidia-smi, or one that does not work', async () => {
    const { platform } = await standIn({ amd: 'amd-smi.json', rocm: 'rocm-smi.json' })
    const source = await open(platform, { everyMs: 30 })
    expect(source).toMatchObject({ kind: 'amd-smi', name: 'amd-smi, a process a reading' })
    expect((await readUntil(source, three))[0]!.devices).toMatchObject([{ powerW: 542 }, { powerW: 141 }])

    const broken = await standIn({ nvidia: 'h200-590.csv', rocm: 'rocm-smi.json' })
    broken.upset('die')
    await expect(open(broken.platform)).rejects.toThrow(
      /^nvidia-smi: .*GPU is lost.*; rocm-smi: .*driver not initialized/,
    )
    broken.upset(undefined)
  })

  it('is rocm-smi, and powermetrics for root', async () => {
    const rocm = await open((await standIn({ rocm: 'rocm-smi.json' })).platform, { everyMs: 30 })
    expect((await readUntil(rocm, three))[0]!.devices).toHaveLength(3)
    const apple = await standIn({ apple: 'powermetrics.txt' })
    await expect(open(apple.platform)).rejects.toThrow(
      'powermetrics must be invoked as the superuser: run bench as root (sudo) to read the GPU',
    )
    const root = await open((await standIn({ apple: 'powermetrics.txt', root: true })).platform, { everyMs: 30 })
    expect((await readUntil(root, three))[0]!.devices).toMatchObject([{ powerW: 8.503, busyPercent: 99.35 }])
  })

  it('is none where there is no tool at all, for one reason', async () => {
    const { platform } = await standIn({})
    await expect(open(platform)).rejects.toThrow(
      /^no GPU is seen: there is no nvidia-smi, amd-smi, rocm-smi or powermetrics/,
    )
  })

  it('is gone when a reading of it is given up', async () => {
    const standIns = await standIn({ amd: 'amd-smi.json' })
    const source = await open(standIns.platform)
    standIns.upset('hang')
    const giveUp = new AbortController()
    const reading = source.read(giveUp.signal)
    giveUp.abort()
    await expect(reading).rejects.toThrow(/did not answer/)
    expect(standIns.alive.size).toBe(0)
  })
})

describe('a DCGM exporter', () => {
  async function serve(answer: () => { readonly status: number; readonly body: string }): Promise<string> {
    const server = createServer((_, response) => {
      const { status, body } = answer()
      response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => {
      server.closeAllConnections()
      server.close()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  }
  const text = readFileSync(fixturePath('dcgm.prom'), 'utf8')

  it('is preferred, and what it repeats is read once', async () => {
    const { platform, started } = await standIn({ nvidia: 'h200-590.csv' })
    let energy = 15_152_422_938
    let asked = 0
    const dcgm = await serve(() => {
      // It looks at its GPUs at every third question.
      if (asked++ % 3 === 0) energy += 1000
      return { status: 200, body: text.replace('15152422938', String(energy)) }
    })
    const source = await open(platform, { dcgm: dcgm.replace('//', '//me:secret@'), everyMs: 20 })
    expect(source).toMatchObject({ kind: 'dcgm', name: `DCGM exporter at ${dcgm}` })
    const readings = await readUntil(source, three)
    const energies = readings.map(({ devices }) => devices[0]!.energyJ)
    expect(new Set(energies).size).toBe(energies.length)
    expect(started).toEqual([])
  })

  it('of several machines is refused: each has a GPU 0', async () => {
    const { platform } = await standIn({})
    const ofTwo = ['a', 'b'].map((host) => `DCGM_FI_DEV_POWER_USAGE{gpu="0",hostname="${host}"} 100\n`).join('')
    const both = await serve(() => ({ status: 200, body: ofTwo }))
    await expect(open(platform, { dcgm: both })).rejects.toThrow(`${both} tells of several machines`)
  })

  it('that is none says what it is instead', async () => {
    const { platform } = await standIn({})
    const page = await serve(() => ({ status: 200, body: '<html></html>' }))
    await expect(open(platform, { dcgm: page })).rejects.toThrow(`${page} names no GPU: is it a DCGM exporter?`)
    const missing = await serve(() => ({ status: 404, body: '' }))
    await expect(open(platform, { dcgm: missing })).rejects.toThrow(/answers 404/)
  })
})

describe('whether a GPU is seen', () => {
  it('is found out by one short process at most', async () => {
    const nvidia = await standIn({ nvidia: 'h200-x8-590.csv' })
    expect(await seesGpu(nvidia.platform)).toBeUndefined()
    expect(nvidia.started).toEqual(['nvidia-smi'])
    const none = await standIn({})
    const files = { ...none.platform.files!, list: async () => undefined }
    expect(await seesGpu({ ...none.platform, files, machine: { os: 'Linux' } })).toMatch(
      /^no GPU is seen on this machine/,
    )
  })

  it('knows processors of AMD from GPUs', async () => {
    const none = await standIn({})
    const ids: Record<string, string> = { '0': '0\n', '1': '28851\n' }
    const files = {
      ...none.platform.files!,
      list: async () => Object.keys(ids),
      readText: async (path: string) => ids[/nodes\/(\d+)\//.exec(path)![1]!]!,
    }
    const platform = { ...none.platform, files, machine: { os: 'Linux' } }
    expect(await seesGpu(platform)).toBeUndefined()
    ids['1'] = '0\n'
    expect(await seesGpu(platform)).toMatch(/^no GPU/)
  })
})
