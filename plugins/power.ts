/** Energy of the server's GPUs, and of the processors and memory of its machine: for each token, for each request, in money and CO2. */
import { BenchError, type MetricPlugin, type PluginContext, type Sample } from 'inferbench'
import { seesGpu } from './gpu/check.ts'
import { createLines } from './gpu/series.ts'
import { describeSource, type Gpus, gpuOptions, openGpus } from './gpu.ts'
import { charts } from './power/charts.ts'
import { definitions } from './power/definitions.ts'
import { summarizePower } from './power/figures.ts'
import { findZones, POWERCAP, type RaplZone, readZone } from './power/rapl.ts'
import type { Meter } from './power/series.ts'
import { isLoopback } from './process/source.ts'

/** Where there are no GPUs to be read with them. Counters lose nothing between two readings, at the edges of windows they are read anyway. */
const ZONES_EVERY_MS = 1000

async function openZones({
  platform,
  options,
  target,
  serverPid,
}: PluginContext): Promise<readonly RaplZone[] | string> {
  const folder = typeof options.raplFolder === 'string' ? options.raplFolder : POWERCAP
  const { hostname } = new URL(target.baseUrl)
  if (serverPid() === undefined && !isLoopback(hostname)) return `${hostname} is not known to be this machine`
  if (platform.files === undefined || platform.mayDo?.('read', folder) === false) return `${folder} may not be read`
  const found = await findZones(platform.files, folder)
  return 'zones' in found ? found.zones : found.reason
}

function everyOf({ options: { every } }: PluginContext): number {
  return typeof every === 'number' ? every : ZONES_EVERY_MS
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

async function sample(context: PluginContext): ReturnType<NonNullable<MetricPlugin['sample']>> {
  const { platform, toRunMs, note } = context
  const [gpus, opened] = await Promise.all([openGpus(context).catch(reasonOf), openZones(context)])
  if (typeof gpus === 'string' && typeof opened === 'string') throw new BenchError('unsupported', `${gpus}; ${opened}`)
  const zones = typeof opened === 'string' ? [] : opened
  const ofGpus = typeof gpus === 'string' ? undefined : gpus

  const toLines = createLines({
    meters: listMeters(ofGpus, zones),
    unmetered: { ...(typeof gpus === 'string' && { gpu: gpus }), ...(typeof opened === 'string' && { cpu: opened }) },
  })
  const readZones = async (): Promise<readonly Sample[]> => {
    const at = toRunMs(platform.clock.now())
    const devices = await Promise.all(
      zones.map(async (zone) => ({ device: zone.name, energyJ: await readZone(platform.files!, zone) })),
    )
    const told = devices.filter(({ energyJ }) => energyJ !== undefined)
    return told.length === 0 ? [] : [{ at, devices: told }]
  }
  let said = false
  const readGpus = async (signal: AbortSignal, alone: boolean): Promise<readonly Sample[]> => {
    const coming = ofGpus?.source.read(signal) ?? []
    // What the processors told is kept, whatever becomes of the GPUs.
    const readings = await Promise.resolve(coming).catch((thrown: unknown) => {
      if (alone) throw thrown
      if (!said) note(`GPUs are not metered any more: ${reasonOf(thrown)}`)
      said = true
      return []
    })
    return readings.map(({ at, devices }) => ({
      at: toRunMs(at),
      devices: devices
        .filter(({ gpu }) => ofGpus!.used.gpus.includes(gpu))
        .map(({ gpu, powerW, energyJ }) => ({ device: `GPU ${gpu}`, powerW, energyJ })),
    }))
  }
  return {
    source: [
      ...(ofGpus === undefined ? [] : [describeSource(ofGpus)]),
      ...(zones.length === 0 ? [] : [`RAPL: ${zones.map(({ name }) => name).join(', ')}`]),
    ].join('; '),
    // No oftener than the GPUs' source can bear: it may be a program that starts at each reading.
    everyMs: ofGpus?.source.everyMs ?? everyOf(context),
    async read(_, signal) {
      const ofZones = await readZones()
      return toLines([...ofZones, ...(await readGpus(signal, ofZones.length === 0))])
    },
    async close() {
      await ofGpus?.source.close()
    },
  }
}

function listMeters(gpus: Gpus | undefined, zones: readonly RaplZone[]): readonly Meter[] {
  return [
    ...(gpus?.used.gpus ?? []).map((gpu): Meter => ({ device: `GPU ${gpu}`, kind: 'gpu' })),
    ...zones.map(
      ({ name, kind, wrapsAtJ }): Meter => ({ device: name, kind, ...(wrapsAtJ === undefined ? {} : { wrapsAtJ }) }),
    ),
  ]
}

const power: MetricPlugin = {
  id: 'power',
  summary: 'energy for each token and request, above idle, in money and CO2',
  needs: 'a GPU that tells its power, or /sys/class/powercap readable (root)',
  auto: true,
  idleMs: 2000,
  definitions,
  options: {
    ...gpuOptions,
    priceGpuHour: { kind: 'number', summary: 'rent of one GPU for an hour', min: 0, unit: 'money/h' },
    priceKwh: { kind: 'number', summary: 'price of a kilowatt hour', min: 0, unit: 'money/kWh' },
    gco2Kwh: { kind: 'number', summary: 'CO2 of a kilowatt hour', min: 0, unit: 'g/kWh' },
    raplFolder: { kind: 'text', summary: `where the counters of processors are, instead of ${POWERCAP}` },
  },
  charts,
  async check(platform) {
    const zones = platform.files === undefined ? { reason: 'no files are read' } : await findZones(platform.files)
    if ('zones' in zones) return undefined
    const noGpu = await seesGpu(platform)
    return noGpu === undefined ? undefined : `${noGpu}; ${zones.reason}`
  },
  sample,
  summarize: summarizePower,
}
export default power
