/** What is told of GPUs, whoever tells it. */

/** Why something holds a GPU's clocks down. */
export type Hold =
  /** The limit of power that software keeps to: usual under load, and no fault. */
  | 'power-cap'
  | 'hardware-slowdown'
  | 'hardware-thermal'
  | 'software-thermal'
  | 'power-brake'
  /** It is held down; the tool does not say why. */
  | 'unknown'

/** One GPU at one instant. What the tool does not tell is absent. */
export interface DeviceReading {
  /** The tool's own number, from 0. */
  readonly gpu: number
  readonly uuid?: string
  readonly name?: string
  /** Split into instances (MIG): then the tool tells no utilisation of the whole. */
  readonly split?: true
  /** Percent of a time of the tool's choice, 1/6 s to 1 s, in which at least one kernel ran: not how full it was. */
  readonly busyPercent?: number
  readonly memoryBusyPercent?: number
  readonly smClockMhz?: number
  readonly memoryClockMhz?: number
  readonly memoryUsedMib?: number
  readonly memoryTotalMib?: number
  readonly temperatureC?: number
  readonly memoryTemperatureC?: number
  readonly powerW?: number
  readonly powerLimitW?: number
  /** Since some origin; goes back when the driver is loaded again. */
  readonly energyJ?: number
  /** Empty: nothing holds its clocks down. */
  readonly holds?: readonly Hold[]
  /** Uncorrected errors of its memory since the driver was loaded. */
  readonly eccErrors?: number
  /** The last error of the driver, by NVIDIA's numbers; 0: none so far. */
  readonly xid?: number
}

/** All GPUs at one instant, by the platform's clock. */
export interface GpuReading {
  readonly at: number
  readonly devices: readonly DeviceReading[]
}

/** A process that holds memory of a GPU. */
export interface GpuProcess {
  readonly uuid: string
  readonly pid: number
  readonly memoryMib?: number
}

/** Bits of `nvmlClocksEventReasons`. Idle (0x1), set clocks (0x2), sync boost (0x10) and display clocks (0x100) are no limits that are met. */
const HOLDS: readonly (readonly [bit: number, hold: Hold])[] = [
  [0x4, 'power-cap'],
  [0x8, 'hardware-slowdown'],
  [0x20, 'software-thermal'],
  [0x40, 'hardware-thermal'],
  [0x80, 'power-brake'],
]

export function readHolds(mask: number): readonly Hold[] {
  // All known bits are low; the operators of 32 bits see them in any mask.
  return HOLDS.filter(([bit]) => (mask & bit) !== 0).map(([, hold]) => hold)
}

/** An object without the members that are undefined. */
export function definedOnly<Value extends object>(value: { [Key in keyof Value]: Value[Key] | undefined }): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value
}
