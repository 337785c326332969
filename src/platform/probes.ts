/** What the runtime tells about the machine and about itself. Everything may be denied (Deno): then it is absent. */
import { readFileSync, readlinkSync } from 'node:fs'
import { arch, cpus, release, totalmem, type } from 'node:os'
import { PerformanceObserver } from 'node:perf_hooks'
import process from 'node:process'
import type { ClientUsage } from '../core/platform.ts'

/** The answer, or undefined where the runtime lacks the question or its sandbox forbids it. */
export function attempt<Answer>(ask: () => Answer): Answer | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}

/** A sandbox's names for what it may be asked about. */
export type SystemFact = 'cpus' | 'systemMemoryInfo' | 'osRelease'

/**
 * CPU model, logical cores, memory in bytes, operating system. `isAllowed`: known to be readable; facts about the machine
 * are not worth asking a person for permission.
 */
export function describeMachine(isAllowed: (kind: SystemFact) => boolean): Readonly<Record<string, string | number>> {
  const read = <Value>(kind: SystemFact, of: () => Value): Value | undefined =>
    isAllowed(kind) ? attempt(of) : undefined
  const processors = read('cpus', cpus)
  const facts = {
    cpu: processors?.[0]?.model.trim(),
    cores: processors?.length,
    memoryBytes: read('systemMemoryInfo', totalmem),
    os: read('osRelease', () => `${type()} ${release()}`) ?? process.platform,
    arch: attempt(arch),
  }
  return Object.fromEntries(Object.entries(facts).filter((fact): fact is [string, string | number] => !!fact[1]))
}

export function readEnv(name: string): string | undefined {
  return attempt(() => process.env[name])
}

/** Pauses of garbage collection since the last reading, ms. */
function watchCollections(): () => { readonly gcMs: number; readonly gcMaxMs: number } {
  let durations: number[] = []
  const collect = (entries: readonly { readonly duration: number }[]): void => {
    for (const { duration } of entries) durations.push(duration)
  }
  const observer = new PerformanceObserver((list) => collect(list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  return () => {
    collect(observer.takeRecords())
    const seen = durations
    durations = []
    return { gcMs: seen.reduce((sum, duration) => sum + duration, 0), gcMaxMs: Math.max(0, ...seen) }
  }
}

type CpuTimes = () => { readonly user: number; readonly system: number }

/** CPU time of the calling thread, ms. Linux tells it of every thread in nanoseconds (proc(5), `schedstat`). */
function probeThread(): (() => number) | undefined {
  const ofThread = (process as { threadCpuUsage?: CpuTimes }).threadCpuUsage?.bind(process)
  if (ofThread && attempt(ofThread)) {
    return () => {
      const { user, system } = ofThread()
      return (user + system) / 1000
    }
  }
  const path = attempt(() => `/proc/${readlinkSync('/proc/thread-self')}/schedstat`)
  const read = (): number => Number(readFileSync(path!, 'latin1').split(' ', 1)[0]) / 1e6
  return path !== undefined && attempt(read) !== undefined ? read : undefined
}

/**
 * Reads what this thread has used. `collections`: the runtime reports its garbage collections; watching begins with the first
 * reading, so that whoever never asks pays nothing. `isOnlyThread`: the CPU time of the process serves as well.
 */
export function createUsageProbe(options: {
  readonly collections: boolean
  readonly isOnlyThread: () => boolean
}): () => ClientUsage {
  let readThread: { readonly cpuMs: (() => number) | undefined } | undefined
  let readCollections: ReturnType<typeof watchCollections> | undefined
  const readProcess = (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  return () => {
    readThread ??= { cpuMs: probeThread() }
    const cpuMs = readThread.cpuMs === undefined ? undefined : attempt(readThread.cpuMs)
    const memoryBytes = attempt(() => process.memoryUsage.rss())
    const first = readCollections === undefined
    if (options.collections) readCollections ??= watchCollections()
    return {
      ...(cpuMs !== undefined ? { cpuMs } : options.isOnlyThread() && { cpuMs: readProcess() }),
      ...(memoryBytes !== undefined && { memoryBytes }),
      ...(!first && readCollections?.()),
    }
  }
}
