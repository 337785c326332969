import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createTickReader,
  dropUnknownField,
  GPU_FIELDS,
  readAmount,
  readAnswer,
  readProcess,
} from '../../plugins/gpu/nvidia-smi.ts'
import '../support/fuzz.ts'
import { fixturePath } from './stand-in.ts'

function readTable(name: string): readonly string[] {
  return readFileSync(fixturePath(name), 'utf8').trimEnd().split('\n')
}

/** As `--format=csv,nounits` prints it: the header keeps its units, values lose theirs. */
function withoutUnits(lines: readonly string[]): readonly string[] {
  return lines.map((line, i) => (i === 0 ? line : line.replaceAll(/ (%|MiB|W|MHz)(?=,|$)/g, '')))
}

describe('what nvidia-smi prints', () => {
  it('reads a datacenter GPU under load, with units in the values and without', () => {
    const lines = readTable('h200-590.csv')
    const { devices, driver } = readAnswer(lines)
    expect(driver).toBe('590.48.01')
    expect(devices[1]).toEqual({
      gpu: 0,
      uuid: 'GPU-00000000-0000-0000-0000-000000000000',
      name: 'NVIDIA H200',
      busyPercent: 100,
      memoryBusyPercent: 38,
      memoryUsedMib: 32_362,
      memoryTotalMib: 143_771,
      temperatureC: 52,
      memoryTemperatureC: 40,
      powerW: 626.26,
      powerLimitW: 700,
      smClockMhz: 1980,
      memoryClockMhz: 3201,
      holds: [],
      eccErrors: 0,
    })
    expect(readAnswer(withoutUnits(lines)).devices).toEqual(devices)
  })

  it('tells what is absent from what is 0', () => {
    const [mig] = readAnswer(readTable('h100-mig-590.csv')).devices
    expect(mig).toMatchObject({ split: true, memoryUsedMib: 11_125, powerW: 447.35 })
    expect(mig).not.toHaveProperty('busyPercent')
    const [idle, capped] = readAnswer(readTable('l40s-595.csv')).devices
    expect(idle).toMatchObject({ memoryUsedMib: 0, holds: [], eccErrors: 0 })
    expect(idle).not.toHaveProperty('memoryTemperatureC')
    expect(capped?.holds).toEqual(['power-cap'])
    const [desktop] = readAnswer(readTable('rtx-2080-610.csv')).devices
    expect(desktop).toMatchObject({ holds: [], powerW: 39.25 })
    expect(desktop).not.toHaveProperty('eccErrors')
  })

  it('reads a driver of 2021, with the older name of the reasons and without the newer fields', () => {
    const { devices, driver } = readAnswer(readTable('rtx-2080-465.csv'))
    expect(driver).toBe('465.27')
    expect(devices).toMatchObject([{ gpu: 0, powerW: 30.37, holds: [], memoryTotalMib: 7979 }])
  })

  it.each([
    '[N/A]',
    'N/A',
    '[Not Supported]',
    '[Unknown Error]',
    '[GPU requires reset]',
    '[Insufficient Permissions]',
    '[Requested functionality has been deprecated]',
    '[Function Not Found]',
    '',
    ' ',
    '-1',
    'nan',
    'inf',
    '0x10',
    '1e999',
    'ERR!',
  ])('%j is not told', (cell) => {
    expect(readAmount(cell)).toBeUndefined()
  })

  it('reads units and the decimal comma of other countries', () => {
    expect(readAmount('77.71 W')).toBe(77.71)
    expect(readAmount('77,71')).toBe(77.71)
    expect(readAmount('77710', 'mW')).toBeCloseTo(77.71)
    expect(readAmount('2 GiB', 'MiB')).toBe(2048)
    expect(readAmount('100 %')).toBe(100)
  })

  it('reads a name with commas in it', () => {
    const [header, , row] = readTable('h200-590.csv')
    expect(readAnswer([header!, row!.replace(/NVIDIA H200$/, 'Tesla V100, SXM2, 32GB')]).devices[0]?.name).toBe(
      'Tesla V100, SXM2, 32GB',
    )
  })

  it('asks by an older name, or without what the driver does not know', () => {
    const complaint = (field: string): readonly string[] => [`Field "${field}" is not a valid field to query.`, '']
    const older = dropUnknownField(GPU_FIELDS, complaint('clocks_event_reasons.active'))
    expect(older).toContain('clocks_throttle_reasons.active')
    expect(older).toHaveLength(GPU_FIELDS.length)
    const none = dropUnknownField(older!, complaint('clocks_throttle_reasons.active'))
    expect(none).toHaveLength(GPU_FIELDS.length - 1)
    expect(dropUnknownField(GPU_FIELDS, complaint('fan.speed'))).toBeUndefined()
    expect(dropUnknownField(GPU_FIELDS, ['NVIDIA-SMI has failed'])).toBeUndefined()
  })
})

