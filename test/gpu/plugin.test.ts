import { type PluginSource, type PluginSources, testPlugin } from 'inferbench/testing'
import gpu from '../../plugins/gpu.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { createStandIns } from './stand-in.ts'

async function openSource(upset?: string): Promise<PluginSource> {
  const standIns = await createStandIns({ nvidia: 'h200-x8-590.csv' })
  return {
    context: { platform: standIns.platform, options: { every: 50 } },
    upset: () => standIns.upset(upset),
    close: standIns.remove,
  }
}

const sources: PluginSources = {
  good: () => openSource(),
  hangs: () => openSource('hang'),
  dies: () => openSource('die'),
  lies: () => openSource('nonsense'),
  changes: () => openSource('changes'),
  resets: 'of what nvidia-smi tells only errors are counted',
  jumps: () => openSource('jumps'),
}

testPlugin(gpu, {
  sampling: { load: loadPlatform, sources },
  series: {
    samples: [
      { at: 0, server: { gpus: [0], why: 'x' }, gpus: [{ gpu: 0, name: 'NVIDIA H200', memoryTotalMib: 143_771 }] },
      ...Array.from({ length: 60 }, (_, i) => ({
        at: 100 * i,
        devices: [
          {
            gpu: 0,
            busyPercent: 97,
            smClockMhz: 1980,
            powerW: 600 + i,
            powerLimitW: 700,
            temperatureC: 60,
            memoryUsedMib: 120_000,
            holds: i % 9 === 0 ? ['hardware-thermal'] : [],
            eccErrors: i < 30 ? 0 : 1,
            xid: 0,
          },
        ],
      })),
      { at: 6000, processes: [{ gpu: 0, pid: 7, memoryMib: 500, server: false }] },
    ],
  },
})
