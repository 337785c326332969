import type { Finding, Observation, Sample } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { definitions, limits } from '../../plugins/gpu/definitions.ts'
import { summarizeGpus } from '../../plugins/gpu/figures.ts'
import { AFTER, BEFORE, everyTick, MEASURE, makeSeries, readValue } from '../support/plugin-series.ts'

const busy = (at: number): boolean => at >= MEASURE.startAt && at < MEASURE.endAt

function device(gpu: number, at: number, more: object = {}): object {
  return {
    gpu,
    busyPercent: busy(at) ? 97 : 0,
    smClockMhz: busy(at) ? 1980 - gpu : 345,
    memoryClockMhz: 3201,
    memoryUsedMib: 120_000,
    temperatureC: 50 + gpu,
    powerW: busy(at) ? 600 : 80,
    powerLimitW: 700,
    holds: [],
    eccErrors: 0,
    ...more,
  }
}

function head(gpus: readonly number[], all: number = gpus.length): Sample {
  return {
    at: -100,
    server: { gpus, why: 'its processes hold memory there' },
    gpus: Array.from({ length: all }, (_, gpu) => ({ gpu, name: 'NVIDIA H200', memoryTotalMib: 143_771 })),
  }
}

function observe(samples: readonly Sample[], window: typeof MEASURE = MEASURE): Observation {
  return summarizeGpus(makeSeries(samples), window)
}

function find({ findings = [] }: Observation, code: string): Finding | undefined {
  return findings.find((finding) => finding.code === code)
}

describe('figures of GPUs', () => {
  const eight = [
    head([0, 1, 2, 3, 4, 5, 6, 7]),
    ...everyTick((at) => ({ devices: [0, 1, 2, 3, 4, 5, 6, 7].map((gpu) => device(gpu, at)) })),
  ]

  it('are those of the window: idle before and after, busy in between', () => {
    const during = observe(eight).metrics
    expect(readValue(during.gpu_count)).toBe(8)
    expect(readValue(during.gpu_busy)).toBeGreaterThan(96)
    expect(readValue(during.gpu_power)).toBeCloseTo(4758.8, 0)
    expect(readValue(during.gpu_power_limit)).toBe(5600)
    expect(readValue(during.gpu_memory_total)).toBe(8 * 143_771)
    expect(readValue(observe(eight, BEFORE).metrics.gpu_power)).toBeLessThan(850)
    expect(readValue(observe(eight, AFTER).metrics.gpu_busy)).toBe(0)
  })

  it('fit on a line, for one GPU and for eight', () => {
    expect(observe(eight).line).toBe('8 x H200: 96 % busy, 4.76 of 5.6 kW, 345-1980 MHz, 57 °C, 938 of 1120 GiB')
    const one = observe([
      head([0]),
      ...everyTick((at) => ({ devices: [device(0, at, { holds: busy(at) ? ['power-cap'] : [] })] })),
    ])
    expect(one.line).toBe('H200: 96 % busy, 595 of 700 W, 345-1980 MHz, 99 % at its power limit, 50 °C')
    for (const line of [observe(eight).line, one.line]) expect(line!.length).toBeLessThanOrEqual(76)
  })

  it('leave out GPUs that are not the server’s', () => {
    const samples = [head([1], 2), ...everyTick((at) => ({ devices: [device(0, at, { powerW: 1 }), device(1, at)] }))]
    const { metrics } = observe(samples)
    expect(readValue(metrics.gpu_count)).toBe(1)
    expect(readValue(metrics.gpu_power)).toBeGreaterThan(500)
  })

  it('say why there are none', () => {
    const { metrics, line } = observe([])
    expect(Object.keys(metrics)).toEqual(definitions.map(({ id }) => id))
    for (const result of Object.values(metrics))
      expect(result).toMatchObject({ kind: 'absent', reason: /fell into it/ })
    expect(line).toBeUndefined()
    const bare = observe(everyTick(() => ({ devices: [{ gpu: 0, powerW: 5 }] }))).metrics
    expect(bare.gpu_xid_errors).toEqual({
      kind: 'absent',
      unit: 'errors',
      reason: 'not told by nvidia-smi (a DCGM exporter tells them)',
    })
  })

  it('are no sum where a GPU did not tell', () => {
    const samples = [
      head([0, 1]),
      ...everyTick((at) => ({ devices: [device(0, at), device(1, at, { powerW: undefined })] })),
    ]
    expect(observe(samples).metrics.gpu_power).toMatchObject({ kind: 'absent' })
  })
})

