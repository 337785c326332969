/** What Node, Bun and Deno have in common: nearly everything, since all three have Node's modules. */
import process from 'node:process'
import type { Platform } from '../core/platform.ts'
import { findCacheFolder } from './cache-folder.ts'
import { createClock } from './clock.ts'
import { files } from './files.ts'
import { createInflater } from './inflate.ts'
import { createUsageProbe, describeMachine, readEnv, type SystemFact } from './probes.ts'
import { onInterrupt, spawn, startModule } from './process.ts'
import { randomId } from './random-id.ts'
import { hasProcessGroups, supervise } from './supervise.ts'
import { hasThreads, startLoadThread } from './thread.ts'
import { createSocketTransport } from './transport/socket.ts'

/** What a runtime says for itself. */
export interface RuntimePart
  extends Pick<Platform, 'name' | 'version' | 'transports' | 'mayDo'>,
    Required<Pick<Platform, 'serve' | 'loadModule'>> {
  /** It reports its garbage collections to a `PerformanceObserver`. */
  readonly collections: boolean
  /** Modules of ours run in threads as they are. */
  readonly threads: boolean
  /** To be done before a thread is started. */
  readonly prepareThread?: () => void
  readonly collectGarbage?: () => void
  /** Whether a fact about the machine may be read without asking; absent: all of them. */
  readonly isAllowed?: (kind: SystemFact) => boolean
  /** What its command wants before the path of a module to run; `commands`: the module starts processes, writes files or loads native code. */
  readonly moduleArguments: (module: URL, allow?: 'commands') => readonly string[]
}

/** A platform with sockets, files and processes. */
export function assemblePlatform({
  collections,
  isAllowed = () => true,
  moduleArguments,
  prepareThread,
  threads,
  transports,
  ...runtime
}: RuntimePart): Platform {
  const clock = createClock()
  const cacheFolder = findCacheFolder(process.platform, readEnv)
  return {
    ...runtime,
    machine: describeMachine(isAllowed),
    clock,
    transports: { socket: createSocketTransport, ...transports },
    defaultTransport: 'socket',
    randomId,
    env: readEnv,
    nextTurn: (task) => void setImmediate(task),
    usage: createUsageProbe({ collections, isOnlyThread: () => !hasThreads() }),
    ...(threads && {
      startLoadThread: () => {
        prepareThread?.()
        return startLoadThread()
      },
    }),
    inflate: (coding) => createInflater(coding),
    files,
    ...(cacheFolder !== undefined && runtime.mayDo?.('read', cacheFolder) !== false && { cacheFolder }),
    spawn,
    startModule: (module, args, allow) => startModule(moduleArguments(module, allow), module, args),
    ...(hasProcessGroups() && {
      supervise: (what) => supervise(clock, (module) => moduleArguments(module, 'commands'), what),
    }),
    onInterrupt,
  }
}
