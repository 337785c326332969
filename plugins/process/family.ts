/** Which processes belong together, and what they used together. Pure bookkeeping over readings, whoever took them. */
import type { Counters, ProcessReading } from './proc-text.ts'

export interface Family {
  /** At the last reading; zombies too, whose counters count until somebody has waited for them. */
  readonly members: readonly ProcessReading[]
  /** Since the family was first seen, whoever came and went: never goes back. */
  readonly used: Counters
}

export const NOTHING_USED: Counters = { userMs: 0, systemMs: 0, majorFaults: 0 }

/**
 * The seeds, all their descendants, and whoever is in a process group of theirs, which outlives a parent; never us, nor what we started. A group that is
 * also ours says nothing: a script may have started both. Seeds come first, in their order.
 */
export function findMembers(
  readings: readonly ProcessReading[],
  seeds: readonly ProcessReading[],
  own: Pick<ProcessReading, 'pid' | 'group'>,
): readonly ProcessReading[] {
  const groups = new Set(seeds.map(({ group }) => group).filter((group) => group !== own.group))
  const children = new Map<number, ProcessReading[]>()
  for (const reading of readings) {
    const siblings = children.get(reading.parent)
    if (siblings === undefined) children.set(reading.parent, [reading])
    else siblings.push(reading)
  }
  const found = new Map<number, ProcessReading>()
  const add = (reading: ProcessReading): void => {
    if (reading.pid === own.pid || found.has(reading.pid)) return
    found.set(reading.pid, reading)
    for (const child of children.get(reading.pid) ?? []) add(child)
  }
  for (const seed of seeds) add(seed)
  for (const reading of readings) if (groups.has(reading.group)) add(reading)
  return [...found.values()]
}

/**
 * Counts on from one reading of the family to the next. Who is new was born in it since. Who is gone was waited for by a parent in it,
 * whose count of children rises by all that was used; or by nobody, and then what it used since its last reading is lost.
 */
export function advanceFamily(before: Family, members: readonly ProcessReading[]): Family {
  const earlier = new Map(before.members.map((member) => [nameProcess(member), member]))
  const present = new Set(members.map(nameProcess))
  const gone = before.members.filter((member) => !present.has(nameProcess(member)))
  const advance = (counter: keyof Counters): number => {
    let own = 0
    let waitedFor = 0
    for (const member of members) {
      const old = earlier.get(nameProcess(member))
      own += member.own[counter] - (old?.own[counter] ?? 0)
      waitedFor += member.children[counter] - (old?.children[counter] ?? 0)
    }
    for (const lost of gone) waitedFor -= lost.own[counter] + lost.children[counter]
    return before.used[counter] + Math.max(0, own) + Math.max(0, waitedFor)
  }
  return {
    members,
    used: { userMs: advance('userMs'), systemMs: advance('systemMs'), majorFaults: advance('majorFaults') },
  }
}

/** For good: a pid alone is used again. */
export function nameProcess({ pid, birth }: ProcessReading): string {
  return `${pid} ${birth}`
}
