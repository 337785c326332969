/** Blocks of Apple's `powermetrics`, as text, one a sample. Pure. */
import { joinWords } from './command.ts'
import { type DeviceReading, definedOnly, type GpuReading } from './device.ts'

export const POWERMETRICS = ['--samplers', 'gpu_power', '--buffer-size', '1', '--sample-rate'] as const

const BLOCK = /^\*\*\* Sampled system activity .*\(([\d.]+)ms elapsed\) \*\*\*$/
const BUSY = /^GPU (?:HW )?active residency:\s*([\d.]+)\s*%/
const CLOCK = /^GPU (?:HW )?active frequency:\s*([\d.]+)\s*MHz/
const POWER = /^GPU Power:\s*([\d.]+)\s*(m?W)/

export interface BlockReader {
  /** A line, with the instant of its arrival: the reading that it completes, if it does. */
  push(line: string, at: number): GpuReading | undefined
  readonly complaint: string | undefined
}

/** A block is whole with its line of power, which stands last. */
export function createBlockReader(): BlockReader {
  let open: Partial<Record<'busyPercent' | 'smClockMhz', number>> | undefined
  let complaint: string | undefined
  return {
    push(line, at) {
      if (BLOCK.test(line)) open = {}
      else if (open === undefined) complaint = joinWords([line]) ?? complaint
      else {
        const [busy, clock, power] = [BUSY.exec(line), CLOCK.exec(line), POWER.exec(line)]
        if (busy !== null) open.busyPercent = Number(busy[1])
        if (clock !== null) open.smClockMhz = Number(clock[1])
        if (power !== null) {
          const powerW = Number(power[1]) * (power[2] === 'mW' ? 1e-3 : 1)
          const device = definedOnly<DeviceReading>({ gpu: 0, name: 'Apple GPU', ...open, powerW })
          open = undefined
          return { at, devices: [device] }
        }
      }
      return undefined
    },
    get complaint() {
      return complaint
    },
  }
}
