/** Processes as Linux tells them: files of /proc, none of which is larger than a page but the list of sockets. */
import type { Files } from 'inferbench'
import {
  type Listener,
  normalizeAddress,
  type ProcessReading,
  readListeners,
  readMachine,
  readOwnAddresses,
  readPageBytes,
  readProportionalBytes,
  readQueuedMs,
  readStat,
} from './proc-text.ts'
import { explainForwarder, isLoopback, type Owners, type ProcessSource } from './source.ts'

const EVERY_MS = 500

/** Rejects with a `BenchError` where /proc is not there, or may not be read. */
export async function openProc(files: Files): Promise<ProcessSource> {
  const own = await files.readText('/proc/self/stat')
  const pageBytes = readPageBytes(own, await files.readText('/proc/self/statm')) ?? 4096

  const readOne = async (pid: number | 'self'): Promise<ProcessReading | undefined> => {
    const text = await attempt(files.readText(`/proc/${pid}/stat`))
    return text === undefined ? undefined : readStat(text, pageBytes)
  }
  const read = async (pids: readonly number[]): Promise<readonly ProcessReading[]> =>
    (await Promise.all(pids.map(readOne))).filter((reading) => reading !== undefined)

  return {
    name: '/proc',
    everyMs: EVERY_MS,
    details: true,
    read,
    async readSelf() {
      const self = await readOne('self')
      if (self === undefined) throw new Error('/proc/self/stat is not what it should be')
      return self
    },
    async readOthers(known) {
      const pids = await listProcesses(files)
      return { pids, readings: await read(pids.filter((pid) => !known.has(pid))) }
    },
    findOwners: async (host, port) => await findOwners(files, read, host, port),
    readMachine: async () => readMachine((await attempt(files.readText('/proc/stat'))) ?? ''),
    countFiles: async (pid) => (await attempt(files.list(`/proc/${pid}/fd`)))?.length,
    readProportionalBytes: async (pid) =>
      readProportionalBytes((await attempt(files.readText(`/proc/${pid}/smaps_rollup`))) ?? ''),
    async readOwnQueues() {
      const threads = (await attempt(files.list('/proc/self/task'))) ?? []
      const queues = await Promise.all(
        threads.map(async (thread) => {
          const text = await attempt(files.readText(`/proc/self/task/${thread}/schedstat`))
          return [thread, readQueuedMs(text ?? '')] as const
        }),
      )
      return new Map(queues.flatMap(([thread, queuedMs]) => (queuedMs === undefined ? [] : [[thread, queuedMs]])))
    },
  }
}

/** A process may be gone at any moment, and those of others are not ours to look into. */
async function attempt<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  return await asked.catch(() => undefined)
}

async function listProcesses(files: Files): Promise<readonly number[]> {
  return ((await attempt(files.list('/proc'))) ?? []).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
}

async function findOwners(
  files: Files,
  read: (pids: readonly number[]) => Promise<readonly ProcessReading[]>,
  host: string,
  port: number,
): Promise<Owners> {
  const readNet = async (name: string): Promise<string> => (await attempt(files.readText(`/proc/net/${name}`))) ?? ''
  const address = normalizeAddress(host)
  if (!isLoopback(host)) {
    const own = readOwnAddresses(await readNet('fib_trie'), await readNet('if_inet6'))
    const name = (await attempt(files.readText('/proc/sys/kernel/hostname')))?.trim().toLowerCase()
    const isOurs = address === undefined ? host === name : own.has(address) || /^[0.:]+$/.test(address)
    if (!isOurs) return { absent: `${host} is not known to be this machine` }
  }
  const listeners = [...readListeners(await readNet('tcp')), ...readListeners(await readNet('tcp6'))]
  const sockets = chooseListeners(listeners, address, port)
  if (sockets.length === 0) {
    return { absent: `no process of this machine itself listens on port ${port}: a container, or a tunnel?` }
  }
  const pids = await findHolders(files, new Set(sockets.map(({ inode }) => `socket:[${inode}]`)))
  if (pids.length === 0) {
    const { user } = sockets[0]!
    return { absent: `what listens on port ${port} is not ours to see: it belongs to user ${user}`, hidden: true }
  }
  const forwarder = (await read(pids)).map(({ command }) => explainForwarder(port, command)).find(Boolean)
  return forwarder === undefined ? { pids } : { absent: forwarder }
}

/** The kernel prefers a socket that listens at the very address to one that listens at all of them. */
function chooseListeners(
  listeners: readonly Listener[],
  address: string | undefined,
  port: number,
): readonly Listener[] {
  const there = listeners.filter((listener) => listener.port === port)
  const isAny = (listener: Listener): boolean => /^[0.:]+$/.test(listener.address)
  const isNamed = (listener: Listener): boolean =>
    address === undefined ? !isAny(listener) && isLoopbackAddress(listener.address) : listener.address === address
  const named = there.filter(isNamed)
  return named.length > 0 ? named : there.filter(isAny)
}

function isLoopbackAddress(address: string): boolean {
  return address.startsWith('127.') || /^(0000:){7}0001$/.test(address)
}

/** A socket that listens is opened early, so that it is mostly among a process's first files: those of all processes are looked at before any of the rest. */
const FIRST_FILES = 32

async function findHolders(files: Files, sockets: ReadonlySet<string>): Promise<readonly number[]> {
  const open = new Map<number, readonly string[]>()
  const holds = async (pid: number, names: readonly string[]): Promise<boolean> => {
    for (const name of names) {
      const target = await attempt(Promise.resolve(files.readLink?.(`/proc/${pid}/fd/${name}`)))
      if (target !== undefined && sockets.has(target)) return true
    }
    return false
  }
  const holders: number[] = []
  for (const pid of await listProcesses(files)) {
    const names = [...((await attempt(files.list(`/proc/${pid}/fd`))) ?? [])].sort((a, b) => Number(a) - Number(b))
    if (await holds(pid, names.slice(0, FIRST_FILES))) holders.push(pid)
    else open.set(pid, names.slice(FIRST_FILES))
  }
  if (holders.length > 0) return holders
  for (const [pid, names] of open) if (await holds(pid, names)) holders.push(pid)
  return holders
}
