/** What the GPUs of the server do, how hot they are, and what holds them back. */
import { BenchError, type MetricPlugin, type Platform, type PluginContext, type PluginOption } from 'inferbench'
import { charts } from './gpu/charts.ts'
import { seesGpu } from './gpu/check.ts'
import { isDcgmField } from './gpu/dcgm.ts'
import { definitions, limits } from './gpu/definitions.ts'
import { summarizeGpus } from './gpu/figures.ts'
import { createLines, type ServerLine, toDevicesLine, toFacts } from './gpu/series.ts'
import { type GpuSource, openGpuSource, type Scrape } from './gpu/source.ts'
import { chooseGpus, type FindProcesses, findUsedGpus, type UsedGpus, watchProcesses } from './gpu/users.ts'
import { openProc } from './process/linux.ts'
import { createFollower } from './process/server.ts'
import { isLoopback } from './process/source.ts'
import { readMetricsText } from './server/text.ts'

/** How a plugin that reads GPUs is told what to read. */
export const gpuOptions: Readonly<Record<string, PluginOption>> = {
  dcgm: { kind: 'url', summary: 'address of a DCGM exporter, such as http://host:9400/metrics' },
  every: { kind: 'duration', summary: 'time between two readings', min: 20, max: 60_000 },
  devices: { kind: 'text', summary: 'GPUs of the server by number or UUID (0,1), or all; else found by its processes' },
}

export interface Gpus {
  readonly source: GpuSource
  readonly used: UsedGpus
  readonly findProcesses: FindProcesses
}

/** The GPUs of the server's machine, and those that it uses. Rejects with a `BenchError` that says why none can be read. */
export async function openGpus({ platform, options, target, get, serverPid }: PluginContext): Promise<Gpus> {
  const { dcgm, every, devices } = options
  const place = placeOf(target.baseUrl)
  const findProcesses = followProcesses(platform, place, serverPid)
  if (dcgm === undefined && devices === undefined && serverPid() === undefined && !isLoopback(place.host)) {
    if ((await findProcesses()) === undefined) {
      throw new BenchError(
        'unsupported',
        `${place.host} is not known to be this machine; give dcgm=URL, or devices=all if it is`,
      )
    }
  }
  const scrape: Scrape = async (url, how) => {
    const { status, body, sentAt, endAt } = await get(url, how)
    return { at: (sentAt + endAt) / 2, status, samples: readMetricsText(body, isDcgmField).samples }
  }
  const settings = {
    ...(typeof dcgm === 'string' ? { dcgm } : {}),
    ...(typeof every === 'number' ? { everyMs: every } : {}),
  }
  const source = await openGpuSource(platform, settings, scrape)
  try {
    const used =
      typeof devices === 'string'
        ? chooseGpus(devices, source.devices)
        : await findUsedGpus(platform, source.devices, source.kind === 'nvidia-smi', findProcesses)
    return { source, used, findProcesses }
  } catch (thrown) {
    await source.close()
    throw thrown
  }
}

function placeOf(baseUrl: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(baseUrl)
  return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) }
}

/** The server's processes: what the run started, else who listens at its port. Only Linux tells. */
function followProcesses(
  { files, machine, mayDo }: Platform,
  place: { readonly host: string; readonly port: number },
  startedPid: () => number | undefined,
): FindProcesses {
  return async () => {
    if (files === undefined || !/^linux/i.test(String(machine.os)) || mayDo?.('read', '/proc/self/stat') === false)
      return undefined
    const proc = await openProc(files)
    const followed = await createFollower(proc, { ...place, startedPid }).follow(
      await proc.readSelf(),
      true,
      new AbortController().signal,
    )
    if ('absent' in followed) return undefined
    const { pids } = await proc.readOthers(new Set())
    return { server: new Set(followed.family.members.map(({ pid }) => pid)), seen: new Set(pids) }
  }
}

export function describeSource({ source, used }: Gpus): string {
  const { name, everyMs, devices } = source
  const which = used.gpus.length === devices.length ? '' : ` of ${devices.length}`
  const gpus = `GPU ${used.gpus.join(', ')}${which} (${used.why})`
  return `${name}, every ${everyMs} ms; ${gpus}`
}

async function sample(context: PluginContext): ReturnType<NonNullable<MetricPlugin['sample']>> {
  const gpus = await openGpus(context)
  const { source, used, findProcesses } = gpus
  const watch =
    source.kind === 'nvidia-smi' ? watchProcesses(context.platform, source.devices, findProcesses) : undefined
  if (source.devices.some(({ gpu, split }) => split && used.gpus.includes(gpu))) {
    context.note('a GPU is split into instances (MIG): clocks, temperature and power are those of the whole')
  }
  const head: ServerLine = { server: used, gpus: source.devices.map(toFacts) }
  const toLines = createLines({ ...head })
  return {
    source: describeSource(gpus),
    everyMs: source.everyMs,
    async read(_, signal) {
      const readings = await source.read(signal)
      const processes = (await watch?.read()) ?? []
      return toLines([
        ...readings.map(({ at, devices }) => ({ at: context.toRunMs(at), ...toDevicesLine(devices) })),
        ...processes.map((line) => ({ ...line, at: context.toRunMs(line.at) })),
      ])
    },
    async close() {
      await Promise.all([watch?.close(), source.close()])
    },
  }
}

const gpu: MetricPlugin = {
  id: 'gpu',
  summary: 'utilisation, clocks, memory, temperature, power, throttling and errors of GPUs',
  needs: 'nvidia-smi, amd-smi, rocm-smi, powermetrics (as root), or the address of a DCGM exporter',
  auto: true,
  idleMs: 2000,
  definitions,
  options: gpuOptions,
  limits,
  charts,
  check: seesGpu,
  sample,
  summarize: summarizeGpus,
}
export default gpu
