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

testPlugin(gpu, { sampling: { load: loadPlatform, sources } })