describe('what makes a run suspect', () => {
  const one = (more: (at: number) => object): readonly Sample[] => [
    head([0]),
    ...everyTick((at) => ({ devices: [device(0, at, more(at))] })),
  ]

  it('is nothing on a GPU that just works', () => {
    expect(observe(one(() => ({}))).findings).toEqual([])
  })

  it('is throttling, with its reasons and its share', () => {
    const found = find(observe(one((at) => ({ holds: at >= 7000 ? ['hardware-thermal'] : [] }))), 'gpu-throttled')
    expect(found?.figure).toBeCloseTo(50.5, 0)
    expect(found?.message).toMatch(/throttled in 50\.\d % of the readings \(hardware thermal\)/)
    expect(find(observe(one(() => ({ holds: ['power-cap'] }))), 'gpu-throttled')).toBeUndefined()
  })

  it('is another process that computes there, and no desktop', () => {
    const at = 6000
    const processes = [
      { gpu: 0, pid: 10, memoryMib: 60_000, server: true },
      { gpu: 0, pid: 11, memoryMib: 25, server: false },
      { gpu: 0, pid: 12, memoryMib: 500 },
      { gpu: 1, pid: 13, memoryMib: 500, server: false },
    ]
    const quiet = one(() => ({}))
    const insert = (list: readonly object[]): readonly Sample[] =>
      [...quiet, { at, processes: list }].sort((a, b) => a.at - b.at) as readonly Sample[]
    expect(find(observe(insert(processes)), 'gpu-shared')).toBeUndefined()
    const shared = insert([...processes, { gpu: 0, pid: 14, memoryMib: 370, server: false }])
    expect(find(observe(shared), 'gpu-shared')).toMatchObject({ figure: 1, message: /1 other process .* \(14\)/ })
  })

  it('is a GPU that is busy while nothing is asked', () => {
    const found = find(observe(one((at) => ({ busyPercent: at <= 2000 ? 60 : 97 }))), 'gpu-busy-idle')
    expect(found?.figure).toBe(60)
  })

  it('is new errors, not those from before', () => {
    expect(find(observe(one(() => ({ eccErrors: 3, xid: 31 }))), 'gpu-errors')).toBeUndefined()
    const found = find(observe(one((at) => ({ eccErrors: at < 5000 ? 3 : 5, xid: at < 5000 ? 31 : 79 }))), 'gpu-errors')
    expect(found).toMatchObject({
      figure: 3,
      message: '2 uncorrected errors of GPU memory, 1 errors of the driver (XID 31, 79)',
    })
    // The driver was loaded again, and found two since.
    const { metrics } = observe(one((at) => ({ eccErrors: at < 5000 ? 9 : at < 6000 ? 0 : 2 })))
    expect(readValue(metrics.gpu_ecc_errors)).toBe(2)
  })

  it('is a GPU that ceased to answer', () => {
    const samples = [
      head([0, 1]),
      ...everyTick((at) => ({ devices: at < 8000 ? [device(0, at), device(1, at)] : [device(0, at)] })),
    ]
    expect(find(observe(samples), 'gpu-lost')).toMatchObject({ figure: 1, message: 'GPU 1 ceased to answer' })
  })

  it('has a row in the table for each', () => {
    expect(limits.map(({ code }) => code).sort()).toEqual([
      'gpu-busy-idle',
      'gpu-errors',
      'gpu-lost',
      'gpu-shared',
      'gpu-throttled',
    ])
  })
})
