/** Texts of Linux' /proc, read: proc(5). Pure; what is no such text is undefined. */

/**
 * Ticks of CPU time in a second. A constant of the kernel's interface (`USER_HZ`, asm-generic/param.h), whatever the kernel's own clock: 100 on every
 * architecture that Node, Bun or Deno run on.
 */
const TICKS_PER_SECOND = 100
export const TICK_MS: number = 1000 / TICKS_PER_SECOND

/** What only rises while a process lives. */
export interface Counters {
  readonly userMs: number
  readonly systemMs: number
  /** Page faults that waited for a disk. */
  readonly majorFaults: number
}

/** One process at one moment, whatever told it. */
export interface ProcessReading {
  readonly pid: number
  /** Of its start, in some unit: with the pid it names a process for good, since pids are used again. */
  readonly birth: string
  readonly command: string
  /** It has ended, and nobody has asked how yet. */
  readonly zombie: boolean
  readonly parent: number
  readonly group: number
  readonly own: Counters
  /** Of the children that have ended and that it waited for, and of theirs. */
  readonly children: Counters
  readonly threads?: number
  readonly memoryBytes: number
}

/** `/proc/PID/stat`. The name may hold anything, blanks and parentheses too: it ends with the last `)`. */
export function readStat(text: string, pageBytes: number): ProcessReading | undefined {
  const open = text.indexOf(' (')
  const close = text.lastIndexOf(') ')
  if (open <= 0 || close < open) return undefined
  // The first of these is the third of proc(5).
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ')
  const at = (number: number): number => Number(fields[number - 3])
  const pid = Number(text.slice(0, open))
  const birth = fields[22 - 3]
  const numbers = [pid, at(4), at(5), at(12), at(13), at(14), at(15), at(16), at(17), at(20), at(24)]
  if (birth === undefined || !numbers.every(Number.isFinite)) return undefined
  return {
    pid,
    birth,
    command: text.slice(open + 2, close),
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    parent: at(4),
    group: at(5),
    own: { userMs: at(14) * TICK_MS, systemMs: at(15) * TICK_MS, majorFaults: at(12) },
    children: { userMs: at(16) * TICK_MS, systemMs: at(17) * TICK_MS, majorFaults: at(13) },
    threads: at(20),
    memoryBytes: Math.max(0, at(24)) * pageBytes,
  }
}

/** Bytes of a page: `stat` tells a size of the address space in bytes, `statm` the same in pages. */
export function readPageBytes(stat: string, statm: string): number | undefined {
  const bytes = Number(stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[23 - 3])
  const pages = Number(statm.split(' ')[0])
  if (!(bytes > 0 && pages > 0)) return undefined
  // Something may have been mapped between the two readings.
  const size = 2 ** Math.round(Math.log2(bytes / pages))
  return size >= 4096 && size <= 65_536 ? size : undefined
}

export interface MachineReading {
  readonly cores: number
  /** Since the machine's start, of all cores together. */
  readonly busyMs: number
  readonly idleMs: number
}

/** `/proc/stat`. Time stolen by other guests of a host is busy: nobody could use it. */
export function readMachine(text: string): MachineReading | undefined {
  const [first, ...others] = text.split('\n')
  if (first === undefined || !/^cpu\s/.test(first)) return undefined
  // Guests' time, which follows, is part of the user time.
  const times = first.trim().split(/\s+/).slice(1, 9).map(Number)
  if (times.length < 4 || !times.every(Number.isFinite)) return undefined
  const idle = times[3]! + (times[4] ?? 0)
  const all = times.reduce((sum, time) => sum + time, 0)
  const cores = others.filter((line) => /^cpu\d/.test(line)).length
  return { cores: Math.max(1, cores), busyMs: (all - idle) * TICK_MS, idleMs: idle * TICK_MS }
}

/** `/proc/PID/smaps_rollup`: memory with what is shared counted in parts. Bytes. */
export function readProportionalBytes(text: string): number | undefined {
  const match = /^Pss:\s+(\d+) kB$/m.exec(text)
  return match === null ? undefined : Number(match[1]) * 1024
}

/** `/proc/PID/task/TID/schedstat`: for how long a thread was ready to run and waited for a core, ms. */
export function readQueuedMs(text: string): number | undefined {
  const match = /^\d+ (\d+) \d+\s*$/.exec(text)
  return match === null ? undefined : Number(match[1]) / 1e6
}

export interface Listener {
  /** As `formatAddress` writes it. */
  readonly address: string
  readonly port: number
  readonly inode: string
  readonly user: number
}

const LISTEN = '0A'

/** `/proc/net/tcp` and `tcp6`: the sockets that listen. */
export function readListeners(text: string): readonly Listener[] {
  return text.split('\n').flatMap((line) => {
    const [, local, , state, , , , user, , inode] = line.trim().split(/\s+/)
    const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local ?? '')
    if (match === null || state !== LISTEN || inode === undefined || !/^\d+$/.test(inode)) return []
    return [{ address: readHexAddress(match[1]!), port: Number.parseInt(match[2]!, 16), inode, user: Number(user) }]
  })
}

/** Words of 32 bits in the machine's own order of bytes: little-endian, wherever the runtimes run but s390x. */
function readHexAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  )
  return formatAddress(bytes)
}

/** Four bytes as `192.0.2.1`, sixteen as eight full groups; an address of version 4 in one of version 6 as the former. */
function formatAddress(bytes: readonly number[]): string {
  const mapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255
  if (mapped) return bytes.slice(12).join('.')
  if (bytes.length === 4) return bytes.join('.')
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return (hex.match(/.{4}/g) ?? []).join(':')
}

/** An address as a URL has it, in the form of {@link Listener.address}; undefined for a name. */
export function normalizeAddress(host: string): string | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return host
  const inner = /^\[([0-9a-fA-F:]+)\]$/.exec(host)?.[1]
  if (inner === undefined) return undefined
  const [head = '', tail] = inner.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const all = [...before, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...after]
  if (all.length !== 8) return undefined
  return formatAddress(
    all.flatMap((group) => {
      const value = Number.parseInt(group, 16)
      return [value >> 8, value & 255]
    }),
  )
}

/** `/proc/net/fib_trie` and `/proc/net/if_inet6`: this machine's own addresses. */
export function readOwnAddresses(fibTrie: string, ifInet6: string): ReadonlySet<string> {
  const four = [...fibTrie.matchAll(/\|-- (\S+)\n\s+\/32 host LOCAL/g)].map((match) => match[1]!)
  const six = ifInet6
    .split('\n')
    .flatMap((line) => /^[0-9a-f]{32}(?= )/.exec(line)?.[0].match(/.{4}/g)?.join(':') ?? [])
  return new Set([...four, ...six])
}
