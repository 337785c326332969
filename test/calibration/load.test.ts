/** What a run asked of its client, and which row of a calibration covers that. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Calibration, CalibrationLoad, CalibrationRow } from '../../src/core/calibration.ts'
import { planStep } from '../../src/core/engine/calibrate.ts'
import { covers, findLargest, quoteRow, quoteRun } from '../../src/core/engine/calibration.ts'
import { createLoadMeter } from '../../src/core/engine/load-meter.ts'
import type { OkRecord } from '../../src/core/record.ts'
import { calibrationOf, rowOf } from './rows.ts'

interface Request {
  readonly sentAt: number
  readonly firstMs: number
  readonly lastMs: number
  readonly events: number
}

function recordOf({ sentAt, firstMs, lastMs, events }: Request): OkRecord {
  const us = Array.from({ length: events }, (_, place) => (place === 0 ? firstMs * 1000 : 0))
  const at = { dueAt: sentAt, sentAt, headersAt: sentAt, endAt: sentAt + firstMs + lastMs }
  const identity = { n: 0, id: 'r', scenario: 's', phase: 'measure', item: 'i' } as const
  return { ...identity, ...at, outcome: 'ok', status: 200, events: { us, kind: 't'.repeat(events) } }
}

const request = fc.record({
  sentAt: fc.nat(5000),
  firstMs: fc.nat(300),
  lastMs: fc.nat(2000),
  events: fc.nat(50),
})

describe('the load that records show', () => {
  it('has as many streams as were open at once', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), (requests) => {
        const meter = createLoadMeter()
        for (const one of requests) meter.add(recordOf(one))
        const endOf = ({ sentAt, firstMs, lastMs }: Request): number => sentAt + firstMs + lastMs
        const openAt = (at: number): number =>
          requests.filter((one) => one.sentAt <= at && (endOf(one) > at || one.sentAt === at)).length
        // Equal but for requests of no length, which the meter sees one after the other.
        const most = Math.max(...requests.map(({ sentAt }) => openAt(sentAt)))
        const instant = requests.filter((one) => endOf(one) === one.sentAt).length
        expect(meter.read()!.streams).toBeLessThanOrEqual(most)
        expect(meter.read()!.streams).toBeGreaterThanOrEqual(most - instant)
      }),
    )
  })

  it('counts the events of its busiest half second, and never more than there were', () => {
    const meter = createLoadMeter()
    for (let place = 0; place < 10; place++) {
      meter.add(recordOf({ sentAt: 0, firstMs: 0, lastMs: 1000, events: 100 }))
    }
    expect(meter.read()).toEqual({ streams: 10, eventsPerSecond: 1000 })
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), (requests) => {
        const all = createLoadMeter()
        for (const one of requests) all.add(recordOf(one))
        const events = requests.reduce((sum, one) => sum + one.events, 0)
        expect(all.read()!.eventsPerSecond).toBeLessThanOrEqual(2 * events + 1)
      }),
    )
  })

  it('knows nothing of a warm-up, nor of what was never sent', () => {
    const meter = createLoadMeter()
    const whole = recordOf({ sentAt: 0, firstMs: 1, lastMs: 1, events: 1 })
    meter.add({ ...whole, phase: 'warmup' })
    const { n, id, scenario, phase, item, dueAt, endAt } = whole
    meter.add({ n, id, scenario, phase, item, dueAt, endAt, outcome: 'dropped', reason: 'end' })
    expect(meter.read()).toBeUndefined()
  })
})

const load = fc.record({ streams: fc.integer({ min: 1, max: 50 }), eventsPerSecond: fc.nat(1000) })
const row = fc
  .record({ load, first: fc.double({ min: 0, max: 3, noNaN: true }), gap: fc.double({ min: 0, max: 3, noNaN: true }) })
  .map(({ load: { streams, eventsPerSecond }, first, gap }) => rowOf(streams, eventsPerSecond, first, gap))

describe('the row that covers a load', () => {
  it('is greater in every respect, and there is none between', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), load, (rows, seen) => {
        const quote = quoteRow(calibrationOf(rows), seen)
        const fitting = rows.filter((one) => one.streams >= seen.streams && one.eventsPerSecond >= seen.eventsPerSecond)
        expect(quote.covered).toBe(fitting.length > 0)
        if (quote.covered) {
          expect(fitting).toContain(quote.row)
          expect(quote.row.eventsPerSecond).toBe(Math.min(...fitting.map((one) => one.eventsPerSecond)))
        } else expect(quote.reason).toBe('beyond')
      }),
    )
  })

  it('is none where nothing was calibrated, and is found for each scenario', () => {
    expect(quoteRow(undefined, { streams: 1, eventsPerSecond: 1 })).toMatchObject({ covered: false, reason: 'none' })
    const calibration: Calibration = calibrationOf([rowOf(10, 1000, 0.1, 0.1)])
    const loads = new Map<string, CalibrationLoad>([
      ['small', { streams: 8, eventsPerSecond: 800 }],
      ['large', { streams: 11, eventsPerSecond: 800 }],
    ])
    const quoted = quoteRun(calibration.key, calibration, loads)
    expect(quoted.madeAt).toBe(calibration.madeAt)
    expect(quoted.scenarios.small).toMatchObject({ covered: true, row: { streams: 10 } })
    expect(quoted.scenarios.large).toMatchObject({ covered: false, reason: 'beyond' })
    expect(quoteRun(calibration.key, undefined, loads)).not.toHaveProperty('madeAt')
  })

  it('up to which a limit is kept has no smaller one that breaks it', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), (rows) => {
        const largest = findLargest(rows, 'gaps', 'absolute')
        const breaks = (one: CalibrationRow): boolean => one.gaps.p99 >= 1
        if (largest === undefined) {
          expect(rows.every((one) => rows.some((other) => covers(one, other) && breaks(other)))).toBe(true)
        } else expect(rows.some((one) => covers(largest, one) && breaks(one))).toBe(false)
      }),
    )
  })

  it('keeps 5 % of its own gap', () => {
    const rows = [rowOf(1, 100, 0.4, 0.4), rowOf(10, 1000, 0.6, 0.4), rowOf(100, 10_000, 2, 0.7)]
    expect(findLargest(rows, 'firstEvent', 'absolute')?.streams).toBe(10)
    expect(findLargest(rows, 'firstEvent', 'relative')?.streams).toBe(1)
    expect(findLargest(rows, 'gaps', 'absolute')?.streams).toBe(100)
    expect(findLargest(rows, 'gaps', 'relative')?.streams).toBe(10)
  })
})

describe('a step of the ladder', () => {
  it('gives every stream whole answers, and few streams more of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 100 }), (streams, gapMs) => {
        const step = planStep({ streams, gapMs }, 3000)
        expect(step.requests % streams).toBe(0)
        expect(step.requests).toBeGreaterThanOrEqual(Math.min(100, 30 * streams))
        expect(step.events).toBeGreaterThanOrEqual(8)
      }),
    )
  })
})
