/** The difference of two clocks is found within what it says of its own uncertainty, whatever the delays. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { measureOffset } from '../../src/core/engine/threads/clock-offset.ts'

/** Two clocks that differ by `offsetMs`, and a line with the given delays there and back. */
function simulate(offsetMs: number, delays: readonly (readonly [there: number, back: number])[]) {
  let nowMs = 1000
  let trip = 0
  return {
    now: () => nowMs,
    async ask() {
      const [there, back] = delays[trip++ % delays.length]!
      nowMs += there
      const theirs = nowMs - offsetMs
      nowMs += back
      return theirs
    },
  }
}

const anyDelay = fc.double({ min: 0, max: 50, noNaN: true })

describe('the offset of a clock', () => {
  it('is within its uncertainty, which is half of the shortest round trip, however lopsided the delays', async () => {
    const property = fc.asyncProperty(
      fc.double({ min: -1e7, max: 1e7, noNaN: true }),
      fc.array(fc.tuple(anyDelay, anyDelay), { minLength: 1, maxLength: 40 }),
      async (offsetMs, delays) => {
        const { now, ask } = simulate(offsetMs, delays)
        const found = await measureOffset(now, ask, delays.length)
        const shortest = Math.min(...delays.map(([there, back]) => there + back))
        // Readings of millions of milliseconds have steps of nanoseconds.
        expect(found.uncertaintyMs).toBeCloseTo(shortest / 2, 6)
        expect(Math.abs(found.offsetMs - offsetMs)).toBeLessThanOrEqual(found.uncertaintyMs + 1e-6)
      },
    )
    await fc.assert(property, { numRuns: 200 })
  })

  it('comes from the best of many: one quick round trip among slow ones is enough', async () => {
    const delays = Array.from({ length: 99 }, (): [number, number] => [40, 1])
    const { now, ask } = simulate(123.456, [...delays, [0.01, 0.01]])
    const found = await measureOffset(now, ask, 100)
    expect(Math.abs(found.offsetMs - 123.456)).toBeLessThan(0.011)
  })

  it('is that of equal clocks when the line takes no time', async () => {
    const { now, ask } = simulate(0, [[0, 0]])
    expect(await measureOffset(now, ask)).toEqual({ offsetMs: 0, uncertaintyMs: 0 })
  })
})
