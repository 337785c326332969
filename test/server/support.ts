/** Command lines that start a server of the test on the runtime of the test. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { root } from '../support/command.ts'

export interface TinyOptions {
  readonly readyAfterMs?: number
  readonly dieAfter?: number
  readonly child?: boolean
  readonly leaves?: boolean
  readonly daemon?: boolean
  readonly stubborn?: boolean
  readonly say?: string
  readonly failWith?: string
  readonly pids?: string
}

/** See `fixtures/tiny-server.mjs`. */
export function tinyServer(port: number, options: TinyOptions = {}): string {
  const words = [process.execPath, ...('Deno' in globalThis ? ['run', '-A'] : [])]
  const script = join(root, 'test/server/fixtures/tiny-server.mjs')
  return [...words, script, JSON.stringify({ port, ...options })].map((word) => `'${word}'`).join(' ')
}

/** A port on which nothing listens. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number }
      server.close(() => resolve(port))
    })
  })
}

export function readPids(path: string): number[] {
  return readFileSync(path, 'utf8').trim().split(/\s+/).map(Number)
}

/** Resolves when the server has written its pids. */
export async function isWritten(path: string): Promise<void> {
  while (!existsSync(path) || !readFileSync(path, 'utf8').endsWith('\n')) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Orphans that have ended may stay in the process table: whether it runs is asked of its state, where that can be read. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return process.platform !== 'linux'
  }
}

/** Resolves when none of them runs; the test's own limit ends a vain wait. */
export async function allEnded(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 20))
}
