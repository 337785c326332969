/** Figures of GPUs over one window, out of the series. Pure. */
import {
  createDistribution,
  cutSamples,
  type Finding,
  type MetricResult,
  type Observation,
  partsOf,
  type Sample,
  type Series,
  type Window,
} from 'inferbench'
import { definitions } from './definitions.ts'
import type { DeviceReading, Hold } from './device.ts'
import { type DevicesAt, findOthers, findServer, type KnownServer, readDevicesAt } from './series.ts'
import { describeGpus } from './words.ts'

type Metrics = Readonly<Record<string, MetricResult>>

const THROTTLED: readonly Hold[] = [
  'hardware-slowdown',
  'hardware-thermal',
  'software-thermal',
  'power-brake',
  'unknown',
]

/** Of the GPUs that the server uses, in order of time. */
interface Readings {
  readonly server: KnownServer | undefined
  /** The last one before the window, for counters. */
  readonly before: DevicesAt | undefined
  readonly within: readonly DevicesAt[]
}

export function summarizeGpus(series: Series, window: Window): Observation {
  const readings = cutReadings(series, window)
  const metrics = measure(readings, series.source)
  if (window.name !== 'measure') return { metrics }
  const line = describeGpus(metrics, readings.server)
  return {
    metrics,
    ...(line === undefined ? {} : { line }),
    findings: [...findTrouble(metrics, readings), ...findOtherUsers(series, window, readings.server)],
  }
}

function cutReadings(series: Series, window: Window): Readings {
  const server = findServer(series.samples)
  const ofServer = (samples: readonly Sample[]): readonly DevicesAt[] =>
    samples.flatMap((sample) => {
      const reading = readDevicesAt(sample)
      if (reading === undefined) return []
      return { at: reading.at, devices: reading.devices.filter(({ gpu }) => server?.gpus.has(gpu) ?? true) }
    })
  const parts = partsOf(series, window)
  const within = (parts.length === 0 ? [window] : parts).flatMap((part) => cutSamples(series.samples, part).within)
  const earlier = ofServer(series.samples.filter(({ at }) => at <= window.startAt))
  return { server, before: earlier.at(-1), within: ofServer(within) }
}

function measure({ server, before, within }: Readings, source: string): Metrics {
  const all = within.flatMap(({ devices }) => devices)
  const known = before === undefined ? within : [before, ...within]
  const held = all.flatMap(({ holds }) => (holds === undefined ? [] : [holds]))
  const shareOf = (test: (hold: Hold) => boolean): number | undefined =>
    held.length === 0 ? undefined : (100 * held.filter((holds) => holds.some(test)).length) / held.length
  const values: Readonly<Record<string, readonly number[] | number | undefined>> = {
    gpu_count: all.length === 0 ? undefined : new Set(all.map(({ gpu }) => gpu)).size,
    gpu_busy: pick(all, 'busyPercent'),
    gpu_sm_clock: pick(all, 'smClockMhz'),
    gpu_memory_clock: pick(all, 'memoryClockMhz'),
    gpu_memory_used: sums(within, 'memoryUsedMib', server),
    gpu_memory_total: all.length === 0 ? undefined : server?.memoryTotalMib,
    gpu_temperature: pick(all, 'temperatureC'),
    gpu_power: sums(within, 'powerW', server),
    gpu_power_limit: meanOf(sums(within, 'powerLimitW', server)),
    gpu_throttled: shareOf((hold) => THROTTLED.includes(hold)),
    gpu_power_capped: shareOf((hold) => hold === 'power-cap'),
    gpu_ecc_errors: countRises(known),
    gpu_xid_errors: countErrors(known),
  }
  const [teller] = source.split(/[,;]/)
  const reason = (id: string): string =>
    all.length === 0 ? 'no reading of a GPU fell into it' : `not told by ${teller}${WHY_NOT[id] ?? ''}`
  const results = definitions.map(({ id, unit, kind }) => {
    const value = values[id]
    return [id, toResult(value, unit, kind, reason(id))] as const
  })
  return Object.fromEntries(results)
}

/** What some sources never tell. */
const WHY_NOT: Readonly<Record<string, string>> = {
  gpu_busy: ' (a GPU in MIG instances has no utilisation as a whole)',
  gpu_xid_errors: ' (a DCGM exporter tells them)',
  gpu_ecc_errors:
    ' (the GPU has no ECC, or it is off; a DCGM exporter has to be asked for DCGM_FI_DEV_ECC_DBE_VOL_TOTAL)',
  gpu_throttled: ' (a DCGM exporter has to be asked for DCGM_FI_DEV_CLOCKS_EVENT_REASONS)',
  gpu_power_capped: ' (a DCGM exporter has to be asked for DCGM_FI_DEV_CLOCKS_EVENT_REASONS)',
}

function toResult(
  value: readonly number[] | number | undefined,
  unit: string,
  kind: 'scalar' | 'distribution',
  reason: string,
): MetricResult {
  if (kind === 'scalar') return typeof value === 'number' ? { kind, unit, value } : { kind: 'absent', unit, reason }
  const collector = createDistribution()
  for (const one of (value as readonly number[] | undefined) ?? []) collector.add(one)
  const distribution = collector.result()
  return distribution === undefined ? { kind: 'absent', unit, reason } : { kind, unit, distribution }
}

type Amount =
  | 'busyPercent'
  | 'smClockMhz'
  | 'memoryClockMhz'
  | 'memoryUsedMib'
  | 'temperatureC'
  | 'powerW'
  | 'powerLimitW'

