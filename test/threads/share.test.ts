/** What shards of one phase share: each request is somebody's, and nobody has more permits than there are. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeArrival } from '../../src/core/arrival/mod.ts'
import type { Job } from '../../src/core/engine/flight.ts'
import { createPreparer } from '../../src/core/engine/prepare.ts'
import { createSharedMemory, shareAlone, shareAmong } from '../../src/core/engine/share.ts'
import type { Platform } from '../../src/core/platform.ts'

function shareOut(shards: number) {
  const memory = createSharedMemory()
  return Array.from({ length: shards }, (_, index) => shareAmong(index, shards, memory))
}

const anyShards = fc.integer({ min: 1, max: 9 })

const never = (): boolean => false

describe('shards', () => {
  it('draw every request below the limit once, in whatever order they ask, and none at or above it', () => {
    const property = fc.property(anyShards, fc.nat(200), fc.infiniteStream(fc.nat(8)), (count, limit, turns) => {
      const shares = shareOut(count)
      const drawn: number[] = []
      for (let turn = 0; turn < limit + 3 * count; turn++) {
        const n = shares[turns.next().value % count]!.draw(limit)
        if (n !== undefined) drawn.push(n)
        for (const share of shares) expect(share.drawn()).toBe(drawn.length)
      }
      expect(drawn).toEqual(Array.from({ length: limit }, (_, n) => n))
    })
    fc.assert(property)
  })

  it('go on drawing when there is no limit', () => {
    const [one, two] = shareOut(2)
    expect([one!, two!, one!].map((share) => share.draw(Number.POSITIVE_INFINITY))).toEqual([0, 1, 2])
  })

  it('never hold more permits together than there are, and can take all of them again', () => {
    const anyMove = fc.tuple(fc.nat(8), fc.boolean())
    const property = fc.property(
      anyShards,
      fc.nat(12),
      fc.array(anyMove, { maxLength: 200 }),
      (count, permits, moves) => {
        const shares = shareOut(count)
        let held = 0
        for (const [who, enters] of moves) {
          const share = shares[who % count]!
          if (enters) {
            const entered = share.enter(permits)
            expect(entered).toBe(held < permits)
            if (entered) held++
          } else if (held > 0) {
            share.leave()
            held--
          }
          expect(share.taken()).toBe(held)
        }
      },
    )
    fc.assert(property)
  })

  it('have parts of the slots that sum up, none more than one larger than another', () => {
    const property = fc.property(anyShards, fc.nat(5000), (count, slots) => {
      const parts = shareOut(count).map((share) => share.part(slots))
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(slots)
      expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1)
    })
    fc.assert(property)
    expect(shareAlone().part(7)).toBe(7)
  })

  it('know nothing of another phase', () => {
    const [first] = shareOut(2)
    first!.draw(10)
    first!.enter(10)
    const [next] = shareOut(2)
    expect([next!.drawn(), next!.taken()]).toEqual([0, 0])
  })

  it('cut an open schedule so that the union is the whole', () => {
    const property = fc.property(anyShards, fc.nat(), fc.nat(150), (count, seed, requests) => {
      const plan = { kind: 'poisson', rate: 50 } as const
      const whole = makeArrival(plan, seed)
      if (whole.kind !== 'open') throw new Error('poisson is open')
      const due = new Map<number, number | undefined>()
      for (const { index, shards } of shareOut(count)) {
        // Made again from its recipe, as in another thread.
        const part = makeArrival(whole.recipe!.plan, whole.recipe!.seed)
        if (part.kind !== 'open') throw new Error('poisson is open')
        for (let n = index; n < requests; n += shards) {
          expect(due.has(n)).toBe(false)
          due.set(n, part.due(n))
        }
      }
      expect(due.size).toBe(requests)
      for (const [n, at] of due) expect(at).toBe(whole.due(n))
    })
    fc.assert(property, { numRuns: 50 })
  })
})

// --- jobs that are ready beforehand -----------------------------------------------------------------------------------

/** Turns of the loop, run by hand. */
function handPlatform() {
  const tasks: (() => void)[] = []
  const platform = { clock: { now: () => 0 }, nextTurn: (task: () => void) => tasks.push(task) } as unknown as Platform
  return {
    platform,
    turn() {
      for (const task of tasks.splice(0)) task()
    },
  }
}

const jobOf = (n: number): Job => ({ asked: { n } }) as Job

describe('preparing', () => {
  it('gives each shard of a closed loop the job that it drew, whoever drew between', () => {
    const property = fc.property(
      anyShards,
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 20 }),
      fc.infiniteStream(fc.nat(8)),
      fc.infiniteStream(fc.boolean()),
      (count, limit, ahead, turns, coins) => {
        const { platform, turn } = handPlatform()
        const shares = shareOut(count)
        const made: number[] = []
        const make = (n: number): Job => {
          made.push(n)
          return jobOf(n)
        }
        const preparers = shares.map((share) => createPreparer(platform, make, ahead, limit, share, 'closed', never))
        for (let drawn = 0; drawn < limit; drawn++) {
          const who = turns.next().value % count
          const n = shares[who]!.draw(limit)!
          expect(preparers[who]!.take(n).asked.n).toBe(n)
          if (coins.next().value) turn()
        }
        expect(made.every((n) => n < limit)).toBe(true)
        if (count === 1) expect(made).toEqual(Array.from({ length: limit }, (_, n) => n))
      },
    )
    fc.assert(property)
  })

  it('makes each job of an open schedule once, in the shard that sends it', () => {
    const property = fc.property(
      anyShards,
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 30 }),
      (count, limit, ahead) => {
        const made: number[] = []
        for (const share of shareOut(count)) {
          const { platform, turn } = handPlatform()
          const make = (n: number): Job => {
            made.push(n)
            return jobOf(n)
          }
          const preparer = createPreparer(platform, make, ahead, limit, share, 'open', never)
          for (let n = share.index; n < limit; n += count) {
            expect(preparer.take(n).asked.n).toBe(n)
            turn()
          }
        }
        expect(made.sort((a, b) => a - b)).toEqual(Array.from({ length: limit }, (_, n) => n))
      },
    )
    fc.assert(property)
  })

  it('forgets what was made before a reset, and makes it anew', () => {
    const property = fc.property(fc.nat(10), fc.integer({ min: 1, max: 30 }), (taken, ahead) => {
      const { platform, turn } = handPlatform()
      let version = 0
      const make = (n: number): Job => ({ asked: { n, id: `${version}` } }) as Job
      const preparer = createPreparer(platform, make, ahead, 40, shareAlone(), 'closed', never)
      for (let n = 0; n < taken; n++) preparer.take(n)
      turn()
      version = 1
      preparer.reset()
      for (let n = 0; n < 40; n++) {
        expect(preparer.take(n).asked).toEqual({ n, id: '1' })
        if (n % 3 === 0) turn()
      }
    })
    fc.assert(property)
  })
})
