/** Which GPUs a server uses, and who else does. */
import { BenchError, type Platform } from 'inferbench'
import { ask, start, stop } from './command.ts'
import type { DeviceReading, GpuProcess } from './device.ts'
import { PROCESS_FIELDS, readProcess } from './nvidia-smi.ts'
import type { ProcessesLine } from './series.ts'

/** Ids of the server's processes, and of all that can be seen; undefined: which ones are the server's is not known. */
export interface Processes {
  readonly server: ReadonlySet<number>
  readonly seen: ReadonlySet<number>
}

export type FindProcesses = () => Promise<Processes | undefined>

export interface UsedGpus {
  readonly gpus: readonly number[]
  readonly why: string
}

/** The GPUs that the user named, by number or UUID; `all`. Throws a usage error that says which there are. */
export function chooseGpus(text: string, devices: readonly DeviceReading[]): UsedGpus {
  const why = 'named by the user'
  if (text.trim() === 'all') return { gpus: devices.map(({ gpu }) => gpu), why }
  const gpus = text.split(',').map((part) => {
    const name = part.trim().toLowerCase()
    const found = devices.find(({ gpu, uuid }) => String(gpu) === name || (name !== '' && uuid?.toLowerCase() === name))
    if (found !== undefined) return found.gpu
    const known = devices.map(({ gpu }) => gpu).join(', ')
    throw new BenchError('usage', `devices: there is no GPU "${part.trim()}"; there are ${known}; or write all`)
  })
  return { gpus: [...new Set(gpus)].sort((a, b) => a - b), why }
}

/** Without a word of the user: those on which the server's processes hold memory, else all. */
export async function findUsedGpus(
  platform: Platform,
  devices: readonly DeviceReading[],
  tellsProcesses: boolean,
  find: FindProcesses,
): Promise<UsedGpus> {
  const all = devices.map(({ gpu }) => gpu)
  if (!tellsProcesses) return { gpus: all, why: 'all: the source does not say whose processes compute where' }
  const processes = await find()
  if (processes === undefined) return { gpus: all, why: 'all: the processes of the server are not known' }
  const answer = await ask(platform, 'nvidia-smi', queryProcesses(), 10_000).catch(() => undefined)
  const running = (answer?.lines ?? []).flatMap((line) => readProcess(line) ?? [])
  const own = running.filter(({ pid }) => processes.server.has(pid))
  const gpus = devices.filter(({ uuid }) => own.some((one) => sameGpu(one, uuid))).map(({ gpu }) => gpu)
  return gpus.length > 0
    ? { gpus, why: 'its processes hold memory there' }
    : { gpus: all, why: 'all: none of them is said to hold memory of a process of the server' }
}

function sameGpu({ uuid }: GpuProcess, other: string | undefined): boolean {
  return other?.toLowerCase() === uuid.toLowerCase()
}

function queryProcesses(): readonly string[] {
  return [`--query-compute-apps=${PROCESS_FIELDS}`, '--format=csv,noheader,nounits']
}

const LOOK_MS = 5000

export interface ProcessWatch {
  /** What was told since the last call; `at` by the platform's clock. */
  read(): Promise<readonly (ProcessesLine & { readonly at: number })[]>
  close(): Promise<void>
}

/** A second, slow stream: who holds memory of a GPU, every 5 s. A program that cannot be started or ends tells nothing. */
export function watchProcesses(
  platform: Platform,
  devices: readonly DeviceReading[],
  find: FindProcesses,
): ProcessWatch {
  const child = start(platform, 'nvidia-smi', [...queryProcesses(), `--loop-ms=${LOOK_MS}`])
  const told: { at: number; process: GpuProcess }[] = []
  const listen = async (): Promise<void> => {
    for await (const line of child?.lines ?? []) {
      const process = readProcess(line)
      if (process !== undefined) told.push({ at: platform.clock.now(), process })
    }
  }
  void listen()
  const judged = new Map<number, boolean | undefined>()

  const judge = async (pids: readonly number[]): Promise<void> => {
    if (pids.every((pid) => judged.has(pid))) return
    const processes = await find().catch(() => undefined)
    for (const pid of pids) {
      const known = processes !== undefined && processes.server.size > 0 && processes.seen.has(pid)
      judged.set(pid, known ? processes.server.has(pid) : undefined)
    }
  }
  return {
    async read() {
      const fresh = told.splice(0)
      if (fresh.length === 0) return []
      await judge(fresh.map(({ process }) => process.pid))
      const processes = fresh.flatMap(({ process }) => {
        const gpu = devices.find(({ uuid }) => sameGpu(process, uuid))?.gpu
        const server = judged.get(process.pid)
        if (gpu === undefined) return []
        const { pid, memoryMib } = process
        return {
          gpu,
          pid,
          ...(memoryMib === undefined ? {} : { memoryMib }),
          ...(server === undefined ? {} : { server }),
        }
      })
      return processes.length === 0 ? [] : [{ at: fresh.at(-1)!.at, processes }]
    },
    async close() {
      if (child !== undefined) await stop(child)
    },
  }
}