function pick(devices: readonly DeviceReading[], name: Amount): readonly number[] {
  return devices.flatMap((device) => device[name] ?? [])
}

/** One sum a reading, of those in which every GPU told it: a sum that lacks one is no sum. */
function sums(readings: readonly DevicesAt[], name: Amount, server: KnownServer | undefined): readonly number[] {
  return readings.flatMap(({ devices }) => {
    const told = pick(devices, name)
    const whole = told.length > 0 && told.length === (server?.gpus.size ?? devices.length)
    return whole ? told.reduce((a, b) => a + b, 0) : []
  })
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0) / values.length
}

/** The values of each GPU in order of time, of those that told one at all; undefined: none did. */
function byGpu(readings: readonly DevicesAt[], name: 'eccErrors' | 'xid'): readonly (readonly number[])[] | undefined {
  const values = new Map<number, number[]>()
  for (const { devices } of readings)
    for (const { gpu, [name]: value } of devices)
      if (value !== undefined) values.set(gpu, [...(values.get(gpu) ?? []), value])
  return values.size === 0 ? undefined : [...values.values()]
}

/** How much counters rose; one that went back was reset, and counts on from nothing. */
function countRises(readings: readonly DevicesAt[]): number | undefined {
  return byGpu(readings, 'eccErrors')
    ?.map((values) => values.reduce((sum, value, i) => sum + (i === 0 ? 0 : Math.max(0, value - values[i - 1]!)), 0))
    .reduce((a, b) => a + b, 0)
}

/** It is the last error's number, so that the same error again does not show. */
function countErrors(readings: readonly DevicesAt[]): number | undefined {
  return byGpu(readings, 'xid')
    ?.map((values) => values.filter((value, i) => i > 0 && value !== 0 && value !== values[i - 1]).length)
    .reduce((a, b) => a + b, 0)
}

function scalarOf(result: MetricResult | undefined): number {
  return result?.kind === 'scalar' ? result.value : 0
}

function findTrouble(metrics: Metrics, { server, within }: Readings): readonly Finding[] {
  const findings: Finding[] = []
  const throttled = scalarOf(metrics.gpu_throttled)
  if (throttled > 0) {
    const holds = new Set(within.flatMap(({ devices }) => devices.flatMap((one) => one.holds ?? [])))
    const why = THROTTLED.filter((hold) => holds.has(hold)).map((hold) => hold.replace('-', ' '))
    const message = `GPUs were throttled in ${round(throttled)} % of the readings (${why.join(', ')})`
    findings.push({ code: 'gpu-throttled', figure: round(throttled), message })
  }
  const [ecc, xid] = [scalarOf(metrics.gpu_ecc_errors), scalarOf(metrics.gpu_xid_errors)]
  if (ecc + xid > 0) {
    const numbers = [...new Set(within.flatMap(({ devices }) => devices.flatMap((one) => one.xid || [])))]
    const message = `${ecc} uncorrected errors of GPU memory, ${xid} errors of the driver${numbers.length > 0 ? ` (XID ${numbers.join(', ')})` : ''}`
    findings.push({ code: 'gpu-errors', figure: ecc + xid, message })
  }
  const seen = new Set(within.flatMap(({ devices }) => devices.map(({ gpu }) => gpu)))
  const last = new Set(within.at(-1)?.devices.map(({ gpu }) => gpu))
  const lost = [...(server?.gpus ?? seen)].filter((gpu) => !last.has(gpu))
  if (within.length > 0 && lost.length > 0) {
    const message = `GPU ${lost.join(', ')} ceased to answer`
    findings.push({ code: 'gpu-lost', figure: lost.length, message })
  }
  return findings
}

/** Processes are looked at every 5 s, so that a look may have been shortly before. */
const LOOKED_MS = 5000

function findOtherUsers(series: Series, window: Window, server: KnownServer | undefined): readonly Finding[] {
  const findings: Finding[] = []
  const near = series.samples.filter(({ at }) => at >= window.startAt - LOOKED_MS && at <= window.endAt)
  const others = server === undefined ? new Set<number>() : findOthers(near, server.gpus)
  if (others.size > 0) {
    const ids = [...others].slice(0, 4).join(', ')
    const message = `${others.size} other ${others.size === 1 ? 'process' : 'processes'} on the server's GPUs (${ids}${others.size > 4 ? ', ...' : ''})`
    findings.push({ code: 'gpu-shared', figure: others.size, message })
  }
  const idle = idleBusy(series)
  if (idle !== undefined && idle > 0) {
    const message = `a GPU was ${round(idle)} % busy while no request was sent`
    findings.push({ code: 'gpu-busy-idle', figure: round(idle), message })
  }
  return findings
}

/** The busiest GPU's median before the first request. */
function idleBusy(series: Series): number | undefined {
  const window = series.windows.find(({ name }) => name === 'before')
  if (window === undefined) return undefined
  const byNumber = new Map<number, number[]>()
  for (const { devices } of cutReadings(series, window).within)
    for (const { gpu, busyPercent } of devices)
      if (busyPercent !== undefined) byNumber.set(gpu, [...(byNumber.get(gpu) ?? []), busyPercent])
  const medians = [...byNumber.values()]
    .filter((values) => values.length >= 3)
    .map((values) => values.sort((a, b) => a - b)[values.length >> 1]!)
  return medians.length === 0 ? undefined : Math.max(...medians)
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
