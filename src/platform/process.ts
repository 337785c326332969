/** Child processes and signals over `node:child_process`, which Node, Bun and Deno share. */
import { type ChildProcessByStdio, spawn as spawnChild } from 'node:child_process'
import process from 'node:process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { BenchError, describeError } from '../core/errors.ts'
import type { Child } from '../core/platform.ts'
import { createLineQueue } from './line-queue.ts'
import { attempt } from './probes.ts'

type ChildProcess = ChildProcessByStdio<Writable | null, Readable, Readable>

/**
 * Groups that are alive: killed when we exit, so that no process outlives the run that started it. Modules of ours are not
 * among them: they end with their standard input, and may have work to do then.
 */
const groups = new Set<number>()

export function killGroup(pid: number, signal: NodeJS.Signals): void {
  // A negative id names the group. It fails once the group is gone, which is what was asked for.
  attempt(() => process.kill(process.platform === 'win32' ? pid : -pid, signal))
}

function killAll(): void {
  for (const pid of groups) killGroup(pid, 'SIGKILL')
}

function startError(command: string, thrown: unknown): BenchError {
  const reason = thrown === undefined ? 'not found, or not executable' : describeError(thrown).split('\n')[0]
  return new BenchError('usage', `cannot start "${command}": ${reason}; check the command and the PATH`, {
    cause: thrown,
  })
}

function start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawnChild(command, args, {
      stdio: [options.tethered ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C at our terminal does not reach it, and it can be killed as a whole.
      detached: true,
      windowsHide: true,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.env && { env: { ...attempt(() => ({ ...process.env })), ...options.env } }),
    }) as ChildProcess
  } catch (thrown) {
    throw startError(command, thrown)
  }
}

export interface SpawnOptions {
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Its standard input is a pipe that ends when this process does; otherwise it has none. */
  readonly tethered?: boolean
  /** A carriage return ends a line too. */
  readonly redraws?: boolean
}

export interface SpawnedChild extends Child {
  /** Text for its standard input, where it has one. */
  write(text: string): void
}

/** Starts a process without a shell. Throws a usage error where there is no such command. */
export function spawn(command: string, args: readonly string[], options: SpawnOptions = {}): SpawnedChild {
  const child = start(command, args, options)
  const lines = createLineQueue(2, options.redraws)
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    // Without a listener a failed start would take the whole process down.
    child.once('error', () => resolve({ code: null, signal: null }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const { pid } = child
  if (pid === undefined) throw startError(command, undefined)

  if (!options.tethered) endWithUs(pid, exited)
  // Who has ended reads no more.
  child.stdin?.on('error', () => {})
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new TextDecoder()
    stream.on('data', (chunk: Uint8Array) => lines.push(stream, decoder.decode(chunk, { stream: true })))
    stream.on('error', () => {})
    stream.once('close', () => lines.end(stream))
  }
  return {
    pid,
    lines,
    exited,
    kill: (signal) => killGroup(pid, signal),
    write: (text) => void child.stdin?.write(text),
  }
}

function endWithUs(pid: number, exited: Promise<unknown>): void {
  if (groups.size === 0) process.once('exit', killAll)
  groups.add(pid)
  exited.then(() => {
    groups.delete(pid)
    if (groups.size === 0) process.removeListener('exit', killAll)
  })
}

/** Runs a module of ours on this runtime; `head` is what this runtime wants before the module's path. */
export function startModule(head: readonly string[], module: URL, args: readonly string[]): SpawnedChild {
  return spawn(process.execPath, [...head, fileURLToPath(module), ...args], { tethered: true })
}

/** Calls back at each SIGINT and SIGTERM; returns how to stop listening. */
export function onInterrupt(callback: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const
  // Windows has no SIGTERM to listen to; Deno says so by throwing.
  for (const signal of signals) attempt(() => process.on(signal, callback))
  return () => {
    for (const signal of signals) attempt(() => process.removeListener(signal, callback))
  }
}
