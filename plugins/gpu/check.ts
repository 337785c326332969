import type { Files, Platform } from 'inferbench'
import { ask, lastWords } from './command.ts'

const NODES = '/sys/class/kfd/kfd/topology/nodes'

/** Why no GPU of this machine can be read; undefined: one can. Starts one short process at most. */
export async function seesGpu(platform: Platform): Promise<string | undefined> {
  try {
    const nvidia = await ask(platform, 'nvidia-smi', ['--list-gpus'], 5000)
    if (nvidia !== undefined) {
      return nvidia.lines.some((line) => /^GPU \d+:/.test(line)) ? undefined : `nvidia-smi: ${lastWords(nvidia)}`
    }
    if (platform.files !== undefined && (await seesAmdGpu(platform.files))) return undefined
    if (/^darwin/i.test(String(platform.machine.os))) {
      const user = await ask(platform, 'id', ['-u'], 5000)
      return user?.lines[0]?.trim() === '0'
        ? undefined
        : 'powermetrics tells of the GPU only to root: run bench with sudo'
    }
    return 'no GPU is seen on this machine: no nvidia-smi, no GPU of AMD; a DCGM exporter elsewhere is read with gpu.dcgm=URL'
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

/** The driver lists processors too, with 0 for the id of a GPU. */
async function seesAmdGpu(files: Files): Promise<boolean> {
  const nodes = (await files.list(NODES).catch(() => undefined)) ?? []
  const ids = await Promise.all(nodes.map((node) => files.readText(files.join(NODES, node, 'gpu_id')).catch(() => '0')))
  return ids.some((id) => /[1-9]/.test(id))
}
