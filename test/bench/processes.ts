/** Processes that the measurements start: our command, and a server that logs what it sent. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** A program that came with the development dependencies. */
export function findInstalled(name: string): string {
  return join(root, 'node_modules/.bin', name)
}

/** Our command on each runtime, as users start it. */
export const commands: Readonly<Record<string, readonly string[]>> = {
  node: ['node', join(root, 'dist/cli/main.js')],
  bun: [findInstalled('bun'), join(root, 'src/cli/main.ts')],
  deno: [findInstalled('deno'), 'run', '-A', join(root, 'src/cli/main.ts')],
}

/** Whether processes can have a core each. Two on one core measure the scheduler. */
export function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0
}

/** Starts a command, on that core alone where one is given. */
export function spawnOn(core: number | undefined, command: readonly string[]): ChildProcess {
  const [file, ...args] = core === undefined ? command : ['taskset', '-c', `${core}`, ...command]
  return spawn(file!, args, { stdio: ['pipe', 'pipe', 'pipe'] })
}

export interface Truth {
  readonly url: string
  /** Ends the server and reads what it logged. */
  finish(): Promise<string>
}

export interface TruthPlan {
  readonly firstMs: number
  readonly gapMs: number
  readonly events: number
  readonly log: string
  readonly core: number | undefined
  /** A server in C, made by {@link compileTruth}; absent: ours. */
  readonly compiled?: string
  /** Of our server; they share the port. */
  readonly processes?: string
}

/** Starts a truth server in a process of its own, on a free port. */
export async function startTruth({
  firstMs,
  gapMs,
  events,
  log,
  core,
  compiled,
  processes,
}: TruthPlan): Promise<Truth> {
  const port = await freePort()
  const ours = join(root, 'dist/cli/truth-process.js')
  const command =
    compiled === undefined
      ? ['node', ours, JSON.stringify({ port, firstMs, gapMs, events, log, processes: Number(processes ?? 1) })]
      : [compiled, `${port}`, `${firstMs * 1000}`, `${gapMs * 1000}`, `${events}`, log]
  const child = spawnOn(core, command)
  child.stderr!.resume()
  if (compiled === undefined) await once(createInterface({ input: child.stdout! }), 'line')
  else await untilItListens(port)
  const exit = once(child, 'exit')
  return {
    url: `http://127.0.0.1:${port}`,
    async finish() {
      child.kill('SIGTERM')
      await exit
      const folder = dirname(log)
      const parts = readdirSync(folder).filter((name) => name === basename(log) || name.startsWith(`${basename(log)}.`))
      return parts.map((name) => readFileSync(join(folder, name), 'utf8')).join('')
    },
  }
}

/** Makes a server of one file in C, started as `FILE PORT FIRST_US GAP_US EVENTS LOG`. */
export function compileTruth(source: string, folder: string): string {
  const out = join(folder, 'truth')
  const { status, stderr } = spawnSync('gcc', ['-O2', '-o', out, source], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`gcc could not compile ${source}: ${stderr}`)
  return out
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function untilItListens(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the server does not listen')
}