describe('ticks of a stream', () => {
  const [header, ...rows] = readTable('h200-x8-590.csv')

  it('joins eight rows to one reading, at the instant of the first', () => {
    const reader = createTickReader(8)
    const readings = [header!, ...rows].flatMap((line, i) => reader.push(line, i) ?? [])
    expect(readings.map(({ at, devices }) => [at, devices.length])).toEqual([
      [1, 8],
      [9, 8],
      [17, 8],
      [25, 8],
    ])
    expect(readings[3]!.devices[3]!.holds).toEqual(['power-cap', 'hardware-thermal'])
    expect(reader.driver).toBe('590.48.01')
  })

  it('goes on with seven where the eighth is lost, and says what was said about it', () => {
    const reader = createTickReader(8)
    const lost =
      'Unable to determine the device handle for GPU1: 0000:44:00.0: GPU is lost.  Reboot the system to recover this GPU'
    const lines = [header!, ...rows.slice(0, 8), ...rows.slice(8).flatMap((row) => (/, 1, GPU/.test(row) ? lost : row))]
    const readings = lines.flatMap((line, i) => reader.push(line, i) ?? [])
    expect(readings.map(({ devices }) => devices.length)).toEqual([8, 7, 7])
    expect(readings[1]!.devices.map(({ gpu }) => gpu)).toEqual([0, 2, 3, 4, 5, 6, 7])
    expect(reader.complaint).toBe(lost)
  })

  it('says all of what was said at its end, and nothing of earlier', () => {
    const reader = createTickReader(8)
    const end = ['Failed to initialize NVML: Driver/library version mismatch', 'NVML library version: 535.161', '']
    for (const line of [header!, 'a hiccup', ...rows.slice(0, 8), ...end]) reader.push(line, 0)
    expect(reader.complaint).toBe(
      'Failed to initialize NVML: Driver/library version mismatch; NVML library version: 535.161',
    )
  })

  it('takes headers that come again, blank lines and a last line that is cut', () => {
    const reader = createTickReader(8)
    const lines = [header!, ...rows.slice(0, 8), '', header!, ...rows.slice(8, 16), rows[16]!.slice(0, 60)]
    expect(lines.flatMap((line) => reader.push(line, 0) ?? [])).toHaveLength(2)
  })

  it('never throws, whatever comes', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom(header!, ...rows.slice(0, 8), '[N/A]', ', , ,', '\u0000'))
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.nat(300)), { maxLength: 30 }), fc.nat(8), (pieces, count) => {
        const reader = createTickReader(count)
        for (const [text, cut] of pieces) {
          for (const { devices } of [reader.push(text.slice(0, cut), 0)].flatMap((one) => one ?? [])) {
            expect(devices.length).toBeGreaterThan(0)
            for (const [, value] of devices.flatMap((one) => Object.entries(one)))
              if (typeof value === 'number') expect(value).toBeGreaterThanOrEqual(0)
          }
        }
      }),
    )
  })

  it('gives back what was written', () => {
    const amount = fc.option(fc.integer({ min: 0, max: 1e6 }), { nil: undefined })
    fc.assert(
      fc.property(fc.array(fc.tuple(amount, amount, amount), { minLength: 1, maxLength: 8 }), (gpus) => {
        const reader = createTickReader(gpus.length)
        reader.push('timestamp, index, power.draw [W], temperature.gpu, memory.used [MiB]', 0)
        const cell = (value: number | undefined): string => (value === undefined ? '[N/A]' : String(value))
        const written = gpus.map(([power, heat, memory], i) =>
          reader.push(`2026/07/03 22:10:46.109, ${i}, ${cell(power)}, ${cell(heat)}, ${cell(memory)}`, i),
        )
        expect(written.at(-1)?.devices.map((one) => [one.powerW, one.temperatureC, one.memoryUsedMib])).toEqual(gpus)
      }),
    )
  })
})

describe('who computes', () => {
  it('reads rows, and passes over those that may not be read', () => {
    const gpu = 'GPU-00000000-0000-0000-0000-000000000000'
    expect(readProcess(`2026/07/14 08:12:53.500, ${gpu}, 11345, 15690`)).toEqual({
      uuid: gpu,
      pid: 11_345,
      memoryMib: 15_690,
    })
    expect(readProcess(`2026/06/22 23:04:18.593, ${gpu}, 2056, [N/A]`)).toEqual({ uuid: gpu, pid: 2056 })
    expect(
      readProcess(`2026/06/22 23:04:18.593, ${gpu}, [Insufficient Permissions], [Insufficient Permissions]`),
    ).toBeUndefined()
    expect(readProcess('No running processes found')).toBeUndefined()
    expect(readProcess('timestamp, gpu_uuid, pid, used_gpu_memory [MiB]')).toBeUndefined()
    fc.assert(fc.property(fc.string(), (line) => void readProcess(line)))
  })
})
