/**
 * Everyone against one server whose truth is known: `bench run` on each runtime, bare clients, and each peer that is installed.
 *
 *     npm run bench:peers
 *     INFERBENCH_PEERS=/folder/with/programs npm run bench:peers -- --levels 1,100 --rounds 5 --server truth.c
 *     npm run bench:peers -- --only node,vllm-rs --results rows.jsonl     # goes on where it ended; shows all rows of the file
 *
 * They take turns, in another order each round, with a core for the server and one for the client where the system pins
 * processes. An error is what a tool reports less what the server's log says. Ratios are of mean TTFT errors, of each tool's
 * nth run with the other's nth.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { ERROR_NAMES, type Errors, measureErrors, ratiosOf, type Spread, spreadOf } from './peers/errors.ts'
import { writeTokenizer } from './peers/tokenizer.ts'
import { makeBareClients, ours, peers, type Tool } from './peers/tools.ts'
import { canPin, compileTruth, root, startTruth } from './processes.ts'

const FIRST_MS = 50
const GAP_MS = 10
const EVENTS = 200
/** The slowest peer takes half a minute to start. */
const LIMIT_MS = 180_000

const { values: options } = parseArgs({
  options: {
    levels: { type: 'string', default: '1,10,100,500,1000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    server: { type: 'string' },
    results: { type: 'string' },
    unpinned: { type: 'boolean', default: false },
  },
})

/** One run of one tool: a line of the file of results. */
interface Row {
  readonly streams: number
  readonly tool: string
  readonly errors?: Errors
  /** Requests that the tool says have failed. */
  readonly failed?: number
  /** Why there is no figure. */
  readonly problem?: string
}

const TITLES: Readonly<Record<keyof Errors, string>> = {
  ttftMean: 'TTFT mean',
  ttftP99: 'TTFT p99',
  gapP50: 'gap p50',
  gapP99: 'gap p99',
}

const folder = mkdtempSync(join(tmpdir(), 'inferbench-peers-'))
const results = options.results ?? join(folder, 'rows.jsonl')
const pins = !options.unpinned && canPin()
const levels = options.levels.split(',').map(Number)
let runs = 0
try {
  const tools = await findTools()
  const compiled = options.server === undefined ? undefined : compileTruth(options.server, folder)
  const tokenizer = writeTokenizer(join(folder, 'tokenizer'))
  for (const streams of levels) {
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const tool of round % 2 === 0 ? tools : tools.toReversed()) {
        const row = { streams, tool: tool.name, ...(await measure(tool, streams, compiled, tokenizer)) }
        appendFileSync(results, `${JSON.stringify(row)}\n`)
        if (row.problem !== undefined) console.log(`${tool.name}, ${streams} streams: ${row.problem}`)
      }
    }
  }
  const rows = readRows()
  for (const streams of [...new Set(rows.map((row) => row.streams))].sort((a, b) => a - b)) show(streams, rows)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function findTools(): Promise<readonly Tool[]> {
  const only = options.only?.split(',')
  const all = [...ours, ...makeBareClients(await compileBareClients()), ...peers]
  const wanted = all.filter(({ name }) => only === undefined || only.includes(name))
  for (const { missing } of wanted) if (missing !== undefined) console.log(`left out: ${missing}`)
  return wanted.filter(({ missing }) => missing === undefined)
}

async function compileBareClients(): Promise<string> {
  const outdir = join(folder, 'bare')
  mkdirSync(outdir)
  writeFileSync(join(outdir, 'package.json'), '{"type":"module"}')
  const entryPoints = ['net', 'deno'].map((name) => join(root, 'test/bench/bare', `${name}.ts`))
  await build({ entryPoints, outdir, bundle: true, format: 'esm', platform: 'node', target: 'node20' })
  return outdir
}

async function measure(
  tool: Tool,
  streams: number,
  compiled: string | undefined,
  tokenizer: string,
): Promise<Pick<Row, 'errors' | 'failed' | 'problem'>> {
  const place = join(folder, `${++runs}`)
  mkdirSync(place)
  const truth = await startTruth({
    firstMs: FIRST_MS,
    gapMs: GAP_MS,
    events: EVENTS,
    log: `${place}.log`,
    core: pins ? 0 : undefined,
    ...(compiled === undefined ? {} : { compiled }),
  })
  const load = {
    url: truth.url,
    streams,
    requests: Math.max(20, 2 * streams),
    events: EVENTS,
    folder: place,
    tokenizer,
  }
  const said = await finish(tool, load)
  const log = await truth.finish()
  try {
    const reported = tool.read(place)
    const failed = reported.failed > 0 ? { failed: reported.failed } : {}
    return { errors: measureErrors(reported, log), ...failed }
  } catch (thrown) {
    return { problem: `${(thrown as Error).message}; it said: ${said.trim().split('\n').at(-1)}` }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** Runs it to its end, in a group of its own, so that what it started ends with it. Returns what it said. */
async function finish(tool: Tool, load: Parameters<Tool['command']>[0]): Promise<string> {
  const command = tool.command(load)
  const [file, ...args] = pins ? ['taskset', '-c', '1', ...command] : command
  const env = { ...process.env, ...tool.env }
  const child = spawn(file!, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-4000)
    })
  }
  const limit = setTimeout(() => {
    said += `\nstopped after ${LIMIT_MS / 1000} s`
    process.kill(-child.pid!, 'SIGKILL')
  }, LIMIT_MS)
  await once(child, 'exit')
  clearTimeout(limit)
  return said
}

function readRows(): readonly Row[] {
  if (!existsSync(results)) return []
  const lines = readFileSync(results, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row)
}

// --- what is shown --------------------------------------------------------------------------------------------------

function show(streams: number, all: readonly Row[]): void {
  const rows = all.filter((row) => row.streams === streams)
  const names = [...new Set(rows.map(({ tool }) => tool))]
  const byRound = (name: string): readonly (Errors | undefined)[] => {
    return rows.filter(({ tool }) => tool === name).map(({ errors }) => errors)
  }
  console.log(`\n${streams} streams: error in ms, median (least to most) of rounds`)
  console.log(
    line(
      '',
      ERROR_NAMES.map((name) => TITLES[name]),
    ),
  )
  for (const name of names) {
    const errors = byRound(name).filter((error) => error !== undefined)
    const failed = rows.some((row) => row.tool === name && (row.failed ?? 0) > 0) ? '  with failed requests' : ''
    console.log(
      line(
        name,
        ERROR_NAMES.map((key) => format(spreadOf(errors.map((error) => error[key])), 2)),
      ) + failed,
    )
  }
  const our = ours.map(({ name }) => name).filter((name) => names.includes(name))
  const others = names.filter((name) => !our.includes(name))
  if (our.length === 0 || others.length === 0) return
  console.log(`${streams} streams: our mean TTFT error as a multiple of another's`)
  console.log(line('', our))
  for (const other of others) {
    console.log(
      line(
        other,
        our.map((name) => format(ratiosOf(byRound(name), byRound(other)), 2)),
      ),
    )
  }
}

function line(head: string, cells: readonly string[]): string {
  return head.padEnd(22) + cells.map((cell) => cell.padStart(28)).join('')
}

function format(spread: Spread | undefined, digits: number): string {
  if (spread === undefined) return '-'
  const [median, least, most] = [spread.median, spread.least, spread.most].map((value) =>
    value.toFixed(digits).replace(/^-(0\.0+)$/, '$1'),
  )
  return `${median} (${least} to ${most})`
}
