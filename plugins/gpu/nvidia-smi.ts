/** Lines of `nvidia-smi --format=csv,nounits`, as drivers from 465 to 610 print them. Pure. */
import { joinWords } from './command.ts'
import { type DeviceReading, definedOnly, type GpuProcess, type GpuReading, readHolds } from './device.ts'

/** What is asked for; the name last, since it is the only text. What a driver does not know is left out and asked for again without. */
export const GPU_FIELDS: readonly string[] = [
  'timestamp',
  'index',
  'uuid',
  'driver_version',
  'mig.mode.current',
  'utilization.gpu',
  'utilization.memory',
  'memory.used',
  'memory.total',
  'temperature.gpu',
  'temperature.memory',
  'power.draw',
  'power.draw.instant',
  'enforced.power.limit',
  'clocks.current.sm',
  'clocks.current.memory',
  'clocks_event_reasons.active',
  'ecc.errors.uncorrected.volatile.total',
  'name',
]

/** Older drivers' names. */
const OLDER: Readonly<Record<string, string>> = { 'clocks_event_reasons.active': 'clocks_throttle_reasons.active' }
const NEWER: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(OLDER).map(([now, old]) => [old, now]),
)

export const PROCESS_FIELDS = 'timestamp,gpu_uuid,pid,used_gpu_memory'

const UNKNOWN_FIELD = /^Field "([^"]+)" is not a valid field to query/

/** The fields to ask for instead, when that is what the tool complains about: an older name, or without it. */
export function dropUnknownField(fields: readonly string[], output: readonly string[]): readonly string[] | undefined {
  const unknown = output.map((line) => UNKNOWN_FIELD.exec(line)?.[1]).find((field) => field !== undefined)
  if (unknown === undefined || !fields.includes(unknown)) return undefined
  const older = OLDER[unknown]
  return fields.flatMap((field) => (field !== unknown ? field : (older ?? [])))
}

/** Column names with the unit that the header gives them: `power.draw [W]`. */
interface Column {
  readonly field: string
  readonly unit: string
}

const COLUMN = /^(\S+?)(?: \[(.+)\])?$/

/** undefined: the line is no header of these fields. */
function readHeader(line: string): readonly Column[] | undefined {
  const columns = line.split(',').map((cell) => COLUMN.exec(cell.trim()))
  if (columns.some((match) => match === null)) return undefined
  const named = columns.map((match) => ({ field: NEWER[match![1]!] ?? match![1]!, unit: match![2] ?? '' }))
  return named[0]?.field === 'timestamp' && named.some(({ field }) => field === 'index') ? named : undefined
}

/** To W, MHz and MiB. A number in another unit is not guessed at. */
const PER_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  '%': 1,
  C: 1,
  W: 1,
  kW: 1000,
  mW: 1e-3,
  MHz: 1,
  GHz: 1000,
  MiB: 1,
  GiB: 1024,
  KiB: 1 / 1024,
}
const NUMBER = /^(-?\d+(?:[.,]\d+)?)\s*(\S*)$/

/**
 * A number in W, MHz, MiB, percent or degrees. Whatever is none is not told: `[N/A]`, `N/A`, `[Not Supported]`, `[Unknown Error]`,
 * `[GPU requires reset]`, `[Insufficient Permissions]`, nothing at all.
 */
export function readAmount(cell: string | undefined, unit = ''): number | undefined {
  const match = NUMBER.exec(cell?.trim() ?? '')
  if (match === null) return undefined
  const value = Number(match[1]!.replace(',', '.')) * (PER_UNIT[match[2] || unit] ?? Number.NaN)
  return Number.isFinite(value) && value >= 0 ? value : undefined
}

const MASK = /^0x([0-9a-f]{1,16})$/i

function readMask(cell: string | undefined): number | undefined {
  const digits = MASK.exec(cell?.trim() ?? '')?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits.slice(-8), 16)
}

function readText(cell: string | undefined): string | undefined {
  const text = cell?.trim() ?? ''
  return text === '' || text === 'N/A' || text.startsWith('[') ? undefined : text
}

export interface NvidiaRow {
  readonly device: DeviceReading
  readonly driver?: string
}

