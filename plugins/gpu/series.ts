/** What lines of the series hold, and reading them back: a folder may have been written by another version. */
import { asArray, asObject, asText, type JsonObject, type Sample } from 'inferbench'
import { type DeviceReading, definedOnly, type Hold } from './device.ts'

/** In the first line: what does not change. */
export interface ServerLine {
  readonly server: {
    /** Numbers of the GPUs that it uses. */
    readonly gpus: readonly number[]
    /** How that is known, for people. */
    readonly why: string
  }
  readonly gpus: readonly DeviceFacts[]
}

type DeviceFacts = Pick<DeviceReading, 'gpu' | 'uuid' | 'name' | 'split' | 'memoryTotalMib'>

export interface DevicesLine {
  readonly devices: readonly Omit<DeviceReading, 'uuid' | 'name' | 'split' | 'memoryTotalMib'>[]
}

export interface ProcessesLine {
  readonly processes: readonly {
    readonly gpu: number
    readonly pid: number
    readonly memoryMib?: number
    /** Absent: not known. */
    readonly server?: boolean
  }[]
}

export function toFacts({ gpu, uuid, name, split, memoryTotalMib }: DeviceReading): DeviceFacts {
  return definedOnly<DeviceFacts>({ gpu, uuid, name, split, memoryTotalMib })
}

export function toDevicesLine(devices: readonly DeviceReading[]): DevicesLine {
  return { devices: devices.map(({ uuid: _, name: __, split: ___, memoryTotalMib: ____, ...changing }) => changing) }
}

export interface DevicesAt {
  readonly at: number
  readonly devices: readonly DeviceReading[]
}

function asObjects(value: unknown): readonly JsonObject[] {
  return asArray(value).flatMap((one): readonly JsonObject[] => {
    const object = asObject(one)
    return object === undefined ? [] : [object]
  })
}

function readNumber(object: JsonObject, name: string): number | undefined {
  const value = object[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

const NUMBERS = [
  'busyPercent',
  'memoryBusyPercent',
  'smClockMhz',
  'memoryClockMhz',
  'memoryUsedMib',
  'temperatureC',
  'memoryTemperatureC',
  'powerW',
  'powerLimitW',
  'energyJ',
  'eccErrors',
  'xid',
] as const

function readDevice(value: unknown): readonly DeviceReading[] {
  const object = asObject(value)
  const gpu = object === undefined ? undefined : readNumber(object, 'gpu')
  if (object === undefined || gpu === undefined) return []
  const numbers = NUMBERS.flatMap((name) => {
    const number = readNumber(object, name)
    return number === undefined ? [] : [[name, number] as const]
  })
  const holds = Array.isArray(object.holds)
    ? (object.holds.filter((hold) => typeof hold === 'string') as Hold[])
    : undefined
  return [{ gpu, ...Object.fromEntries(numbers), ...(holds === undefined ? {} : { holds }) }]
}

/** undefined: this line tells of something else. */
export function readDevicesAt(sample: Sample): DevicesAt | undefined {
  if (!Array.isArray(sample.devices)) return undefined
  return { at: sample.at, devices: sample.devices.flatMap(readDevice) }
}

export interface KnownServer {
  readonly gpus: ReadonlySet<number>
  readonly why: string
  readonly names: readonly string[]
  readonly memoryTotalMib?: number
}

function cleanText(value: unknown): readonly string[] {
  const text =
    asText(value)
      ?.replaceAll(/[^\x20-\x7e]+/g, ' ')
      .trim() ?? ''
  return text === '' ? [] : [text]
}

/** undefined: no line says which GPUs are the server's; then all are. */
export function findServer(samples: readonly Sample[]): KnownServer | undefined {
  const line = samples.find(({ server }) => server !== undefined)
  const server = asObject(line?.server)
  if (server === undefined) return undefined
  const gpus = new Set(asArray(server.gpus).filter((gpu): gpu is number => typeof gpu === 'number'))
  const facts = asObjects(line?.gpus)
  const own = facts.filter((one) => gpus.has(readNumber(one, 'gpu') ?? -1))
  const totals = own.map((one) => readNumber(one, 'memoryTotalMib'))
  const known = totals.filter((total) => total !== undefined)
  return {
    gpus,
    why: cleanText(server.why)[0] ?? '',
    names: [...new Set(own.flatMap((one) => cleanText(one.name)))],
    ...(known.length > 0 && known.length === totals.length ? { memoryTotalMib: known.reduce((a, b) => a + b, 0) } : {}),
  }
}

/** A context of CUDA alone takes more; a desktop that draws on the GPU takes less. */
const COMPUTES_MIB = 64

/** Ids of processes that are not the server's and held memory of one of these GPUs to compute with. */
export function findOthers(samples: readonly Sample[], gpus: ReadonlySet<number>): ReadonlySet<number> {
  const processes = samples.flatMap((sample) => asObjects(sample.processes))
  return new Set(
    processes
      .filter(({ server, gpu }) => server === false && typeof gpu === 'number' && gpus.has(gpu))
      .filter(({ memoryMib }) => typeof memoryMib === 'number' && memoryMib >= COMPUTES_MIB)
      .flatMap(({ pid }) => (typeof pid === 'number' ? pid : [])),
  )
}

/**
 * Readings as lines of a series. The first one carries the head, which holds what does not change; none lies before another that was handed out earlier,
 * since what one source read may have been stamped shortly before what another said.
 */
export function createLines(head: Omit<Sample, 'at'>): (samples: readonly Sample[]) => readonly Sample[] {
  let next: Omit<Sample, 'at'> = head
  let lastAt = Number.NEGATIVE_INFINITY
  return (samples) =>
    [...samples]
      .sort((a, b) => a.at - b.at)
      .map((sample) => {
        const { at, ...read } = sample
        lastAt = Math.max(lastAt, at)
        const line = { at: lastAt, ...next, ...read }
        next = {}
        return line
      })
}
