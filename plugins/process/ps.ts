/** Processes as `ps` tells them, where there is no /proc: macOS. A child a reading, so more seldom, and fewer figures. */
import type { Child, Platform } from 'inferbench'
import type { ProcessReading } from './proc-text.ts'
import { explainForwarder, isLoopback, type Owners, type ProcessSource } from './source.ts'

const EVERY_MS = 1000

/** The name last: it may hold blanks. */
const COLUMNS = 'pid=,ppid=,pgid=,rss=,time=,state=,lstart=,comm='

const ROW = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\d{4})\s+(\S.*?)\s*$/

/** One row of {@link COLUMNS}. */
export function readPsRow(line: string): ProcessReading | undefined {
  const match = ROW.exec(line)
  if (match === null) return undefined
  const [, pid, parent, group, kilobytes, time, state, birth, path] = match as unknown as readonly string[]
  const cpuMs = readCpuTime(time!)
  if (cpuMs === undefined) return undefined
  return {
    pid: Number(pid),
    birth: birth!.replace(/\s+/g, ' '),
    command: path!.slice(path!.lastIndexOf('/') + 1),
    zombie: state!.startsWith('Z'),
    parent: Number(parent),
    group: Number(group),
    own: { userMs: cpuMs, systemMs: 0, majorFaults: 0 },
    children: { userMs: 0, systemMs: 0, majorFaults: 0 },
    memoryBytes: Number(kilobytes) * 1024,
  }
}

/** `12:34.56`, `1-02:03:04`. */
function readCpuTime(text: string): number | undefined {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text)
  if (match === null) return undefined
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0))
  return ((days! * 24 + hours!) * 60 + minutes!) * 60_000 + seconds! * 1000
}

/** Rejects with a `BenchError` where no command may be run. */
export function openPs(spawn: NonNullable<Platform['spawn']>): ProcessSource {
  const ps = async (which: readonly string[], signal?: AbortSignal): Promise<PsReading> => {
    const child = spawn('ps', ['-o', COLUMNS, ...which], { env: { LC_ALL: 'C' } })
    const lines = await collect(child, signal)
    return { child: child.pid, readings: lines.map(readPsRow).filter((reading) => reading !== undefined) }
  }
  const readAll = async (signal?: AbortSignal): Promise<PsReading> => await ps(['-A'], signal)
  let self: number | undefined
  return {
    name: 'ps',
    everyMs: EVERY_MS,
    details: false,
    async readSelf(signal) {
      const { child, readings } = self === undefined ? await readAll(signal) : await ps(['-p', `${self}`], signal)
      // We are who started it.
      self ??= readings.find(({ pid }) => pid === child)?.parent
      const found = readings.find(({ pid }) => pid === self)
      if (found === undefined) throw new Error('ps does not list us')
      return found
    },
    read: async (pids, signal) => (pids.length === 0 ? [] : (await ps(['-p', pids.join(',')], signal)).readings),
    async readOthers(known, signal) {
      const { readings } = await readAll(signal)
      return { pids: readings.map(({ pid }) => pid), readings: readings.filter(({ pid }) => !known.has(pid)) }
    },
    async findOwners(host, port): Promise<Owners> {
      if (!isLoopback(host)) return { absent: `${host} is not known to be this machine` }
      const lsof = spawn('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fp'])
      const pids = (await collect(lsof)).flatMap((line) => (/^p\d+$/.test(line) ? [Number(line.slice(1))] : []))
      if (pids.length === 0)
        return { absent: `lsof shows no process of ours that listens on port ${port}`, hidden: true }
      const { readings } = await ps(['-p', pids.join(',')])
      const forwarder = readings.map(({ command }) => explainForwarder(port, command)).find(Boolean)
      return forwarder === undefined ? { pids } : { absent: forwarder }
    },
  }
}

interface PsReading {
  /** Process id of the `ps` itself. */
  readonly child: number
  readonly readings: readonly ProcessReading[]
}

/** All that it prints, when it has ended; it is ended where that takes longer than the signal allows. */
async function collect(child: Child, signal?: AbortSignal): Promise<readonly string[]> {
  const end = (): void => child.kill('SIGKILL')
  if (signal?.aborted) end()
  signal?.addEventListener('abort', end)
  const lines: string[] = []
  try {
    for await (const line of child.lines) lines.push(line)
    await child.exited
  } finally {
    signal?.removeEventListener('abort', end)
  }
  return lines
}
