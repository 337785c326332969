/** Runs our command as a user does, as a process of its own, on the runtime that the tests run on. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  /** Resolves with the first match in what the process wrote so far or writes later; rejects when it ends without. */
  until(pattern: RegExp): Promise<RegExpExecArray>
}

export interface ProcessOptions {
  readonly cwd?: string
  /** Added to the environment; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** The words that run `bench` here: the built command on Node, the sources on Bun and Deno. */
export function benchCommand(): readonly [command: string, ...args: string[]] {
  if ('Bun' in globalThis) return [process.execPath, join(root, 'src/cli/main.ts')]
  if ('Deno' in globalThis) return [process.execPath, 'run', '-A', join(root, 'src/cli/main.ts')]
  return [process.execPath, join(root, 'dist/cli/main.js')]
}

export function startBench(args: readonly string[], options?: ProcessOptions): Running {
  const [command, ...head] = benchCommand()
  return startProcess(command, [...head, ...args], options)
}

export function runBench(args: readonly string[], options?: ProcessOptions): Promise<Finished> {
  return startBench(args, options).finished
}

/** `bench mock` on a port of its own choice. */
export async function startMock(...args: readonly string[]): Promise<{ readonly url: string; close(): Promise<void> }> {
  const mock = startBench(['mock', '--port', '0', ...args])
  const [url] = await mock.until(/http:\/\/[\w.[\]:-]+\d/)
  return {
    url,
    async close() {
      mock.child.kill('SIGTERM')
      await mock.finished
    },
  }
}

export function startProcess(command: string, args: readonly string[], options: ProcessOptions = {}): Running {
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    // Colours and annotations would depend on who runs the tests.
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, GITHUB_ACTIONS: undefined, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  const notify = () => {
    for (const listener of listeners) listener()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    notify()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    notify()
  })
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const until = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr)
        if (!match) return
        listeners.delete(look)
        resolve(match)
      }
      listeners.add(look)
      look()
      finished.then(
        ({ code }) => reject(new Error(`ended with ${code} before ${pattern}:\n${stdout}\n${stderr}`)),
        reject,
      )
    })
  return { child, finished, until }
}

/** An empty folder for the time of `use`. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'inferbench-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
