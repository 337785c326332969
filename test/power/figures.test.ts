import type { Sample, Series } from 'inferbench'
import { describe, expect, it } from 'vitest'
import { definitions } from '../../plugins/power/definitions.ts'
import { summarizePower } from '../../plugins/power/figures.ts'
import { AFTER, BEFORE, everyTick, MEASURE, makeSeries, readValue, WORK } from '../support/plugin-series.ts'

const GPU = 'GPU 0'
const CPU = 'package-0'

function head(...devices: readonly object[]): Sample {
  return { at: -100, meters: devices }
}

/** 100 W idle; 740 W while the load runs, from one reading to the next at each edge. */
const powerAt = (at: number): number => (at > MEASURE.startAt && at < MEASURE.endAt ? 740 : 100)

const byPower: readonly Sample[] = [
  head({ device: GPU, kind: 'gpu' }),
  ...everyTick((at) => ({ devices: [{ device: GPU, powerW: powerAt(at) }] })),
]

/** A processor at 50 W, whose counter starts again in the middle. */
const byCounter: readonly Sample[] = [
  head({ device: CPU, kind: 'cpu', wrapsAtJ: 1000 }),
  ...everyTick((at) => ({ devices: [{ device: CPU, energyJ: (700 + (50 * at) / 1000) % 1000 }] })),
]

const metricsOf = (samples: readonly Sample[], rest: Partial<Series> = {}, window: typeof MEASURE = MEASURE) =>
  summarizePower(makeSeries(samples, rest), window)

