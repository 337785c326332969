/** What NVIDIA's DCGM exporter answers: a sample a field and GPU. Pure. */
import { type DeviceReading, definedOnly, readHolds } from './device.ts'

/** Fields by their name in the exporter; DCGM 4.6 gave some a second name for the same number. */
const FIELDS = {
  SM_CLOCK: 'smClockMhz',
  MEM_CLOCK: 'memoryClockMhz',
  MEMORY_TEMP: 'memoryTemperatureC',
  MEMORY_TEMP_CELSIUS: 'memoryTemperatureC',
  GPU_TEMP: 'temperatureC',
  GPU_TEMP_CELSIUS: 'temperatureC',
  POWER_USAGE: 'powerW',
  BOARD_POWER_WATTS: 'powerW',
  POWER_MGMT_LIMIT: 'requestedLimitW',
  BOARD_POWER_LIMIT_REQUESTED_WATTS: 'requestedLimitW',
  ENFORCED_POWER_LIMIT: 'powerLimitW',
  BOARD_POWER_LIMIT_ENFORCED_WATTS: 'powerLimitW',
  TOTAL_ENERGY_CONSUMPTION: 'energyMj',
  // Percent, whatever the newer name says.
  GPU_UTIL: 'busyPercent',
  GPU_UTIL_RATIO: 'busyPercent',
  MEM_COPY_UTIL: 'memoryBusyPercent',
  XID_ERRORS: 'xid',
  XID_ERROR: 'xid',
  FB_FREE: 'freeMib',
  FB_USED: 'usedMib',
  FB_RESERVED: 'reservedMib',
  CLOCKS_EVENT_REASONS: 'holdMask',
  CLOCK_THROTTLE_REASONS: 'holdMask',
  ECC_DBE_VOL_TOTAL: 'eccErrors',
} as const

type Field = (typeof FIELDS)[keyof typeof FIELDS]

interface Found {
  readonly gpu: number
  uuid?: string
  name?: string
  split?: true
  readonly values: Map<Field, number>
}

/** From here on DCGM's numbers mean "blank" (`dcgm_structs.h`: DCGM_INT32_BLANK, DCGM_FP64_BLANK, DCGM_INT64_BLANK). */
const INT32_BLANK = 0x7ffffff0
const FP64_BLANK = 140_737_488_355_328

/** A line of Prometheus text. */
export interface PrometheusSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

const PREFIX = 'DCGM_FI_DEV_'

function fieldOf(name: string): Field | undefined {
  const short = name.slice(PREFIX.length)
  return name.startsWith(PREFIX) && Object.hasOwn(FIELDS, short) ? FIELDS[short as keyof typeof FIELDS] : undefined
}

export function isDcgmField(name: string): boolean {
  return fieldOf(name) !== undefined
}

function isTold(value: number, field: Field): boolean {
  if (!Number.isFinite(value) || value < 0 || value >= FP64_BLANK) return false
  // An energy of 2 MJ is what a GPU uses in an hour.
  return field === 'energyMj' || value < INT32_BLANK
}

/** One reading of each GPU, in order of their numbers. */
export function readDcgm(samples: Iterable<PrometheusSample>): readonly DeviceReading[] {
  const found = new Map<string, Found>()
  for (const sample of samples) addSample(sample, found)
  return [...found.values()].sort((a, b) => a.gpu - b.gpu).map(toDevice)
}

function addSample({ name: metric, labels, value }: PrometheusSample, found: Map<string, Found>): void {
  const field = fieldOf(metric)
  const gpu = labels.get('gpu') ?? ''
  if (field === undefined || !isTold(value, field) || !/^\d{1,4}$/.test(gpu)) return
  const [uuid, name, instance] = [labels.get('UUID'), labels.get('modelName'), labels.get('GPU_I_ID') ?? '']
  // Of several machines behind one address each has a GPU 0.
  const key = uuid ?? `${labels.get('hostname') ?? labels.get('Hostname') ?? ''} ${gpu}`
  const of = found.get(key) ?? { gpu: Number(gpu), values: new Map<Field, number>() }
  found.set(key, of)
  if (uuid !== undefined) of.uuid = uuid
  if (name !== undefined) of.name = name
  if (instance !== '') of.split = true
  of.values.set(field, join(field, of.values.get(field), value, instance !== ''))
}

/** Of a GPU in instances each has its own memory; power, energy and clocks are those of the whole, told once an instance. */
function join(field: Field, known: number | undefined, value: number, instance: boolean): number {
  if (known === undefined) return value
  const own = field === 'usedMib' || field === 'freeMib' || field === 'reservedMib'
  return own && instance ? known + value : Math.max(known, value)
}

function toDevice({ gpu, uuid, name, split, values }: Found): DeviceReading {
  const get = (field: Field): number | undefined => values.get(field)
  const [used, free, energyMj, mask] = [get('usedMib'), get('freeMib'), get('energyMj'), get('holdMask')]
  // Where memory has no thermometer the exporter says 0.
  const memoryTemperature = get('memoryTemperatureC')
  return definedOnly<DeviceReading>({
    gpu,
    uuid,
    name,
    split,
    busyPercent: get('busyPercent'),
    memoryBusyPercent: get('memoryBusyPercent'),
    smClockMhz: get('smClockMhz'),
    memoryClockMhz: get('memoryClockMhz'),
    memoryUsedMib: used,
    memoryTotalMib: used === undefined || free === undefined ? undefined : used + free + (get('reservedMib') ?? 0),
    temperatureC: get('temperatureC'),
    memoryTemperatureC: memoryTemperature === 0 ? undefined : memoryTemperature,
    powerW: get('powerW'),
    powerLimitW: get('powerLimitW') ?? get('requestedLimitW'),
    energyJ: energyMj === undefined ? undefined : energyMj / 1000,
    holds: mask === undefined ? undefined : readHolds(mask),
    eccErrors: get('eccErrors'),
    xid: get('xid'),
  })
}