/** undefined: it is no whole row of these columns, or does not say of which GPU it is. */
function readRow(line: string, columns: readonly Column[]): NvidiaRow | undefined {
  const cells = line.split(', ')
  if (cells.length < columns.length) return undefined
  // A name with a comma in it; it stands last.
  if (cells.length > columns.length) cells.push(cells.splice(columns.length - 1).join(', '))
  const at = new Map(columns.map(({ field, unit }, index) => [field, { cell: cells[index], unit }]))
  const amount = (field: string): number | undefined => readAmount(at.get(field)?.cell, at.get(field)?.unit)
  const gpu = amount('index')
  if (gpu === undefined || !Number.isInteger(gpu)) return undefined
  const mask = readMask(at.get('clocks_event_reasons.active')?.cell)
  const device = definedOnly<DeviceReading>({
    gpu,
    uuid: readText(at.get('uuid')?.cell),
    name: readText(at.get('name')?.cell),
    split: at.get('mig.mode.current')?.cell?.trim() === 'Enabled' ? true : undefined,
    busyPercent: amount('utilization.gpu'),
    memoryBusyPercent: amount('utilization.memory'),
    smClockMhz: amount('clocks.current.sm'),
    memoryClockMhz: amount('clocks.current.memory'),
    memoryUsedMib: amount('memory.used'),
    memoryTotalMib: amount('memory.total'),
    temperatureC: amount('temperature.gpu'),
    memoryTemperatureC: amount('temperature.memory'),
    // From Ampere on `power.draw` is the mean of a second: it lags behind the load.
    powerW: amount('power.draw.instant') ?? amount('power.draw'),
    powerLimitW: amount('enforced.power.limit'),
    holds: mask === undefined ? undefined : readHolds(mask),
    eccErrors: amount('ecc.errors.uncorrected.volatile.total'),
  })
  const driver = readText(at.get('driver_version')?.cell)
  return { device, ...(driver === undefined ? {} : { driver }) }
}

/** Joins rows, one a GPU, to readings, one a tick. */
export interface TickReader {
  /** A line, with the instant of its arrival: the reading that it completes, if it does. */
  push(line: string, at: number): GpuReading | undefined
  readonly driver: string | undefined
  /** The last lines that were neither header nor row: most likely why there are no more. */
  readonly complaint: string | undefined
}

const DATE = /^\d{4}\/\d\d\/\d\d /

/** `count`: how many GPUs there are; a tick that has them all is whole at once, any other when the next begins. */
export function createTickReader(count: number): TickReader {
  let columns: readonly Column[] | undefined
  let tick: { at: number; devices: DeviceReading[] } | undefined
  let driver: string | undefined
  let complaints: readonly string[] = []
  let complains = false

  const take = (): GpuReading | undefined => {
    const done = tick
    tick = undefined
    return done
  }
  const add = (device: DeviceReading, at: number): GpuReading | undefined => {
    // GPUs come in order of their numbers: one that fell silent does not hold up the others for longer than a tick.
    const again = tick?.devices.some(({ gpu }) => gpu >= device.gpu) === true
    const done = again ? take() : undefined
    tick ??= { at, devices: [] }
    tick.devices.push(device)
    return done ?? (tick.devices.length >= count ? take() : undefined)
  }
  return {
    push(line, at) {
      if (!DATE.test(line)) {
        const header = readHeader(line)
        if (header !== undefined) columns = header
        else {
          // Lines that follow each other say one thing.
          complaints = [...(complains ? complaints.slice(-9) : []), line]
          complains = true
        }
        return undefined
      }
      const row = columns === undefined ? undefined : readRow(line, columns)
      if (row === undefined) return undefined
      driver = row.driver ?? driver
      complains = false
      return add(row.device, at)
    },
    get driver() {
      return driver
    },
    get complaint() {
      return joinWords(complaints)
    },
  }
}

/** All GPUs of one answer that is whole. */
export function readAnswer(lines: readonly string[]): {
  readonly devices: readonly DeviceReading[]
  readonly driver?: string
} {
  const columns = lines.map(readHeader).find((header) => header !== undefined)
  if (columns === undefined) return { devices: [] }
  const rows = lines.filter((line) => DATE.test(line)).flatMap((line) => readRow(line, columns) ?? [])
  const driver = rows.find((row) => row.driver !== undefined)?.driver
  return { devices: rows.map(({ device }) => device), ...(driver === undefined ? {} : { driver }) }
}

/** A row of `--query-compute-apps` with {@link PROCESS_FIELDS}, without header; undefined for any other line, and where a driver may not tell. */
export function readProcess(line: string): GpuProcess | undefined {
  const cells = line.split(', ').map((cell) => cell.trim())
  const [date = '', uuid = '', pid = ''] = cells
  if (cells.length < 3 || !DATE.test(date) || !/^(GPU|MIG)-/i.test(uuid) || !/^\d+$/.test(pid)) return undefined
  return definedOnly<GpuProcess>({ uuid, pid: Number(pid), memoryMib: readAmount(cells[3]) })
}
