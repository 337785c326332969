import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QUANTILES, quantileOfSorted, samplesNeeded, supportsQuantile } from '../../src/core/stats/quantile.ts'

describe('quantiles of type 7', () => {
  it('interpolates as numpy does', () => {
    // numpy.quantile([15, 20, 35, 40, 50], [0.05, 0.3, 0.4, 0.5, 1])
    const sorted = [15, 20, 35, 40, 50]
    expect(quantileOfSorted(sorted, 0.05)).toBeCloseTo(16, 12)
    expect(quantileOfSorted(sorted, 0.3)).toBeCloseTo(23, 12)
    expect(quantileOfSorted(sorted, 0.4)).toBeCloseTo(29, 12)
    expect(quantileOfSorted(sorted, 0.5)).toBe(35)
    expect(quantileOfSorted(sorted, 1)).toBe(50)
  })

  it('is the sample itself for one sample', () => {
    expect(quantileOfSorted([7], 0.99)).toBe(7)
  })

  it('lies between its neighbours and never falls as q rises', () => {
    const samples = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(samples, (values) => {
        const sorted = [...values].sort((a, b) => a - b)
        let before = sorted[0]!
        for (let step = 0; step <= 20; step++) {
          const value = quantileOfSorted(sorted, step / 20)
          expect(value).toBeGreaterThanOrEqual(before - 1e-9)
          expect(value).toBeLessThanOrEqual(sorted.at(-1)! + 1e-9)
          before = value
        }
      }),
    )
  })
})

describe('what a sample supports', () => {
  it.each([
    [0.5, 2],
    [0.9, 10],
    [0.95, 20],
    [0.99, 100],
    [0.999, 1000],
    [0.1, 10],
    [0.01, 100],
  ])('quantile %d needs %d samples', (q, needed) => {
    expect(samplesNeeded(q)).toBe(needed)
    expect(supportsQuantile(needed, q)).toBe(true)
    expect(supportsQuantile(needed - 1, q)).toBe(false)
  })

  it('lists quantiles by rising q, named by it', () => {
    const values = QUANTILES.map(([, q]) => q)
    expect([...values].sort((a, b) => a - b)).toEqual(values)
    for (const [name, q] of QUANTILES) expect(Number(name.slice(1)) / 100).toBeCloseTo(q, 12)
  })
})
