import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHistogram, HISTOGRAM_RELATIVE_ERROR } from '../../src/core/stats/histogram.ts'

const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
  fc.integer({ min: 0, max: 5000 }),
  fc.constantFrom(0, -0, 1, 512, 1023.999, 2 ** -40, 2 ** 40),
)

/** Below this a float has no full mantissa, and counts as zero. */
const SMALLEST = 2 ** -1022

function histogramOf(values: readonly number[]) {
  const histogram = createHistogram()
  for (const one of values) histogram.add(one)
  return histogram
}

describe('histogram', () => {
  it('gives each order statistic within its relative error', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 200, size: 'max' }), (values) => {
        const histogram = histogramOf(values)
        const sorted = [...values].sort((a, b) => a - b)
        for (const [k, exact] of sorted.entries()) {
          const error = Math.abs(histogram.orderStatistic(k) - exact)
          expect(error).toBeLessThanOrEqual(Math.abs(exact) * HISTOGRAM_RELATIVE_ERROR + SMALLEST)
        }
      }),
    )
  })

  it('merges to what one pass gives, in any grouping', () => {
    const lists = fc.tuple(fc.array(value), fc.array(value), fc.array(value))
    fc.assert(
      fc.property(lists, ([a, b, c]) => {
        const left = histogramOf(a)
        left.merge(histogramOf(b))
        left.merge(histogramOf(c))
        const tail = histogramOf(b)
        tail.merge(histogramOf(c))
        const right = histogramOf(a)
        right.merge(tail)
        const whole = histogramOf([...a, ...b, ...c])
        expect(left.toJson()).toEqual(whole.toJson())
        expect(right.toJson()).toEqual(whole.toJson())
        expect(left.count).toBe(whole.count)
      }),
    )
  })

  it('comes back from JSON as it was', () => {
    fc.assert(
      fc.property(fc.array(value), (values) => {
        const json = histogramOf(values).toJson()
        const back = createHistogram(JSON.parse(JSON.stringify(json)))
        expect(back.toJson()).toEqual(json)
        expect(back.count).toBe(values.length)
      }),
    )
  })

  it('has the buckets that its description gives', () => {
    const histogram = histogramOf([1, 1.5, 3, -1, 0])
    // 2^0 * (1 + 0/512), 2^0 * (1 + 256/512), 2^1 * (1 + 256/512)
    const keys = [1023 * 512, 1023 * 512 + 256, 1024 * 512 + 256]
    expect(histogram.toJson()).toEqual({
      bucketsPerOctave: 512,
      zeros: 1,
      keys: [-1023 * 512, ...keys],
      counts: [1, 1, 1, 1],
    })
  })

  it('counts a weight as so many samples', () => {
    const weighted = createHistogram()
    weighted.add(3, 4)
    expect(weighted.toJson()).toEqual(histogramOf([3, 3, 3, 3]).toJson())
  })

  it('refuses what is no finite number', () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createHistogram().add(wrong)).toThrow(RangeError)
    }
  })

  it('refuses an order statistic that it does not have', () => {
    expect(() => createHistogram().orderStatistic(0)).toThrow(RangeError)
    expect(() => histogramOf([1, 2]).orderStatistic(2)).toThrow(RangeError)
  })
})
