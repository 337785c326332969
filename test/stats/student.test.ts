import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { intervalOfDifference, intervalOfMean, studentT } from '../../src/core/stats/student.ts'
import { readCases } from '../vectors/cases.ts'

interface Exact {
  readonly function: string
  readonly input: unknown
  readonly exact_student_t: unknown
}

const cases = readCases(new URL('../fixtures/vectors', import.meta.url).pathname) as unknown as Exact[]

describe('studentT', () => {
  it('agrees with the exact quantiles beside the old table', () => {
    const quantiles = cases.filter((one) => one.function === 't_critical_95' && one.exact_student_t !== null)
    expect(quantiles.length).toBeGreaterThan(10)
    for (const { input, exact_student_t } of quantiles) {
      expect(studentT(0.95, (input as number) - 1)).toBeCloseTo(exact_student_t as number, 9)
    }
  })

  it('is the tangent for one degree of freedom, and Gauss for many', () => {
    expect(studentT(0.5, 1)).toBeCloseTo(1, 12)
    expect(studentT(0.95, 1)).toBeCloseTo(12.706204736174694, 9)
    expect(studentT(0.95, 100_000)).toBeCloseTo(1.95998, 4)
  })

  it('falls with the degrees of freedom and rises with the confidence', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 200 }), (p, degrees) => {
        expect(studentT(p, degrees)).toBeGreaterThanOrEqual(studentT(p, degrees + 1))
        expect(studentT(p, degrees)).toBeGreaterThan(studentT(p * 0.99, degrees))
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    [0, 3],
    [1, 3],
    [0.95, 0],
    [0.95, 2.5],
    [Number.NaN, 3],
  ])('refuses %d with %d degrees', (confidence, degrees) => {
    expect(() => studentT(confidence, degrees)).toThrow(RangeError)
  })
})

describe('intervalOfMean', () => {
  it('agrees with the exact intervals of the vectors', () => {
    const summaries = cases.filter((one) => one.function === 'stat_summary' && one.exact_student_t !== null)
    expect(summaries.length).toBeGreaterThan(5)
    for (const { input, exact_student_t } of summaries) {
      const exact = exact_student_t as { mean: number; stddev: number; ci_95_lower: number; ci_95_upper: number }
      const interval = intervalOfMean(input as number[])!
      const scale = Math.max(1, Math.abs(exact.mean))
      expect(Math.abs(interval.mean - exact.mean) / scale).toBeLessThan(1e-12)
      expect(Math.abs(interval.low! - exact.ci_95_lower) / scale).toBeLessThan(1e-9)
      expect(Math.abs(interval.high! - exact.ci_95_upper) / scale).toBeLessThan(1e-9)
    }
  })

  it('has no interval from one value, and nothing from none', () => {
    expect(intervalOfMean([])).toBeUndefined()
    expect(intervalOfMean([3])).toEqual({ count: 1, mean: 3 })
  })
})

describe('intervalOfDifference', () => {
  // By hand: variances 1/3 and 13/3, 2.3 degrees of freedom, so t is at most 4.303 and the margin at most 9.3.
  it('holds the difference, and is not narrower than exact degrees of freedom would make it', () => {
    const { difference, low, high } = intervalOfDifference([11, 13, 12], [20, 22, 27])!
    expect(difference).toBeCloseTo(11, 12)
    expect(low).toBeLessThan(3.1)
    expect(high).toBeGreaterThan(18.9)
  })

  it('needs two values on either side', () => {
    expect(intervalOfDifference([1], [1, 2])).toBeUndefined()
    expect(intervalOfDifference([], [])).toBeUndefined()
  })

  it('is a point when nothing varies', () => {
    expect(intervalOfDifference([1, 1], [3, 3])).toEqual({ difference: 2, low: 2, high: 2 })
  })
})
