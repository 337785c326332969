/** Follows a server's processes through their comings and goings. */
import { advanceFamily, type Family, findMembers, NOTHING_USED, nameProcess } from './family.ts'
import type { ProcessReading } from './proc-text.ts'
import type { ProcessSource } from './source.ts'

/** Where the server is to be looked for. */
export interface ServerPlace {
  readonly host: string
  readonly port: number
  /** Said by the user: this process and what it started, whoever listens. */
  readonly pid?: number
  /** The process group that the run started; another one after a restart, undefined in between. */
  startedPid(): number | undefined
}

export type Followed = { readonly family: Family } | { readonly absent: string }

export interface ServerFollower {
  /** `thorough`: looks for new members too, and for a server that was not there. One call at a time. */
  follow(own: ProcessReading, thorough: boolean, signal: AbortSignal): Promise<Followed>
}

const NOT_RUNNING = 'it is not running'

export function createFollower(source: ProcessSource, place: ServerPlace): ServerFollower {
  let family: Family = { members: [], used: NOTHING_USED }
  let absent = NOT_RUNNING
  /** Process ids of others. */
  let foreign: ReadonlySet<number> = new Set()
  let startedPid: number | undefined
  /** What the run started does not only pass on to a server elsewhere, as `docker run` and `ssh` do. */
  let startedServes: boolean | undefined

  /** The processes that are the server or belong to it; undefined, with the reason in `absent`. */
  const search = async (
    readings: readonly ProcessReading[],
    own: ProcessReading,
  ): Promise<readonly ProcessReading[] | undefined> => {
    const withIds = (pids: readonly number[]): ProcessReading[] =>
      readings.filter(({ pid, zombie }) => pids.includes(pid) && !zombie)
    if (place.pid !== undefined) {
      absent = `there is no process ${place.pid} to be seen`
      return withIds([place.pid])
    }
    absent = NOT_RUNNING
    const started = startedPid === undefined ? [] : findMembers(readings, withIds([startedPid]), own)
    if (startedServes === true) return started
    const owners = await source.findOwners(place.host, place.port)
    if (startedPid !== undefined) {
      startedServes = 'pids' in owners ? started.some(({ pid }) => owners.pids.includes(pid)) : owners.hidden === true
      if (startedServes) return started
    }
    if ('absent' in owners) absent = owners.absent
    else if (owners.pids.includes(own.pid)) absent = 'it runs within this very process'
    else return withIds(owners.pids)
    return undefined
  }

  /** A server that takes another's place counts on from what that one used. */
  const adopt = async (own: ProcessReading, signal: AbortSignal): Promise<void> => {
    const { readings } = await source.readOthers(new Set(), signal)
    const seeds = await search(readings, own)
    const members = findMembers(readings, seeds ?? [], own)
    foreign = idsOf(readings, idsOf(members))
    family = { ...family, members }
  }

  const grow = async (
    survivors: readonly ProcessReading[],
    own: ProcessReading,
    signal: AbortSignal,
  ): Promise<readonly ProcessReading[]> => {
    const { pids, readings } = await source.readOthers(new Set([...foreign, ...idsOf(survivors)]), signal)
    const members = findMembers([...survivors, ...readings], survivors, own)
    const ours = idsOf(members)
    foreign = new Set(pids.filter((pid) => !ours.has(pid)))
    return members
  }

  return {
    async follow(own, thorough, signal) {
      const pid = place.startedPid()
      const restarted = pid !== startedPid
      startedPid = pid
      if (restarted) family = { ...family, members: [] }
      const known = new Set(family.members.map(nameProcess))
      const read = await source.read([...idsOf(family.members)], signal)
      const survivors = read.filter((reading) => known.has(nameProcess(reading)))
      if (hasLife(survivors)) {
        family = advanceFamily(family, thorough ? await grow(survivors, own, signal) : survivors)
      } else {
        if (known.size > 0) absent = NOT_RUNNING
        family = { ...family, members: [] }
        if (thorough || restarted) await adopt(own, signal)
      }
      return hasLife(family.members) ? { family } : { absent }
    },
  }
}

function hasLife(members: readonly ProcessReading[]): boolean {
  return members.some(({ zombie }) => !zombie)
}

function idsOf(readings: readonly ProcessReading[], without: ReadonlySet<number> = new Set()): ReadonlySet<number> {
  return new Set(readings.flatMap(({ pid }) => (without.has(pid) ? [] : [pid])))
}
