/**
 * How true our stamps are: `bench run` against a server that logs what it sent, per runtime, transport and number of streams.
 *
 *     npm run bench:truth
 *     npm run bench:truth -- --levels 1,100 --runtimes node --transports socket --server truth.c
 *
 * The server and the client have a core each where the system lets us pin them. With `--server FILE.c` a server in C is
 * compiled (gcc) and takes the place of ours: `FILE PORT FIRST_US GAP_US EVENTS LOG`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  type ErrorQuantiles,
  measureInstrumentError,
  measureServerLateness,
  parseTruthLog,
} from '../../src/core/engine/instrument-error.ts'
import type { RequestRecord } from '../../src/core/record.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const firstMs = 50
const gapMs = 10
const events = 200

const { values: options } = parseArgs({
  options: {
    levels: { type: 'string', default: '1,10,100,500,1000' },
    runtimes: { type: 'string', default: 'node,bun,deno' },
    transports: { type: 'string' },
    processes: { type: 'string', default: '1' },
    server: { type: 'string' },
    unpinned: { type: 'boolean', default: false },
  },
})

const bin = (name: string): string => join(root, 'node_modules/.bin', name)
const runtimes: Readonly<Record<string, { readonly command: readonly string[]; readonly transports: string }>> = {
  node: { command: ['node', join(root, 'dist/cli/main.js')], transports: 'socket,undici,fetch' },
  bun: { command: [bin('bun'), join(root, 'src/cli/main.ts')], transports: 'socket,fetch' },
  deno: { command: [bin('deno'), 'run', '-A', join(root, 'src/cli/main.ts')], transports: 'socket,fetch' },
}
// Two processes on one core measure the scheduler.
const pins = !options.unpinned && availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

interface Truth {
  readonly url: string
  /** Ends the server and reads what it logged. */
  finish(): Promise<string>
}

const folder = mkdtempSync(join(tmpdir(), 'inferbench-truth-'))
try {
  const compiled = options.server === undefined ? undefined : compile(options.server)
  console.log(`errors in ms against ${options.server ?? 'our truth server'}: client's stamp less the server's\n`)
  console.log(
    row(['', 'streams', 'ttft mean', 'first p50', 'p90', 'p99', 'max', 'gap p50', 'p90', 'p99', 'max', 'server p99']),
  )
  for (const name of options.runtimes.split(',')) {
    for (const transport of (options.transports ?? runtimes[name]!.transports).split(',')) {
      for (const level of options.levels.split(',').map(Number))
        console.log(await measure(name, transport, level, compiled))
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measure(
  runtime: string,
  transport: string,
  streams: number,
  compiled: string | undefined,
): Promise<string> {
  const run = join(folder, `${runtime}-${transport}-${streams}`)
  const truth = await start(`${run}.log`, compiled)
  const requests = Math.max(20, 2 * streams)
  const flags = ['--adapter', 'openai', '--url', truth.url, '--model', 'mock-model', '--transport', transport]
  const load = [
    '--concurrency',
    `${streams}`,
    '--requests',
    `${requests}`,
    '--warmup',
    '0',
    '--output-tokens',
    `${events}`,
  ]
  const client = spawnPinned(1, [
    ...runtimes[runtime]!.command,
    'run',
    ...flags,
    ...load,
    '--prompt-tokens',
    '32',
    '--out',
    run,
    '--json',
  ])
  let said = ''
  client.stderr!.on('data', (chunk) => {
    said += chunk
  })
  client.stdout!.resume()
  const [code] = await once(client, 'exit')
  const truths = parseTruthLog(await truth.finish())
  const error = existsSync(run) ? measureInstrumentError(readRecords(run), truths) : undefined
  const head = [`${runtime} ${transport}`, `${streams}`]
  if (error === undefined) return row([...head, `failed (${code}): ${said.trim().split('\n').at(-1) ?? ''}`])
  const lateness = measureServerLateness(truths, firstMs, gapMs)
  const limit = lateness.p90 > 1 ? '  late itself: the server, or a busy machine, is the limit' : ''
  const lost = error.unmatched > 0 ? `  ${error.unmatched} without a match` : ''
  const cells = [error.meanTtftMs, ...list(error.firstEvent), ...list(error.gaps), lateness.p99].map((ms) =>
    ms.toFixed(3),
  )
  return row([...head, ...cells]) + limit + lost
}

function list({ p50, p90, p99, max }: ErrorQuantiles): number[] {
  return [p50, p90, p99, max]
}

function row(cells: readonly string[]): string {
  return cells.map((cell, place) => (place === 0 ? cell.padEnd(14) : cell.padStart(place === 1 ? 8 : 10))).join('')
}

function* readRecords(run: string): Iterable<RequestRecord> {
  for (const line of readFileSync(join(run, 'records.jsonl'), 'utf8').split('\n'))
    if (line !== '') yield JSON.parse(line)
}

function spawnPinned(core: number, command: readonly string[]): ChildProcess {
  const [file, ...args] = pins ? ['taskset', '-c', `${core}`, ...command] : command
  return spawn(file!, args, { stdio: ['pipe', 'pipe', 'pipe'] })
}

async function start(log: string, compiled: string | undefined): Promise<Truth> {
  const port = await freePort()
  const ours = join(root, 'dist/cli/truth-process.js')
  const command =
    compiled === undefined
      ? ['node', ours, `${port}`, `${firstMs}`, `${gapMs}`, `${events}`, log, options.processes]
      : [compiled, `${port}`, `${firstMs * 1000}`, `${gapMs * 1000}`, `${events}`, log]
  const child = spawnPinned(0, command)
  child.stderr!.resume()
  if (compiled === undefined) await once(createInterface({ input: child.stdout! }), 'line')
  else await untilItListens(port)
  const exit = once(child, 'exit')
  return {
    url: `http://127.0.0.1:${port}`,
    async finish() {
      child.kill('SIGTERM')
      await exit
      const files = readdirSync(folder).map((name) => join(folder, name))
      return files
        .filter((file) => file === log || file.startsWith(`${log}.`))
        .map((file) => readFileSync(file, 'utf8'))
        .join('')
    },
  }
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

function compile(source: string): string {
  const out = join(folder, 'truth')
  const { status, stderr } = spawnSync('gcc', ['-O2', '-o', out, source], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`gcc could not compile ${source}: ${stderr}`)
  return out
}
