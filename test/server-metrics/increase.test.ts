import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addTimes, increaseOf, increaseOfTimes } from '../../plugins/server/increase.ts'
import type { Times } from '../../plugins/server/vocabulary.ts'
import '../support/fuzz.ts'

describe('a counter', () => {
  it('gains what it shows more', () => {
    expect(increaseOf([10, 10, 17])).toEqual({ value: 7, resets: 0 })
    expect(increaseOf([10, undefined, 17])).toEqual({ value: 7, resets: 0 })
  })
  it('that falls began again at zero', () => {
    expect(increaseOf([10, 15, 3, 4])).toEqual({ value: 5 + 3 + 1, resets: 1 })
  })
  it('that appears has counted from zero; one that never does has not counted', () => {
    expect(increaseOf([undefined, 5, 9])).toEqual({ value: 9, resets: 0 })
    expect(increaseOf([undefined, undefined])).toBeUndefined()
  })
  it('of one sample is no increase', () => {
    expect(increaseOf([5])).toBeUndefined()
    expect(increaseOf([])).toBeUndefined()
  })
  it('is the sum of what came, however often the server began again', () => {
    const steps = fc.array(fc.record({ gain: fc.nat(1000), restart: fc.boolean() }), { minLength: 1 })
    fc.assert(
      fc.property(fc.nat(1000), steps, (start, all) => {
        const values = [start]
        let sum = 0
        let restarts = 0
        for (const { gain, restart } of all) {
          const last = values.at(-1)!
          // A server that has passed its old count again by the next reading cannot be told from one that stayed.
          const seen = restart && gain < last
          values.push(seen ? gain : last + gain)
          sum += gain
          if (seen) restarts++
        }
        expect(increaseOf(values)).toEqual({ value: sum, resets: restarts })
      }),
    )
  })
})

describe('a histogram', () => {
  const at = (count: number, sum: number, bounds: number[], below: number[]): Times => ({ count, sum, bounds, below })

  it('gains in each bucket', () => {
    const before = at(3, 30, [10, 20], [2, 3])
    const after = at(7, 110, [10, 20, 50], [3, 5, 7])
    expect(increaseOfTimes([before, after])).toEqual({ value: at(4, 80, [10, 20, 50], [1, 2, 4]), resets: 0 })
  })
  it('that began again counts what it shows', () => {
    expect(increaseOfTimes([at(9, 90, [10], [9]), at(2, 30, [10, 20], [0, 2])])).toEqual({
      value: at(2, 30, [10, 20], [0, 2]),
      resets: 1,
    })
  })
  it('whose bounds changed keeps count and sum alone', () => {
    expect(increaseOfTimes([at(2, 20, [10, 20], [1, 2]), at(3, 40, [15, 25], [1, 3])])).toEqual({
      value: { count: 1, sum: 20 },
      resets: 0,
    })
  })
  it('without buckets has a mean', () => {
    expect(
      increaseOfTimes([
        { count: 2, sum: 20 },
        { count: 5, sum: 80 },
      ])?.value,
    ).toEqual({ count: 3, sum: 60 })
  })
  it('is the same read at once or on the way', () => {
    const bounds = [1, 2, 5, 10, 20]
    const tell = (values: readonly number[]): Times => {
      const below = bounds.map((bound) => values.filter((value) => value <= bound).length)
      const last = below.findIndex((held) => held >= values.length)
      const told = last < 0 ? bounds.length : last + 1
      const sum = values.reduce((all, value) => all + value, 0)
      return { count: values.length, sum, bounds: bounds.slice(0, told), below: below.slice(0, told) }
    }
    const value = fc.integer({ min: 1, max: 40 })
    fc.assert(
      fc.property(fc.array(value), fc.array(value, { minLength: 1 }), fc.array(value), (before, first, second) => {
        const readings = [before, [...before, ...first], [...before, ...first, ...second]].map(tell)
        const gained = increaseOfTimes(readings)!.value
        const direct = increaseOfTimes([readings[0]!, readings[2]!])!.value
        expect(gained.count).toBe(first.length + second.length)
        expect(gained).toEqual(direct)
        const alone = tell([...first, ...second])
        for (const [place, bound] of alone.bounds!.entries()) {
          const found = gained.bounds!.indexOf(bound)
          expect(found < 0 ? gained.count : gained.below![found]).toBe(alone.below![place])
        }
      }),
    )
  })
  it('adds up over repetitions', () => {
    expect(addTimes(at(1, 5, [10], [1]), at(2, 30, [10, 20], [0, 2]))).toEqual(at(3, 35, [10, 20], [1, 3]))
  })
})
