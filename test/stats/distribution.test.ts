import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDistribution } from '../../src/core/stats/distribution.ts'
import { HISTOGRAM_RELATIVE_ERROR } from '../../src/core/stats/histogram.ts'
import { QUANTILES, quantileOfSorted, supportsQuantile } from '../../src/core/stats/quantile.ts'

const number = fc.double({ noNaN: true, min: 0, max: 1e6 })
const samples = fc.array(number, { maxLength: 300, size: 'max' })
const manySamples = fc.array(number, { minLength: 21, maxLength: 300, size: 'max' })

function collect(values: readonly number[], bound?: number) {
  const distribution = createDistribution(bound)
  for (const value of values) distribution.add(value)
  return distribution
}

function deviationByBruteForce(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
}

describe('a distribution', () => {
  it('has no result without samples', () => {
    expect(createDistribution().result()).toBeUndefined()
    expect(createDistribution().estimate(0.5)).toBeUndefined()
  })

  it('of one sample has a mean and no quantile, no deviation', () => {
    const result = collect([4]).result()!
    expect(result).toMatchObject({ count: 1, sum: 4, mean: 4, min: 4, max: 4, quantiles: {}, method: 'exact' })
    expect('deviation' in result).toBe(false)
  })

  it('agrees with brute force', () => {
    fc.assert(
      fc.property(samples, (values) => {
        fc.pre(values.length > 1)
        const result = collect(values).result()!
        const sorted = [...values].sort((a, b) => a - b)
        const scale = Math.max(1, sorted.at(-1)!)
        expect(result.count).toBe(values.length)
        expect(Math.abs(result.mean - result.sum / values.length)).toBeLessThanOrEqual(1e-9 * scale)
        expect(Math.abs(result.deviation! - deviationByBruteForce(values))).toBeLessThanOrEqual(1e-7 * scale)
        expect([result.min, result.max]).toEqual([sorted[0], sorted.at(-1)])
        for (const [name, q] of QUANTILES) {
          expect(result.quantiles[name]).toBe(
            supportsQuantile(values.length, q) ? quantileOfSorted(sorted, q) : undefined,
          )
        }
      }),
    )
  })

  it('keeps its deviation far from zero', () => {
    // Sums of squares would lose every digit here.
    const result = collect([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]).result()!
    expect(result.mean).toBe(1e9 + 10)
    expect(result.deviation).toBeCloseTo(Math.sqrt(30), 9)
  })

  it('above the bound gives quantiles within the known error', () => {
    fc.assert(
      fc.property(manySamples, (values) => {
        const result = collect(values, 20).result()!
        const sorted = [...values].sort((a, b) => a - b)
        expect(result).toMatchObject({ method: 'histogram', relativeError: HISTOGRAM_RELATIVE_ERROR })
        for (const [name, q] of QUANTILES) {
          const exact = quantileOfSorted(sorted, q)
          if (!supportsQuantile(values.length, q)) expect(result.quantiles[name]).toBeUndefined()
          else
            expect(Math.abs(result.quantiles[name]! - exact)).toBeLessThanOrEqual(
              exact * HISTOGRAM_RELATIVE_ERROR + 1e-300,
            )
        }
      }),
    )
  })

  it('merges to what one pass gives, across the bound as well', () => {
    fc.assert(
      fc.property(samples, samples, fc.integer({ min: 1, max: 400 }), (a, b, bound) => {
        const merged = collect(a, bound)
        merged.merge(collect(b, bound))
        const whole = collect([...a, ...b], bound)
        const [one, other] = [merged.result(), whole.result()]
        expect(one?.quantiles).toEqual(other?.quantiles)
        expect(one?.method).toBe(other?.method)
        expect(one?.histogram).toEqual(other?.histogram)
        expect([one?.count, one?.min, one?.max]).toEqual([other?.count, other?.min, other?.max])
        const scale = 1e-9 * Math.max(1, other?.max ?? 0)
        expect(Math.abs((one?.mean ?? 0) - (other?.mean ?? 0))).toBeLessThanOrEqual(scale)
        expect(Math.abs((one?.deviation ?? 0) - (other?.deviation ?? 0))).toBeLessThanOrEqual(scale * 100)
      }),
    )
  })

  it('takes a weight as so many samples, however large', () => {
    const weighted = createDistribution(1000)
    weighted.add(5, 3)
    weighted.add(1)
    const plain = collect([5, 5, 5, 1])
    expect(weighted.result()!.quantiles).toEqual(plain.result()!.quantiles)
    weighted.add(2, 1e9)
    expect(weighted.result()).toMatchObject({ count: 1e9 + 4, method: 'histogram' })
    expect(weighted.result()!.quantiles.p50).toBeCloseTo(2, 2)
  })

  it('a result changes nothing', () => {
    const distribution = collect([3, 1, 2])
    const before = distribution.result()
    expect(distribution.result()).toEqual(before)
    distribution.add(0)
    expect(distribution.result()!.quantiles.p50).toBe(1.5)
  })

  it('estimates close to the exact quantile', () => {
    const distribution = collect(Array.from({ length: 1000 }, (_, i) => i + 1))
    expect(Math.abs(distribution.estimate(0.5)! - 500.5)).toBeLessThan(0.5)
    expect(distribution.estimate(0.999)).toBeLessThanOrEqual(1000)
  })

  it('refuses what is no finite number, and stays as it was', () => {
    const distribution = collect([1, 2])
    expect(() => distribution.add(Number.NaN)).toThrow(RangeError)
    expect(distribution.result()!.count).toBe(2)
  })
})
