/** Energy of one window, and what it comes to for each token and request. Pure. */
import {
  type MetricResult,
  type Observation,
  partsOf,
  type ScenarioSummary,
  type Series,
  type Window,
} from 'inferbench'
import { definitions } from './definitions.ts'
import { type Energy, measureEnergy } from './energy.ts'
import { type MeterKind, type MeterSeries, readMeters, readUnmetered } from './series.ts'
import { describePower } from './words.ts'

/** A number, or why there is none. */
type Value = number | string

interface Total {
  readonly joules: number
  readonly uncertainJ: number
}

export function summarizePower(series: Series, window: Window): Observation {
  const meters = readMeters(series.samples)
  const parts = partsOf(series, window)
  const windows = parts.length === 0 ? [window] : parts
  const seconds = windows.reduce((sum, { startAt, endAt }) => sum + (endAt - startAt) / 1000, 0)
  const why = { ...NOT_METERED, ...readUnmetered(series.samples) }
  const values = { ...measureWindow(meters, windows, seconds, why), ...relateToIdle(series, meters, window) }
  const net = netOf(values, seconds)
  const all: Readonly<Record<string, Value>> = {
    ...values,
    energy_net: net,
    ...(window.name === 'measure'
      ? relateToWork(series, window, meters, seconds, values.energy, net)
      : Object.fromEntries(OF_WORK.map((id) => [id, 'only of a measured window']))),
  }
  const metrics = Object.fromEntries(definitions.map(({ id, unit }) => [id, toResult(all[id], unit)]))
  const line = window.name === 'measure' ? describePower(metrics) : undefined
  return { metrics, ...(line === undefined ? {} : { line }) }
}

function toResult(value: Value | undefined, unit: string): MetricResult {
  return typeof value === 'number' && Number.isFinite(value)
    ? { kind: 'scalar', unit, value }
    : { kind: 'absent', unit, reason: typeof value === 'string' ? value : 'nothing to divide by' }
}

const NOT_METERED: Readonly<Record<MeterKind, string>> = {
  gpu: 'no GPU is metered',
  cpu: 'no processor is metered',
  dram: 'no memory is metered',
}

/** All meters of a kind over all parts of a window; a sum that lacks one is no sum. */
function sumEnergy(meters: readonly MeterSeries[], windows: readonly Window[]): Total | string {
  let [joules, uncertainJ] = [0, 0]
  for (const { device, points, wrapsAtJ } of meters) {
    for (const window of windows) {
      const energy: Energy = measureEnergy(points, window, wrapsAtJ)
      if ('reason' in energy) return `${device}: ${energy.reason}`
      joules += energy.joules
      uncertainJ += energy.uncertainJ
    }
  }
  return { joules, uncertainJ }
}

type OfWindow = 'energy' | 'energy_gpu' | 'energy_cpu' | 'energy_dram' | 'energy_uncertainty' | 'power'

function measureWindow(
  meters: readonly MeterSeries[],
  windows: readonly Window[],
  seconds: number,
  why: Readonly<Record<MeterKind, string>>,
): Readonly<Record<OfWindow, Value>> {
  const total = meters.length === 0 ? 'nothing is metered' : sumEnergy(meters, windows)
  const ofKind = (kind: MeterKind): Value => {
    const some = meters.filter((meter) => meter.kind === kind)
    const sum = some.length === 0 ? why[kind] : sumEnergy(some, windows)
    return typeof sum === 'string' ? sum : sum.joules
  }
  const whole = typeof total !== 'string'
  return {
    energy: whole ? total.joules : total,
    energy_gpu: ofKind('gpu'),
    energy_cpu: ofKind('cpu'),
    energy_dram: ofKind('dram'),
    energy_uncertainty: whole ? (100 * total.uncertainJ) / total.joules : total,
    power: whole ? total.joules / seconds : total,
  }
}

/** What is shorter says little of an idle server. */
const LEAST_IDLE_MS = 500

function relateToIdle(series: Series, meters: readonly MeterSeries[], window: Window): { readonly power_idle: Value } {
  if (window.name === 'before' || window.name === 'after') return { power_idle: 'this is the idle time' }
  let reason = 'the server was not watched while it was idle: name the plugin, --plugin power'
  for (const name of ['before', 'after']) {
    const idle = series.windows.find((one) => one.name === name && one.endAt - one.startAt >= LEAST_IDLE_MS)
    if (idle === undefined) continue
    const total = meters.length === 0 ? 'nothing is metered' : sumEnergy(meters, [idle])
    if (typeof total !== 'string') return { power_idle: (1000 * total.joules) / (idle.endAt - idle.startAt) }
    reason = total
  }
  return { power_idle: reason }
}

