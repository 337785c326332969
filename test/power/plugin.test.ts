import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type PluginSource, type PluginSources, testPlugin } from 'inferbench/testing'
import { expect, it } from 'vitest'
import power from '../../plugins/power.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { createTestContext } from '../conformance/plugin-source.ts'
import { createStandIns } from '../gpu/stand-in.ts'
import { layOutZones } from './powercap.ts'

/** A GPU that tells its power, and processors whose counters rise with each look. */
async function openSource(upset: {
  readonly gpu?: string
  readonly zone?: (file: string) => void
  /** No processor is metered. */
  readonly gpuOnly?: true
}): Promise<PluginSource> {
  const standIns = await createStandIns({ nvidia: 'h200-590.csv' })
  const raplFolder = layOutZones(mkdtempSync(join(tmpdir(), 'inferbench-rapl-')))
  const file = join(raplFolder, 'intel-rapl:0', 'energy_uj')
  const files = {
    ...standIns.platform.files!,
    async readText(path: string) {
      const text = await standIns.platform.files!.readText(path)
      if (path === file && /^\d+\n$/.test(text)) writeFileSync(file, `${Number(text) + 5_000_000}\n`)
      return text
    },
  }
  return {
    context: {
      platform: { ...standIns.platform, files },
      options: { every: 50, raplFolder: upset.gpuOnly ? join(raplFolder, 'nowhere') : raplFolder },
    },
    upset() {
      if (upset.gpu !== undefined) standIns.upset(upset.gpu)
      upset.zone?.(file)
    },
    close() {
      standIns.remove()
      rmSync(raplFolder, { recursive: true, force: true })
    },
  }
}

const sources: PluginSources = {
  good: () => openSource({}),
  hangs: () => openSource({ gpu: 'hang', gpuOnly: true }),
  dies: () => openSource({ gpu: 'die', zone: (file) => rmSync(dirname(dirname(file)), { recursive: true }) }),
  lies: () => openSource({ gpu: 'nonsense', zone: (file) => writeFileSync(file, '-17 J\n') }),
  changes: () => openSource({ gpu: 'changes' }),
  resets: () => openSource({ zone: (file) => writeFileSync(file, `${Number(readFileSync(file, 'utf8')) % 1000}\n`) }),
  jumps: () => openSource({ gpu: 'jumps' }),
}

testPlugin(power, {
  sampling: { load: loadPlatform, sources, signed: ['energy_net', 'energy_net_per_token', 'energy_net_per_request'] },
  series: {
    samples: [
      {
        at: 0,
        meters: [
          { device: 'GPU 0', kind: 'gpu' },
          { device: 'package-0', kind: 'cpu', wrapsAtJ: 500 },
        ],
      },
      ...Array.from({ length: 100 }, (_, i) => ({
        at: 100 * i,
        devices: [
          { device: 'GPU 0', powerW: 600 + i, energyJ: 1000 + 62 * i },
          { device: 'package-0', energyJ: (480 + 5 * i) % 500 },
        ],
      })),
    ],
  },
})

it('reads counters no oftener than the tool that tells about GPUs can be started', async () => {
  const standIns = await createStandIns({ amd: 'amd-smi.json' })
  const raplFolder = layOutZones(mkdtempSync(join(tmpdir(), 'inferbench-rapl-')))
  const { context } = createTestContext(
    standIns.platform,
    {},
    { platform: standIns.platform, options: { raplFolder, devices: 'all' } },
  )
  const sampler = await power.sample!(context)
  expect(sampler.source).toMatch(/^amd-smi.*; RAPL: package-0, /)
  expect(sampler.everyMs).toBe(2000)
  await sampler.close()
  standIns.remove()
  rmSync(raplFolder, { recursive: true, force: true })
})
