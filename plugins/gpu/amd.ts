/** What AMD's tools say as JSON: `amd-smi metric --json` of ROCm 6 and 7, `rocm-smi --json` of all. Pure; nothing is coerced. */
import { asArray, asObject, type JsonObject, parseJson } from 'inferbench'
import { type DeviceReading, definedOnly, type Hold } from './device.ts'

export const AMD_SMI = ['metric', '--json'] as const
export const ROCM_SMI = [
  '--showuse',
  '--showpower',
  '--showmaxpower',
  '--showtemp',
  '--showclocks',
  '--showmeminfo',
  'vram',
  '--showenergycounter',
  '--showproductname',
  '--json',
] as const

/** The JSON among lines of output that may hold warnings before and after it. */
export function findJson(lines: readonly string[]): unknown {
  const first = lines.findIndex((line) => /^\s*[[{]/.test(line))
  const last = lines.findLastIndex((line) => /[\]}]\s*$/.test(line))
  return first < 0 || last < first ? undefined : parseJson(lines.slice(first, last + 1).join('\n'))
}

/** Units by what they measure, in ours. A number in another one is not guessed at. It says MB, and has divided by 1024 * 1024. */
const UNITS = {
  share: { '%': 1 },
  clock: { MHz: 1, GHz: 1000 },
  memory: { MB: 1, MiB: 1, GB: 1024, GiB: 1024, KB: 1 / 1024 },
  heat: { C: 1 },
  power: { W: 1, mW: 1e-3, kW: 1000 },
  energy: { J: 1, mJ: 1e-3, uJ: 1e-6, kJ: 1000 },
  errors: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>

/** `{ value, unit }`, or in some versions the bare number; a missing group is the text `N/A`. */
function amountAt(
  object: JsonObject,
  measures: keyof typeof UNITS,
  group: string,
  ...names: readonly string[]
): number | undefined {
  const members = asObject(object[group])
  const units: Readonly<Record<string, number>> = UNITS[measures]
  for (const name of names) {
    const member = members?.[name]
    const { value, unit = '' } = asObject(member) ?? { value: member }
    const factor = unit === '' ? 1 : units[String(unit)]
    if (typeof value === 'number' && factor !== undefined && Number.isFinite(value) && value >= 0) return value * factor
  }
  return undefined
}

function clockAt(gpu: JsonObject, name: string): number | undefined {
  return amountAt(asObject(gpu.clock) ?? {}, 'clock', name, 'clk')
}

/** The parts of the chip that can hold it down, each with the word in which `throttle` of newer versions names it. */
const VIOLATIONS: readonly (readonly [name: string, hold: Hold])[] = [
  ['prochot_violation_status', 'hardware-thermal'],
  ['ppt_violation_status', 'power-cap'],
  ['socket_thermal_violation_status', 'hardware-thermal'],
  ['vr_thermal_violation_status', 'hardware-thermal'],
  ['hbm_thermal_violation_status', 'hardware-thermal'],
]

function holdsOf(gpu: JsonObject): readonly Hold[] | undefined {
  const throttle = asObject(gpu.throttle)
  const told = VIOLATIONS.flatMap(([name, hold]) => {
    const status = throttle?.[name]
    return status === 'ACTIVE' ? hold : status === 'NOT ACTIVE' ? 'none' : []
  })
  if (told.length > 0) return [...new Set(told.filter((hold) => hold !== 'none'))]
  const status = asObject(gpu.power)?.throttle_status
  return status === 'THROTTLED' ? ['unknown'] : status === 'UNTHROTTLED' ? [] : undefined
}

/** One reading of each GPU of an answer of `amd-smi metric --json`: a list, or an object that holds one as `gpu_data`. */
export function readAmdSmi(answer: unknown): readonly DeviceReading[] {
  const list = Array.isArray(answer) ? answer : asArray(asObject(answer)?.gpu_data)
  return list.flatMap((entry) => {
    const gpu = asObject(entry)
    const index = gpu?.gpu
    if (gpu === undefined || typeof index !== 'number' || !Number.isInteger(index) || index < 0) return []
    return definedOnly<DeviceReading>({
      gpu: index,
      busyPercent: amountAt(gpu, 'share', 'usage', 'gfx_activity'),
      memoryBusyPercent: amountAt(gpu, 'share', 'usage', 'umc_activity'),
      smClockMhz: clockAt(gpu, 'gfx_0'),
      memoryClockMhz: clockAt(gpu, 'mem_0'),
      memoryUsedMib: amountAt(gpu, 'memory', 'mem_usage', 'used_vram'),
      memoryTotalMib: amountAt(gpu, 'memory', 'mem_usage', 'total_vram'),
      temperatureC: amountAt(gpu, 'heat', 'temperature', 'hotspot', 'edge'),
      memoryTemperatureC: amountAt(gpu, 'heat', 'temperature', 'mem'),
      powerW: amountAt(gpu, 'power', 'power', 'socket_power', 'current_socket_power', 'average_socket_power'),
      energyJ: amountAt(gpu, 'energy', 'energy', 'total_energy_consumption'),
      holds: holdsOf(gpu),
      eccErrors: amountAt(gpu, 'errors', 'ecc', 'total_uncorrectable_count'),
    })
  })
}

const CARD = /^card(\d{1,4})$/
const MIB = 1024 * 1024

/** One reading of each card of an answer of `rocm-smi --json`: texts under names that vary with version and card. */
export function readRocmSmi(answer: unknown): readonly DeviceReading[] {
  const cards = Object.entries(asObject(answer) ?? {}).flatMap(([name, value]) => {
    const index = CARD.exec(name)?.[1]
    const card = asObject(value)
    return index === undefined || card === undefined ? [] : [{ gpu: Number(index), card }]
  })
  return cards.map(({ gpu, card }) => readCard(gpu, card)).sort((a, b) => a.gpu - b.gpu)
}

function readCard(gpu: number, card: JsonObject): DeviceReading {
  const textOf = (name: RegExp): string | undefined => {
    const found = Object.entries(card).find(([key, value]) => name.test(key) && /\d/.test(String(value)))
    return found === undefined ? undefined : String(found[1])
  }
  const amount = (name: RegExp): number | undefined => {
    const digits = /^\s*\(?(\d+(?:\.\d+)?)(?:Mhz\))?\s*$/i.exec(textOf(name) ?? '')?.[1]
    return digits === undefined ? undefined : Number(digits)
  }
  const [used, total, energy] = [
    amount(/^VRAM Total Used Memory \(B\)$/),
    amount(/^VRAM Total Memory \(B\)$/),
    amount(/^Accumulated Energy \(uJ\)$/),
  ]
  const name = Object.entries(card).find(([key]) => /^card series$/i.test(key))?.[1]
  return definedOnly<DeviceReading>({
    gpu,
    name: typeof name === 'string' && name.trim() !== '' ? name.trim() : undefined,
    busyPercent: amount(/^GPU use \(%\)$/),
    smClockMhz: amount(/^sclk clock speed/),
    memoryClockMhz: amount(/^mclk clock speed/),
    memoryUsedMib: used === undefined ? undefined : used / MIB,
    memoryTotalMib: total === undefined ? undefined : total / MIB,
    temperatureC: amount(/^Temperature \(Sensor junction\)/) ?? amount(/^Temperature \(Sensor edge\)/),
    memoryTemperatureC: amount(/^Temperature \(Sensor memory\)/),
    // The second die of a card of two says `N/A (Secondary die)`: the first one's figure is that of both.
    powerW: amount(/^(?:Average|Current Socket) Graphics Package Power \(W\)$/i),
    powerLimitW: amount(/^Max Graphics Package Power \(W\)$/),
    energyJ: energy === undefined ? undefined : energy / 1e6,
  })
}
