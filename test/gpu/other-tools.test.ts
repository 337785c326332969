/** DCGM's exporter, AMD's tools and Apple's. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findJson, readAmdSmi, readRocmSmi } from '../../plugins/gpu/amd.ts'
import { isDcgmField, readDcgm } from '../../plugins/gpu/dcgm.ts'
import { createBlockReader } from '../../plugins/gpu/powermetrics.ts'
import { readMetricsText } from '../../plugins/server/text.ts'
import '../support/fuzz.ts'
import { fixturePath } from './stand-in.ts'

function readText(name: string): string {
  return readFileSync(fixturePath(name), 'utf8')
}

function readExporter(text: string): ReturnType<typeof readDcgm> {
  return readDcgm(readMetricsText(text, isDcgmField).samples)
}

describe("DCGM's exporter", () => {
  it('reads energy in joules, memory with what is reserved, reasons and errors', () => {
    const [first, second] = readExporter(readText('dcgm.prom'))
    expect(first).toEqual({
      gpu: 0,
      uuid: 'GPU-00000000-0000-0000-0000-000000000000',
      name: 'Tesla T4',
      busyPercent: 91,
      memoryBusyPercent: 73,
      smClockMhz: 660,
      memoryClockMhz: 5000,
      memoryUsedMib: 5120,
      memoryTotalMib: 15_358,
      temperatureC: 74,
      powerW: 68.244,
      energyJ: 15_152_422.938,
      holds: ['power-cap'],
      eccErrors: 0,
      xid: 0,
    })
    expect(second).toMatchObject({ gpu: 1, holds: [] })
    // DCGM_INT64_NOT_SUPPORTED.
    expect(second).not.toHaveProperty('eccErrors')
  })

  it('takes a GPU in instances for one: its energy once, its memory together', () => {
    expect(readExporter(readText('dcgm-mig.prom'))).toMatchObject([
      { gpu: 0, split: true, energyJ: 257_858.316, powerW: 54.581, memoryUsedMib: 19_024 },
    ])
  })

  it('knows the names of DCGM 4.6, and its word for blank', () => {
    const [gpu] = readExporter(readText('dcgm-4.6.prom'))
    expect(gpu).toMatchObject({
      temperatureC: 58,
      powerW: 627.4,
      powerLimitW: 700,
      busyPercent: 97,
      xid: 0,
      energyJ: 15_152_422.938,
    })
    expect(gpu).not.toHaveProperty('memoryTemperatureC')
  })

  it('never throws', () => {
    const text = readText('dcgm.prom')
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(text.length), fc.string(), (a, b, middle) => {
        for (const gpu of readExporter(text.slice(0, a) + middle + text.slice(b)))
          expect(Number.isInteger(gpu.gpu)).toBe(true)
      }),
    )
    expect(readExporter('<html>404</html>')).toEqual([])
  })
})

describe("AMD's tools", () => {
  it('reads amd-smi as a list, after a warning', () => {
    const devices = readAmdSmi(findJson(readText('amd-smi.json').split('\n')))
    expect(devices[0]).toEqual({
      gpu: 0,
      busyPercent: 87,
      memoryBusyPercent: 41,
      smClockMhz: 2100,
      memoryClockMhz: 1300,
      memoryUsedMib: 121_344,
      memoryTotalMib: 196_592,
      temperatureC: 71,
      memoryTemperatureC: 58,
      powerW: 542,
      energyJ: 81_503.462,
      eccErrors: 0,
    })
    expect(devices[1]!.holds).toEqual([])
  })

  it('reads amd-smi as an object, with what violates limits, and groups that are not there', () => {
    const devices = readAmdSmi(findJson(readText('amd-smi-7.json').split('\n')))
    expect(devices.map(({ holds }) => holds)).toEqual([['power-cap', 'hardware-thermal'], ['unknown']])
    expect(devices[1]).not.toHaveProperty('busyPercent')
    expect(devices[1]).not.toHaveProperty('energyJ')
  })

  it('reads amd-smi in the units that it names, and guesses at none', () => {
    const gpu = {
      gpu: 0,
      power: { socket_power: { value: 542_000, unit: 'mW' } },
      energy: { total_energy_consumption: { value: 81.5, unit: 'kJ' } },
      mem_usage: { used_vram: { value: 118.5, unit: 'GB' }, total_vram: { value: 5, unit: 'sectors' } },
      temperature: { hotspot: { value: 160, unit: 'F' }, edge: { value: 60, unit: 'C' } },
      clock: { gfx_0: { clk: 2100 } },
    }
    expect(readAmdSmi([gpu])).toEqual([
      { gpu: 0, powerW: 542, energyJ: 81_500, memoryUsedMib: 121_344, temperatureC: 60, smClockMhz: 2100 },
    ])
  })

  it('reads rocm-smi, whose names vary from card to card', () => {
    const devices = readRocmSmi(findJson(readText('rocm-smi.json').split('\n')))
    expect(devices).toEqual([
      {
        gpu: 0,
        name: 'AMD Radeon RX 7900 XTX',
        busyPercent: 18,
        smClockMhz: 2173,
        memoryClockMhz: 1249,
        memoryUsedMib: 3478065152 / 2 ** 20,
        memoryTotalMib: 25753026560 / 2 ** 20,
        temperatureC: 74,
        memoryTemperatureC: 74,
        powerW: 87,
        powerLimitW: 339,
        energyJ: 1888.8888717,
      },
      {
        gpu: 1,
        name: 'AMD Ryzen 9 9950X3D',
        busyPercent: 0,
        memoryUsedMib: 26124288 / 2 ** 20,
        memoryTotalMib: 2048,
        temperatureC: 50,
        powerW: 0.014,
      },
      { gpu: 2, busyPercent: 0 },
    ])
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        readAmdSmi(value)
        readRocmSmi(value)
      }),
    )
    fc.assert(
      fc.property(fc.anything(), (value) => {
        readAmdSmi([
          { gpu: 0, power: value, energy: value, clock: value, throttle: value, usage: { gfx_activity: value } },
        ])
        readRocmSmi({ card0: value, card1: { 'GPU use (%)': value } })
      }),
    )
    fc.assert(fc.property(fc.array(fc.string()), (lines) => void findJson(lines)))
  })
})

describe("Apple's powermetrics", () => {
  it('reads blocks, each whole with its line of power', () => {
    const reader = createBlockReader()
    const lines = readText('powermetrics.txt').split('\n')
    const block = lines.slice(lines.findIndex((line) => line.startsWith('*** Sampled')))
    const readings = [...lines, ...block].flatMap((line, at) => reader.push(line, at) ?? [])
    expect(readings).toHaveLength(2)
    expect(readings[0]!.devices).toEqual([
      { gpu: 0, name: 'Apple GPU', busyPercent: 99.35, smClockMhz: 1277, powerW: 8.503 },
    ])
  })

  it('keeps what it says instead', () => {
    const reader = createBlockReader()
    expect(reader.push('powermetrics must be invoked as the superuser', 0)).toBeUndefined()
    expect(reader.complaint).toBe('powermetrics must be invoked as the superuser')
    fc.assert(
      fc.property(fc.array(fc.string()), (lines) => {
        for (const line of lines) reader.push(line, 0)
      }),
    )
  })
})
