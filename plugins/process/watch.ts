/** What is read of client, server and machine, sample by sample. */
import type { PluginContext, Sample, Sampler } from 'inferbench'
import type { Counters, MachineReading, ProcessReading } from './proc-text.ts'
import { createFollower, type Followed } from './server.ts'
import type { ProcessSource } from './source.ts'

/** One line of `series/process.jsonl`. */
export interface ProcessSample extends Sample {
  readonly client: Usage
  readonly server?: Usage
  /** Why there is no server, where that is new since the line before. */
  readonly noServer?: string
  readonly machine?: MachineReading
  /** Of the time since it was last looked at, the part for which a thread of the client waited for a core; of the one that waited longest, percent. */
  readonly clientWait?: number
}

/** Counters rise over the run, over all processes that there were. */
export interface Usage {
  readonly processes: number
  readonly threads?: number
  /** User and system time together. */
  readonly cpuMs: number
  readonly systemMs?: number
  /** Of one core, percent, over the last `cpuOverMs`; absent where that is too short to tell. */
  readonly cpu?: number
  readonly cpuOverMs?: number
  readonly memoryBytes: number
  /** With what is shared counted in parts; only of several processes. */
  readonly proportionalBytes?: number
  readonly majorFaults?: number
  readonly files?: number
}

/** What costs more is read more seldom: at every fourth reading, and never for more than one part in so many of the time. */
const THOROUGH_EVERY_MS = 1900
const THOROUGH_PART = 100

export async function watchProcesses(context: PluginContext, source: ProcessSource): Promise<Sampler> {
  const { clock } = context.platform
  const { every, pid } = context.options
  const url = new URL(context.target.baseUrl)
  const follower = createFollower(source, {
    host: url.hostname,
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    ...(typeof pid === 'number' ? { pid } : {}),
    startedPid: context.serverPid,
  })
  const first = await follower.follow(await source.readSelf(), true, new AbortController().signal)
  const shares = { client: createShare(), server: createShare() }
  const findLongestWait = createWait()
  let thoroughAt = Number.NEGATIVE_INFINITY
  let said: string | undefined

  return {
    source: describeSource(source, first),
    everyMs: typeof every === 'number' ? every : source.everyMs,
    async read(_, signal) {
      const readAt = clock.now()
      const at = context.toRunMs(readAt)
      const thorough = readAt >= thoroughAt
      const [own, machine] = await Promise.all([source.readSelf(signal), source.readMachine?.()])
      const followed = await follower.follow(own, thorough, signal)
      const absent = 'absent' in followed ? followed.absent : undefined
      const sample: ProcessSample = {
        at,
        client: usageOf([own], own.own, source, shares.client, at),
        ...('family' in followed && {
          server: usageOf(followed.family.members, followed.family.used, source, shares.server, at),
        }),
        ...(absent !== undefined && absent !== said && { noServer: absent }),
        ...(machine !== undefined && { machine }),
      }
      said = absent
      if (!thorough) return sample
      const whole = await readThoroughly(sample, followed, source, findLongestWait)
      const tookMs = clock.now() - readAt
      thoroughAt = readAt + Math.max(THOROUGH_EVERY_MS, THOROUGH_PART * tookMs)
      return whole
    },
    close: async () => {},
  }
}

function describeSource(source: ProcessSource, followed: Followed): string {
  if ('absent' in followed) return `${source.name}: of the client only; of the server nothing: ${followed.absent}`
  const [root, ...others] = followed.family.members.filter(({ zombie }) => !zombie)
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `${source.name}: the server is ${root!.command} (process ${root!.pid}${more})`
}

function usageOf(
  members: readonly ProcessReading[],
  used: Counters,
  source: ProcessSource,
  shareOf: Share,
  at: number,
): Usage {
  const alive = members.filter(({ zombie }) => !zombie)
  const sum = (of: (member: ProcessReading) => number): number => alive.reduce((all, member) => all + of(member), 0)
  const cpuMs = used.userMs + used.systemMs
  return {
    processes: alive.length,
    cpuMs,
    ...shareOf(at, cpuMs),
    memoryBytes: sum(({ memoryBytes }) => memoryBytes),
    ...(source.details && {
      systemMs: used.systemMs,
      threads: sum(({ threads }) => threads ?? 0),
      majorFaults: used.majorFaults,
    }),
  }
}

type Share = (at: number, cpuMs: number) => Pick<Usage, 'cpu' | 'cpuOverMs'>

/** CPU time is told in ticks of 10 ms: the share of a shorter time would move in steps of more than 5 %. */
const LEAST_SHARE_MS = 200

function createShare(): Share {
  let last: { readonly at: number; readonly cpuMs: number } | undefined
  return (at, cpuMs) => {
    const since = last
    if (since !== undefined && at - since.at < LEAST_SHARE_MS) return {}
    last = { at, cpuMs }
    if (since === undefined) return {}
    const cpuOverMs = at - since.at
    return { cpu: round((100 * (cpuMs - since.cpuMs)) / cpuOverMs), cpuOverMs: round(cpuOverMs) }
  }
}

/** Above this the kernel would walk the page tables of a server for too long. */
const MOST_WALKED_BYTES = 4 * 2 ** 30

async function readThoroughly(
  sample: ProcessSample,
  followed: Followed,
  source: ProcessSource,
  findLongestWait: LongestWait,
): Promise<ProcessSample> {
  const members = 'family' in followed ? followed.family.members.filter(({ zombie }) => !zombie) : []
  const { client, server } = sample
  const sumOver = async (read: ((pid: number) => Promise<number | undefined>) | undefined) =>
    read === undefined ? undefined : addUp(await Promise.all(members.map(({ pid }) => read(pid))))
  const walks = members.length > 1 && server !== undefined && server.memoryBytes < MOST_WALKED_BYTES
  const [ownFiles, files, proportionalBytes, queues] = await Promise.all([
    source.countFiles?.('self'),
    sumOver(source.countFiles),
    walks ? sumOver(source.readProportionalBytes) : undefined,
    source.readOwnQueues?.(),
  ])
  const clientWait = queues === undefined ? undefined : findLongestWait(sample.at, queues)
  return {
    ...sample,
    client: { ...client, ...(ownFiles !== undefined && { files: ownFiles }) },
    ...(server !== undefined && {
      server: {
        ...server,
        ...(files !== undefined && { files }),
        ...(proportionalBytes !== undefined && { proportionalBytes }),
      },
    }),
    ...(clientWait !== undefined && { clientWait }),
  }
}

/** Of some alone would be a figure of something else. */
function addUp(parts: readonly (number | undefined)[]): number | undefined {
  let sum = 0
  for (const part of parts) {
    if (part === undefined) return undefined
    sum += part
  }
  return parts.length === 0 ? undefined : sum
}

type LongestWait = (at: number, queues: ReadonlyMap<string, number>) => number | undefined

function createWait(): LongestWait {
  let last: { readonly at: number; readonly queues: ReadonlyMap<string, number> } | undefined
  return (at, queues) => {
    const since = last
    last = { at, queues }
    if (since === undefined || at <= since.at) return undefined
    const waits = [...queues].map(([thread, queuedMs]) => queuedMs - (since.queues.get(thread) ?? queuedMs))
    return round((100 * Math.max(0, ...waits)) / (at - since.at))
  }
}

function round(value: number): number {
  return Number(value.toPrecision(6))
}