function netOf(
  { energy, power_idle: idle }: { readonly energy: Value; readonly power_idle: Value },
  seconds: number,
): Value {
  if (typeof energy === 'string') return energy
  return typeof idle === 'string' ? idle : energy - idle * seconds
}

const OF_WORK = [
  'energy_per_token',
  'energy_net_per_token',
  'energy_per_request',
  'energy_net_per_request',
  'energy_per_good_request',
  'tokens_per_joule',
  'energy_delay',
  'cost_per_mtok',
  'co2_per_mtok',
] as const

type OfWork = (typeof OF_WORK)[number]

function relateToWork(
  series: Series,
  window: Window,
  meters: readonly MeterSeries[],
  seconds: number,
  energy: Value,
  net: Value,
): Readonly<Record<OfWork, Value>> {
  const work = findWork(series.scenario, window)
  const [tokens, requests, good] = (['output_tok_s', 'req_s', 'goodput_req_s'] as const).map((id) =>
    times(scalarOf(work, id), seconds),
  )
  const perRequest = over(energy, requests!)
  const kilowattHours = divide(energy, 3.6e6)
  const gpuHours = (meters.filter(({ kind }) => kind === 'gpu').length * seconds) / 3600
  const { priceGpuHour, priceKwh, gco2Kwh } = series.options
  const millions = divide(tokens!, 1e6)
  return {
    energy_per_token: over(energy, tokens!),
    energy_net_per_token: over(net, tokens!),
    energy_per_request: perRequest,
    energy_net_per_request: over(net, requests!),
    energy_per_good_request: over(energy, good!),
    tokens_per_joule: over(tokens!, energy),
    energy_delay: times(perRequest, divide(meanOf(work, 'e2e'), 1000)),
    cost_per_mtok: over(costOf(gpuHours, priceGpuHour, kilowattHours, priceKwh), millions),
    co2_per_mtok:
      typeof gco2Kwh === 'number' ? over(times(kilowattHours, gco2Kwh), millions) : 'no --gco2-kwh was given',
  }
}

function costOf(gpuHours: number, priceGpuHour: unknown, kilowattHours: Value, priceKwh: unknown): Value {
  if (typeof priceGpuHour !== 'number' && typeof priceKwh !== 'number')
    return 'no --price-gpu-hour and no --price-kwh was given'
  if (typeof priceGpuHour === 'number' && gpuHours === 0) return 'no GPU is metered, so that there are no GPU hours'
  const rent = typeof priceGpuHour === 'number' ? gpuHours * priceGpuHour : 0
  if (typeof priceKwh !== 'number') return rent
  return typeof kilowattHours === 'string' ? kilowattHours : rent + kilowattHours * priceKwh
}

/** The client's own figures of this window: of a repetition where it is one. */
function findWork(scenario: ScenarioSummary, { startAt, endAt }: Window): Readonly<Record<string, MetricResult>> {
  const run = scenario.runs?.find(({ window }) => window.startAt === startAt && window.endAt === endAt)
  return (run ?? scenario).metrics
}

function scalarOf(metrics: Readonly<Record<string, MetricResult>>, id: string): Value {
  const result = metrics[id]
  if (result?.kind === 'scalar') return result.value
  return result?.kind === 'absent' ? result.reason : `${id} is not known`
}

function meanOf(metrics: Readonly<Record<string, MetricResult>>, id: string): Value {
  const result = metrics[id]
  if (result?.kind === 'distribution') return result.distribution.mean
  return result?.kind === 'absent' ? result.reason : `${id} is not known`
}

function over(value: Value, divisor: Value): Value {
  if (typeof value === 'string') return value
  if (typeof divisor === 'string') return divisor
  return divisor > 0 ? value / divisor : 'there was nothing to share it among'
}

function times(a: Value, b: Value): Value {
  return typeof a === 'string' ? a : typeof b === 'string' ? b : a * b
}

function divide(value: Value, by: number): Value {
  return typeof value === 'string' ? value : value / by
}
