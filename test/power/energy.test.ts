import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countEnergy, type Energy, integratePower, type MeterPoint, measureEnergy } from '../../plugins/power/energy.ts'
import '../support/fuzz.ts'

type Measured = Exclude<Energy, { readonly reason: string }>

function measured(energy: Energy): Measured {
  if ('reason' in energy) throw new Error(energy.reason)
  return energy
}

/** Instants of readings, ms, ascending, that reach beyond both ends of [1000, 9000]. */
const instants = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 60, maxLength: 120 }).map((steps) => {
  let at = 0
  const raw = [0, ...steps.map((step) => (at += step))]
  return raw.map((one) => 500 + (one * 9000) / at)
})
const SPAN = { startAt: 1000, endAt: 9000 }

function at(powers: readonly (readonly [at: number, powerW: number])[]): readonly MeterPoint[] {
  return powers.map(([instant, powerW]) => ({ at: instant, powerW }))
}

describe('the integral of power', () => {
  it('is that of trapezoids, with edges between readings', () => {
    const points = at([
      [0, 100],
      [1000, 100],
      [2000, 300],
      [3000, 300],
    ])
    // 0.5 s at 100 W, 1 s from 100 to 300 W, 0.5 s at 300 W.
    expect(measured(integratePower(points, { startAt: 500, endAt: 2500 }))).toEqual({
      joules: 400,
      uncertainJ: 100,
      how: 'power',
    })
  })

  it('is exact for power that is constant or changes evenly', () => {
    fc.assert(
      fc.property(
        instants,
        fc.double({ min: 0, max: 700, noNaN: true }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        (times, base, slope) => {
          const points = at(times.map((t) => [t, base + (slope * t) / 1000]))
          const { joules, uncertainJ } = measured(integratePower(points, SPAN))
          expect(joules).toBeCloseTo(base * 8 + (slope * (81 - 1)) / 2, 6)
          // What it may be wrong by grows with the steps; here it is wrong by nothing.
          expect(uncertainJ).toBeGreaterThanOrEqual(0)
        },
      ),
    )
  })

  it('of a power that only rises lies within what it says', () => {
    fc.assert(
      fc.property(instants, fc.double({ min: 0.5, max: 3, noNaN: true }), (times, exponent) => {
        const power = (t: number): number => (t / 1000) ** exponent
        const truth = (9 ** (exponent + 1) - 1) / (exponent + 1)
        const { joules, uncertainJ } = measured(integratePower(at(times.map((t) => [t, power(t)])), SPAN))
        expect(Math.abs(joules - truth)).toBeLessThanOrEqual(uncertainJ + 1e-9)
      }),
    )
  })

  it('of two stretches is that of both together', () => {
    fc.assert(
      fc.property(
        instants,
        fc.array(fc.double({ min: 0, max: 700, noNaN: true }), { minLength: 200, maxLength: 200 }),
        fc.integer({ min: 1001, max: 8999 }),
        (times, powers, middle) => {
          const points = at(times.map((t, i) => [t, powers[i]!]))
          const part = (startAt: number, endAt: number): number =>
            measured(integratePower(points, { startAt, endAt })).joules
          expect(part(1000, middle) + part(middle, 9000)).toBeCloseTo(part(1000, 9000), 6)
        },
      ),
    )
  })

  it('takes several readings at one instant for their mean', () => {
    const points = at([
      [0, 100],
      [500, 50],
      [500, 150],
      [1000, 100],
    ])
    expect(measured(integratePower(points, { startAt: 0, endAt: 1000 })).joules).toBe(100)
  })

  it('is none across a gap, without readings, or far beyond them', () => {
    const points = at([
      [0, 100],
      [100, 100],
      [200, 100],
      [4000, 100],
      [4100, 100],
    ])
    expect(integratePower(points, { startAt: 0, endAt: 4100 })).toEqual({ reason: 'its power was not read for 3.8 s' })
    expect(integratePower([], SPAN)).toHaveProperty('reason')
    expect(integratePower(at([[0, 5]]), SPAN)).toHaveProperty('reason')
    expect(integratePower(points, { startAt: 5000, endAt: 6000 })).toHaveProperty('reason')
    // The last reading lay 100 ms before the end of the run.
    expect(measured(integratePower(points.slice(0, 3), { startAt: 0, endAt: 300 }))).toEqual({
      joules: 30,
      uncertainJ: 10,
      how: 'power',
    })
  })
})

describe('a counter of energy', () => {
  /** Readings of a counter that begins at `origin`, starts again at `wrapsAtJ`, and rises by these powers. */
  const readings = (
    times: readonly number[],
    powers: readonly number[],
    origin: number,
    wrapsAtJ: number,
  ): readonly MeterPoint[] => {
    let energy = origin
    return times.map((t, i) => {
      if (i > 0) energy += (powers[i]! * (t - times[i - 1]!)) / 1000
      return { at: t, energyJ: energy % wrapsAtJ }
    })
  }
  const powers = fc.array(fc.double({ min: 1, max: 700, noNaN: true }), { minLength: 121, maxLength: 121 })

  it('gives the same wherever it stands when it begins, and wherever it wraps', () => {
    fc.assert(
      fc.property(
        instants,
        powers,
        fc.double({ min: 0, max: 4999, noNaN: true }),
        fc.integer({ min: 5000, max: 300_000 }),
        (times, watts, origin, wrapsAtJ) => {
          const plain = measured(countEnergy(readings(times, watts, 0, Number.POSITIVE_INFINITY), SPAN))
          const wrapped = measured(countEnergy(readings(times, watts, origin, wrapsAtJ), SPAN, wrapsAtJ))
          expect(wrapped.joules).toBeCloseTo(plain.joules, 4)
          expect(wrapped.uncertainJ).toBeCloseTo(plain.uncertainJ, 4)
        },
      ),
    )
  })

  it('holds the truth within what it says, whatever power does between two readings', () => {
    fc.assert(
      fc.property(instants, powers, fc.nat(100), fc.nat(100), (times, watts, a, b) => {
        const points = readings(times, watts, 0, Number.POSITIVE_INFINITY)
        const { joules, uncertainJ } = measured(countEnergy(points, SPAN))
        // All that rises between two readings may rise at any moment between them: of the first and last step any part may be within.
        const inner = points.filter((point) => point.at >= 1000 && point.at <= 9000)
        const [first, last] = [points.findLast((point) => point.at < 1000), points.find((point) => point.at > 9000)]
        const outer = (x: MeterPoint | undefined, y: MeterPoint | undefined): number =>
          x === undefined || y === undefined ? 0 : y.energyJ! - x.energyJ!
        const truth =
          outer(inner[0], inner.at(-1)) + (a / 100) * outer(first, inner[0]) + (b / 100) * outer(inner.at(-1), last)
        expect(Math.abs(truth - joules)).toBeLessThanOrEqual(uncertainJ + 1e-6)
      }),
    )
  })

  it('is exact where it was read at both edges', () => {
    const points = [0, 1000, 2000, 9000, 10_000].map((t) => ({ at: t, energyJ: t / 10 }))
    expect(countEnergy(points, SPAN)).toEqual({ joules: 800, uncertainJ: 0, how: 'counter' })
    // Beyond the last reading it goes on as before it; that much is in doubt.
    const beyond = measured(countEnergy(points, { startAt: 1000, endAt: 10_100 }))
    expect(beyond.joules).toBeCloseTo(910, 9)
    expect(beyond.uncertainJ).toBeCloseTo(10, 9)
  })

  it('that was reset says nothing, and power takes its place', () => {
    const points = [0, 1000, 2000, 3000].map((t, i) => ({ at: t, energyJ: i < 2 ? 500 + t / 10 : t / 10, powerW: 100 }))
    const span = { startAt: 0, endAt: 3000 }
    expect(countEnergy(points, span)).toEqual({
      reason: 'its counter of energy went back: the driver was loaded again',
    })
    expect(measured(measureEnergy(points, span))).toEqual({ joules: 300, uncertainJ: 0, how: 'power' })
    expect(
      measureEnergy(
        points.map(({ at: t, energyJ }) => ({ at: t, energyJ })),
        span,
      ),
    ).toHaveProperty('reason')
  })

  it('that repeats itself between looks is as uncertain as it is seldom', () => {
    // A look each second at an exporter that looks each 30 s: 100 W.
    const points = Array.from({ length: 100 }, (_, i) => ({ at: i * 1000, energyJ: 100 * 30 * Math.floor(i / 30) }))
    const { joules, uncertainJ } = measured(countEnergy(points, { startAt: 40_000, endAt: 80_000 }))
    expect(joules).toBeCloseTo(4000)
    expect(uncertainJ).toBeGreaterThan(3000)
  })

  it('in another unit than it says is not believed', () => {
    const points = [0, 1000, 2000].map((t) => ({ at: t, energyJ: t * 100, powerW: 100 }))
    expect(measured(measureEnergy(points, { startAt: 0, endAt: 2000 }))).toMatchObject({ joules: 200, how: 'power' })
    expect(
      measured(
        measureEnergy(
          points.map((one) => ({ ...one, energyJ: one.at / 9 })),
          { startAt: 0, endAt: 2000 },
        ),
      ).how,
    ).toBe('counter')
  })

  it('never gives what is no number', () => {
    const point = fc.record(
      {
        at: fc.integer({ min: -10, max: 10_000 }),
        powerW: fc.double({ min: 0, max: 1e6, noNaN: true }),
        energyJ: fc.double({ min: 0, max: 1e12, noNaN: true }),
      },
      { requiredKeys: ['at'] },
    )
    fc.assert(
      fc.property(
        fc.array(point, { maxLength: 20 }),
        fc.option(fc.integer({ min: 1, max: 1e9 }), { nil: undefined }),
        (points, wrapsAtJ) => {
          const ordered = [...points].sort((a, b) => a.at - b.at)
          const energy = measureEnergy(ordered, SPAN, wrapsAtJ)
          if ('reason' in energy) expect(energy.reason).not.toBe('')
          else {
            expect(Number.isFinite(energy.joules)).toBe(true)
            expect(energy.joules).toBeGreaterThanOrEqual(0)
            expect(energy.uncertainJ).toBeGreaterThanOrEqual(0)
          }
        },
      ),
    )
  })
})
