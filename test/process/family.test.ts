import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advanceFamily, type Family, findMembers, NOTHING_USED } from '../../plugins/process/family.ts'
import type { ProcessReading } from '../../plugins/process/proc-text.ts'

const own = { pid: 1000, group: 1000 }

function reading(pid: number, parent: number, more: Partial<ProcessReading> = {}): ProcessReading {
  return {
    pid,
    parent,
    birth: `${pid}`,
    command: 'x',
    zombie: false,
    group: pid,
    own: NOTHING_USED,
    children: NOTHING_USED,
    memoryBytes: 0,
    ...more,
  }
}

const ids = (members: readonly ProcessReading[]): number[] => members.map(({ pid }) => pid)

describe('who belongs to a server', () => {
  it('all that descend from it, however deep, and no others', () => {
    const all = [reading(1, 0), reading(5, 4), reading(4, 3), reading(3, 1), reading(6, 1), reading(7, 6)]
    expect(ids(findMembers(all, [all[3]!], own))).toEqual([3, 4, 5])
  })

  it('its process group, siblings included, unless that is ours too', () => {
    const launcher = reading(10, 1, { group: 10 })
    const router = reading(11, 10, { group: 10 })
    const shard = reading(12, 10, { group: 10 })
    expect(ids(findMembers([launcher, router, shard], [router], own))).toEqual([11, 10, 12])
    const shared = [router, shard].map((one) => ({ ...one, group: own.group }))
    expect(ids(findMembers(shared, [shared[0]!], own))).toEqual([11])
  })

  it('never us, nor what we started, though the server started us', () => {
    const all = [reading(3, 1), reading(own.pid, 3), reading(20, own.pid)]
    expect(ids(findMembers(all, [all[0]!], own))).toEqual([3])
  })

  it('ends, whatever parents say', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ pid: fc.nat(20), parent: fc.nat(20), group: fc.nat(20) })), (rows) => {
        const all = rows.map(({ pid, parent, group }) => reading(pid, parent, { group }))
        const members = findMembers(all, all.slice(0, 1), own)
        expect(new Set(ids(members)).size).toBe(members.length)
      }),
    )
  })
})

/** A kernel in small: processes that work, fork, end and are waited for or not. */
interface World {
  readonly alive: Map<number, { pid: number; parent: number; own: number; children: number; zombie: boolean }>
  truth: number
  next: number
}

function step(world: World, what: 'work' | 'fork' | 'end' | 'wait', which: number, amount: number): void {
  const all = [...world.alive.values()]
  const one = all[which % all.length]!
  if (what === 'work' && !one.zombie) {
    one.own += amount
    world.truth += amount
  } else if (what === 'fork' && !one.zombie) {
    const pid = world.next++
    world.alive.set(pid, { pid, parent: one.pid, own: 0, children: 0, zombie: false })
  } else if (what === 'end' && one.pid !== 1) {
    one.zombie = true
    for (const child of all) if (child.parent === one.pid) child.parent = 1
  } else if (what === 'wait' && one.zombie) {
    const parent = world.alive.get(one.parent)!
    parent.children += one.own + one.children
    world.alive.delete(one.pid)
  }
}

const counters = (ms: number) => ({ userMs: ms, systemMs: 0, majorFaults: ms })

function look(world: World): readonly ProcessReading[] {
  return [...world.alive.values()].map(({ pid, parent, zombie, own, children }) =>
    reading(pid, parent, { zombie, own: counters(own), children: counters(children) }),
  )
}

describe('what a server used', () => {
  const begin = (members: readonly ProcessReading[]): Family => ({ members, used: NOTHING_USED })

  it('is all that its processes used, whoever came and went between two readings', () => {
    const action = fc.tuple(
      fc.constantFrom('work', 'work', 'fork', 'end', 'wait', 'look'),
      fc.nat(50),
      fc.integer({ min: 1, max: 1000 }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const world: World = { alive: new Map(), truth: 0, next: 2 }
        world.alive.set(1, { pid: 1, parent: 0, own: 500, children: 70, zombie: false })
        let family = begin(look(world))
        for (const [what, which, amount] of actions) {
          if (what === 'look') family = advanceFamily(family, look(world))
          else step(world, what, which, amount)
        }
        family = advanceFamily(family, look(world))
        expect(family.used).toEqual({ userMs: world.truth, systemMs: 0, majorFaults: world.truth })
      }),
    )
  })

  it('never goes back when a process ends that nobody waits for', () => {
    const root = reading(1, 0, { own: counters(100) })
    const child = reading(2, 1, { own: counters(5000) })
    let family = advanceFamily(begin([root, child]), [{ ...root, own: counters(110) }])
    expect(family.used.userMs).toBe(10)
    family = advanceFamily(family, [{ ...root, own: counters(130) }])
    expect(family.used.userMs).toBe(30)
  })

  it('takes a pid that is used again for another process', () => {
    const root = reading(1, 0)
    const child = reading(2, 1, { own: counters(5000) })
    const stranger = reading(2, 1, { birth: 'later', own: counters(7) })
    expect(advanceFamily(begin([root, child]), [root, stranger]).used.userMs).toBe(7)
  })
})
