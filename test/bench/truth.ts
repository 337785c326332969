/**
 * How true our stamps are: `bench run` against a server that logs what it sent, per runtime, transport and number of streams.
 *
 *     npm run bench:truth
 *     npm run bench:truth -- --levels 1,100 --runtimes node --transports socket --server truth.c
 *
 * The server and the client have a core each where the system lets us pin them. With `--server FILE.c` a server in C is
 * compiled (gcc) and takes the place of ours: `FILE PORT FIRST_US GAP_US EVENTS LOG`.
 */
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ErrorQuantiles } from '../../src/core/calibration.ts'
import {
  alignOverLoopback,
  joinTruth,
  measureErrors,
  measureServerLateness,
} from '../../src/core/engine/instrument-error.ts'
import { readRunStamps } from '../../src/core/engine/truth-check.ts'
import { readTruthLog } from '../../src/core/engine/truth-log.ts'
import { files } from '../../src/platform/files.ts'
import { canPin, commands, compileTruth, spawnOn, startTruth } from './processes.ts'

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

const transports: Readonly<Record<string, string>> = {
  node: 'socket,undici,fetch',
  bun: 'socket,fetch',
  deno: 'socket,fetch',
}
const pins = !options.unpinned && canPin()

const folder = mkdtempSync(join(tmpdir(), 'inferbench-truth-'))
try {
  const compiled = options.server === undefined ? undefined : compileTruth(options.server, folder)
  console.log(`errors in ms against ${options.server ?? 'our truth server'}: client's stamp less the server's\n`)
  console.log(
    row(['', 'streams', 'ttft mean', 'first p50', 'p90', 'p99', 'max', 'gap p50', 'p90', 'p99', 'max', 'server p99']),
  )
  for (const name of options.runtimes.split(',')) {
    for (const transport of (options.transports ?? transports[name]!).split(',')) {
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
  const truth = await startTruth({
    firstMs,
    gapMs,
    events,
    log: `${run}.log`,
    core: pins ? 0 : undefined,
    processes: options.processes,
    ...(compiled === undefined ? {} : { compiled }),
  })
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
  const client = spawnOn(pins ? 1 : undefined, [
    ...commands[runtime]!,
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
  const truths = await readTruthLog('log', [await truth.finish()])
  const joined = joinTruth(existsSync(run) ? await readRunStamps(files, run) : [], truths)
  const error = measureErrors(joined, alignOverLoopback(joined.answers))
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
