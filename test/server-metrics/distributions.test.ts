import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distributionOfTimes, distributionOverTime } from '../../plugins/server/distributions.ts'
import '../support/fuzz.ts'

describe('a histogram of a server', () => {
  it('gives quantiles between the bounds of their buckets, and how wide those are', () => {
    const result = distributionOfTimes({ count: 100, sum: 15_000, bounds: [100, 200], below: [0, 100] })!
    expect(result).toMatchObject({ count: 100, mean: 150, min: 100, max: 200, method: 'histogram' })
    expect(result.quantiles).toMatchObject({ p50: 150, p90: 190, p99: 199 })
    // p1 lies at 101, in a bucket of 100.
    expect(result.relativeError).toBeCloseTo(100 / 101, 6)
  })
  it('says nothing of quantiles in the first bucket, which begins at 0', () => {
    const result = distributionOfTimes({ count: 20, sum: 120, bounds: [10, 25], below: [18, 20] })!
    expect(result.quantiles).toEqual({ p95: expect.any(Number) })
    expect(result.min).toBe(0)
  })
  it('knows an end of the last bucket from the sum', () => {
    const result = distributionOfTimes({ count: 4, sum: 700, bounds: [100, 200], below: [1, 3] })!
    // 0, 100, 100 and 200 at least: no value is more than 300 above that.
    expect(result.max).toBe(500)
  })
  it('is none without buckets, without samples, or with buckets that lose some', () => {
    expect(distributionOfTimes({ count: 4, sum: 700 })).toBeUndefined()
    expect(distributionOfTimes({ count: 0, sum: 0, bounds: [1], below: [0] })).toBeUndefined()
    expect(distributionOfTimes({ count: 4, sum: 7, bounds: [1, 2], below: [3, 2] })).toBeUndefined()
  })
  it('its bounds hold for whatever was counted, and its quantiles within the error', () => {
    const bounds = [1, 2, 5, 10, 25, 50]
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 100, noNaN: true }), { minLength: 1, maxLength: 300 }),
        (values) => {
          const below = bounds.map((bound) => values.filter((value) => value <= bound).length)
          const sum = values.reduce((all, value) => all + value, 0)
          const result = distributionOfTimes({ count: values.length, sum, bounds, below })!
          const sorted = values.toSorted((left, right) => left - right)
          expect(result.min).toBeLessThanOrEqual(sorted[0]!)
          expect(result.max).toBeGreaterThanOrEqual(sorted.at(-1)! - 1e-6)
          for (const [name, value] of Object.entries(result.quantiles)) {
            const rank = (Number(name.slice(1)) / 100) * values.length
            // The value of that rank, in the same bucket as what was interpolated.
            const exact = sorted[Math.max(0, Math.ceil(rank - 1e-9) - 1)]!
            expect(Math.abs(value - exact)).toBeLessThanOrEqual(result.relativeError! * value + 1e-6)
          }
        },
      ),
    )
  })
})

describe('a gauge over time', () => {
  const window = { name: 'measure', startAt: 0, endAt: 10 }
  const over = (...samples: (readonly [at: number, value: number | undefined])[]) =>
    distributionOverTime(
      [[window, samples.map(([at, value]) => ({ at, value }))]],
      ({ value }) => value as number | undefined,
    )

  it('weighs each reading with the time to which none is nearer', () => {
    expect(over([1, 4], [3, 8])).toMatchObject({ count: 2, mean: (2 * 4 + 8 * 8) / 10, min: 4, max: 8 })
    expect(over([5, 7])).toMatchObject({ count: 1, mean: 7, min: 7, max: 7 })
  })
  it('passes over readings that do not tell it', () => {
    expect(over([1, undefined], [5, 7], [9, undefined])).toMatchObject({ count: 1, mean: 7 })
    expect(over([1, undefined])).toBeUndefined()
    expect(over()).toBeUndefined()
  })
  it('takes quantiles over time, not over readings', () => {
    // Nineteen readings close together, and one that stands for three quarters of the window.
    const close = Array.from({ length: 19 }, (_, i) => [i / 100, 100] as const)
    expect(over(...close, [5, 1])!.quantiles).toMatchObject({ p50: 1, p90: 100 })
  })
  it('adds up over several windows', () => {
    const result = distributionOverTime(
      [
        [window, [{ at: 5, value: 2 }]],
        [{ name: 'measure', startAt: 20, endAt: 40 }, [{ at: 30, value: 8 }]],
      ],
      ({ value }) => value as number,
    )
    expect(result).toMatchObject({ count: 2, mean: (10 * 2 + 20 * 8) / 30 })
  })
  it('lies between its least and its greatest reading', () => {
    const reading = fc.tuple(fc.double({ min: 0, max: 10, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }))
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1 }), (readings) => {
        const result = over(...readings.toSorted(([left], [right]) => left - right))!
        expect(result.mean).toBeGreaterThanOrEqual(result.min - 1e-6 * result.max)
        expect(result.mean).toBeLessThanOrEqual(result.max * (1 + 1e-9))
        for (const value of Object.values(result.quantiles)) {
          expect(value).toBeGreaterThanOrEqual(result.min)
          expect(value).toBeLessThanOrEqual(result.max)
        }
      }),
    )
  })
})
