/** Where readings of processes come from: `/proc` of Linux, `ps` elsewhere. */
import type { MachineReading, ProcessReading } from './proc-text.ts'

/** Of the machine's processes, those that it may see. What cannot be read is left out. */
export interface ProcessSource {
  /** For people: `/proc`. */
  readonly name: string
  readonly everyMs: number
  /** Whether readings tell user from system time, and faults that waited for a disk. */
  readonly details: boolean
  readSelf(signal?: AbortSignal): Promise<ProcessReading>
  read(pids: readonly number[], signal?: AbortSignal): Promise<readonly ProcessReading[]>
  /** `pids`: all that there are; `readings`: of those among them that the caller does not know yet. */
  readOthers(known: ReadonlySet<number>, signal?: AbortSignal): Promise<ProcessListing>
  /** Who listens where a URL points. */
  findOwners(host: string, port: number): Promise<Owners>
  readMachine?(): Promise<MachineReading | undefined>
  /** How many files a process has open, sockets included; undefined where that is not told. */
  countFiles?(pid: number | 'self'): Promise<number | undefined>
  readProportionalBytes?(pid: number): Promise<number | undefined>
  /** By id of a thread of ours: for how long it was ready to run and waited for a core, ms. */
  readOwnQueues?(): Promise<ReadonlyMap<string, number>>
}

export interface ProcessListing {
  readonly pids: readonly number[]
  readonly readings: readonly ProcessReading[]
}

/** Process ids, or why there are none. `hidden`: there is somebody, whom we may not see. */
export type Owners = { readonly pids: readonly number[] } | { readonly absent: string; readonly hidden?: true }

/** Passes on what it gets to a server that is elsewhere, or hidden from us. As the kernel cuts names. */
const FORWARDERS = new Set([
  'docker-proxy',
  'rootlesskit',
  'rootlessport',
  'slirp4netns',
  'pasta',
  'pasta.avx2',
  'gvproxy',
  'com.docker.backend',
  'com.docker.back',
  'wslrelay.exe',
  'kubectl',
  'ssh',
  'socat',
])

/** What the owner of a port says about whether it is the server. */
export function explainForwarder(port: number, command: string): string | undefined {
  return FORWARDERS.has(command)
    ? `port ${port} belongs to ${command}, which passes on to a server elsewhere; name its process with --plugin-option process.pid=PID`
    : undefined
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\./.test(host)
}