describe('figures of energy', () => {
  it('come from power: gross, above idle, for each token and request', () => {
    const { metrics, line } = metricsOf(byPower)
    // 9.8 s at 740 W, and two steps of 100 ms from 100 to 740 W.
    const joules = 9.8 * 740 + 0.2 * 420
    expect(readValue(metrics.energy)).toBeCloseTo(joules, 6)
    expect(readValue(metrics.energy_gpu)).toBeCloseTo(joules, 6)
    expect(readValue(metrics.energy_uncertainty)).toBeCloseTo((100 * 64) / joules, 6)
    expect(readValue(metrics.power)).toBeCloseTo(joules / 10, 6)
    expect(readValue(metrics.power_idle)).toBeCloseTo(100, 6)
    expect(readValue(metrics.energy_net)).toBeCloseTo(joules - 1000, 6)
    expect(readValue(metrics.energy_per_token)).toBeCloseTo(joules / 64_000, 9)
    expect(readValue(metrics.energy_net_per_token)).toBeCloseTo((joules - 1000) / 64_000, 9)
    expect(readValue(metrics.energy_per_request)).toBeCloseTo(joules / 1000, 9)
    expect(readValue(metrics.energy_per_good_request)).toBeCloseTo(joules / 800, 9)
    expect(readValue(metrics.tokens_per_joule)).toBeCloseTo(64_000 / joules, 9)
    expect(readValue(metrics.energy_delay)).toBeCloseTo((joules / 1000) * 0.5, 9)
    expect(metrics.energy_cpu).toMatchObject({ kind: 'absent', reason: 'no processor is metered' })
    expect(line).toBe('0.115 J/token (99 mJ above idle), 7.34 J/request, 734 W (idle 100)')
  })

  it('come from a counter that starts again, exactly', () => {
    const { metrics } = metricsOf(byCounter)
    expect(readValue(metrics.energy)).toBeCloseTo(500, 6)
    expect(readValue(metrics.energy_cpu)).toBeCloseTo(500, 6)
    expect(readValue(metrics.energy_uncertainty)).toBeCloseTo(0, 6)
    expect(readValue(metrics.energy_net)).toBeCloseTo(0, 6)
  })

  it('are those of all meters, and none where one is missing', () => {
    const meters = [
      { device: GPU, kind: 'gpu' },
      { device: CPU, kind: 'cpu', wrapsAtJ: 1000 },
    ]
    const both = [head(...meters), ...[...byPower.slice(1), ...byCounter.slice(1)].sort((a, b) => a.at - b.at)]
    expect(readValue(metricsOf(both).metrics.energy)).toBeCloseTo(9.8 * 740 + 84 + 500, 6)
    const half = metricsOf([head(...meters), ...byPower.slice(1)]).metrics
    expect(half.energy).toMatchObject({ kind: 'absent', reason: 'package-0: its power was read less than twice' })
    expect(readValue(half.energy_gpu)).toBeGreaterThan(7000)
  })

  it('say why processors are not among them', () => {
    const [first, ...rest] = byPower
    const { metrics } = metricsOf([{ ...first!, unmetered: { cpu: 'for root alone' } }, ...rest])
    expect(metrics.energy_cpu).toMatchObject({ kind: 'absent', reason: 'for root alone' })
    expect(metrics.energy_dram).toMatchObject({ kind: 'absent', reason: 'for root alone' })
  })

  it('have a price and a weight where those are given', () => {
    const options = { priceGpuHour: 2.5, priceKwh: 0.3, gco2Kwh: 350 }
    const { metrics } = metricsOf(byPower, { options })
    const kilowattHours = (9.8 * 740 + 84) / 3.6e6
    expect(readValue(metrics.cost_per_mtok)).toBeCloseTo(((10 / 3600) * 2.5 + kilowattHours * 0.3) / 0.064, 9)
    expect(readValue(metrics.co2_per_mtok)).toBeCloseTo((kilowattHours * 350) / 0.064, 9)
    expect(metricsOf(byPower).metrics.cost_per_mtok).toMatchObject({ kind: 'absent', reason: /--price-gpu-hour/ })
    expect(metricsOf(byCounter, { options: { priceGpuHour: 1 } }).metrics.cost_per_mtok).toMatchObject({
      kind: 'absent',
      reason: 'no GPU is metered, so that there are no GPU hours',
    })
  })

  it('take idle power from after the load where there was none before, else have no net', () => {
    expect(readValue(metricsOf(byPower, { windows: [MEASURE, AFTER] }).metrics.power_idle)).toBeCloseTo(100, 6)
    const { metrics } = metricsOf(byPower, { windows: [MEASURE] })
    expect(metrics.energy_net).toMatchObject({ kind: 'absent', reason: /was not watched while it was idle/ })
    expect(readValue(metrics.energy_per_token)).toBeGreaterThan(0)
  })

  it('leave out the pauses between repetitions, and know each by itself', () => {
    const first = { name: 'measure', startAt: 2000, endAt: 5000 }
    const second = { name: 'measure', startAt: 8000, endAt: 12_000 }
    const whole = { ...MEASURE, pausedMs: 3000 }
    const rest = { windows: [BEFORE, first, second, AFTER] }
    const both = metricsOf(byPower, rest, whole).metrics
    const parts = [first, second].map((window) => readValue(metricsOf(byPower, rest, window).metrics.energy))
    expect(readValue(both.energy)).toBeCloseTo(parts[0]! + parts[1]!, 6)
    expect(readValue(both.power)).toBeCloseTo((parts[0]! + parts[1]!) / 7, 6)
  })

  it('of idle time are energy and power alone', () => {
    const { metrics, line } = metricsOf(byPower, {}, BEFORE)
    expect(readValue(metrics.power)).toBeCloseTo(100, 6)
    expect(metrics.energy_per_token).toMatchObject({ kind: 'absent', reason: 'only of a measured window' })
    expect(metrics.energy_net).toMatchObject({ kind: 'absent' })
    expect(line).toBeUndefined()
  })

  it('say why there are none', () => {
    for (const samples of [[], byPower.slice(0, 1), byPower.slice(0, 3)]) {
      const { metrics, line } = metricsOf(samples)
      expect(Object.keys(metrics)).toEqual(definitions.map(({ id }) => id))
      for (const result of Object.values(metrics)) expect(result).toMatchObject({ kind: 'absent', reason: /\S/ })
      expect(line).toBeUndefined()
    }
    const noSlo = {
      ...WORK,
      goodput_req_s: { kind: 'absent', unit: 'requests/s', reason: 'no --slo was given' },
    } as const
    const scenario = { ...makeSeries([]).scenario, metrics: noSlo }
    expect(metricsOf(byPower, { scenario }).metrics.energy_per_good_request).toMatchObject({
      reason: 'no --slo was given',
    })
  })
})
