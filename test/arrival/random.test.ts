import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeRandom, shuffle } from '../../src/core/stats/random.ts'

/** A change here gives every user other schedules and prompts for the same seed. */
const GOLDEN = [
  0.08153656611808391, 0.6284880952336402, 50, 0.9305561568853434, -0.7235621854049824, 0.018946731662798196,
]

describe('random streams', () => {
  it('are the same for the same name, on every runtime and in every version', () => {
    const random = makeRandom(42, 'arrival')
    const drawn = [
      random.uniform(),
      random.uniform(),
      random.integer(1000),
      random.exponential(),
      random.normal(),
      random.gamma(0.5),
    ]
    expect(drawn).toEqual(GOLDEN.map((value) => expect.closeTo(value, 12)))
  })

  it('have nothing in common when seed, purpose or index differ', () => {
    const names = fc.tuple(fc.maxSafeInteger(), fc.string(), fc.nat())
    fc.assert(
      fc.property(names, names, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other))
        const [a, b] = [makeRandom(...one), makeRandom(...other)]
        // 53 bits each: one equal pair among so many is a chance of 10^-12.
        for (let draw = 0; draw < 20; draw++) expect(a.uniform()).not.toBe(b.uniform())
      }),
      { numRuns: 500 },
    )
  })

  it('of neighbouring indices are not correlated', () => {
    // The first draws of 20,000 streams: their mean has the deviation 1/sqrt(12 N), the correlation of neighbours 1/sqrt(N).
    const draws = Array.from({ length: 20_000 }, (_, index) => makeRandom(42, 'measure', index).uniform() - 0.5)
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(12 * draws.length))
    const cross = draws.reduce((sum, draw, at) => sum + draw * (draws[at + 1] ?? 0), 0) / (draws.length / 12)
    expect(Math.abs(cross)).toBeLessThan(5 / Math.sqrt(draws.length))
  })

  it('normal: mean 0, deviation 1, as many within one deviation as there should be', () => {
    const random = makeRandom(7, 'normal')
    const draws = Array.from({ length: 50_000 }, () => random.normal())
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(draws.length))
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / draws.length))
    const within = draws.filter((draw) => Math.abs(draw) < 1).length / draws.length
    expect(Math.abs(within - 0.6827)).toBeLessThan(5 * Math.sqrt((0.6827 * 0.3173) / draws.length))
  })

  it('shuffle: a permutation, and every place is as likely', () => {
    const places = Array.from({ length: 5 }, () => 0)
    for (let seed = 0; seed < 5000; seed++) {
      const mixed = shuffle(['a', 'b', 'c', 'd', 'e'], makeRandom(seed, 'shuffle'))
      expect([...mixed].sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
      places[mixed.indexOf('a')]! += 1
    }
    // A place's count is binomial of mean 1000 and deviation 28.
    for (const count of places) expect(Math.abs(count - 1000)).toBeLessThan(5 * 28)
  })
})
