/**
 * How long a user waits: from the start of the process to `--help` on the screen, and to the first request of a load at the
 * server. The median of several starts each, in turns, after one that fills the caches of the file system.
 *
 *     npm run bench:startup
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { commands } from './processes.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    runtimes: { type: 'string', default: 'node,bun,deno' },
    /** More flags for `bench run`. */
    flags: { type: 'string', default: '' },
  },
})
const rounds = Number(options.rounds)
const runtimes = options.runtimes.split(',')

const ANSWER = 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n'

let firstRequestAt: number | undefined
const server = createServer((request, response) => {
  if (request.method === 'POST') firstRequestAt ??= performance.now()
  request.resume().on('end', () => {
    if (request.method === 'POST') response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(ANSWER)
    else response.writeHead(request.url === '/v1/models' ? 200 : 404).end('{"data":[{"id":"mock-model"}]}')
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const folder = mkdtempSync(join(tmpdir(), 'inferbench-startup-'))

type Measure = (command: readonly string[], round: string) => Promise<number>

const measures: Readonly<Record<string, Measure>> = {
  '--help': (command) => start([...command, '--help']),
  'run --help': (command) => start([...command, 'run', '--help']),
  'first request': async (command, round) => {
    const load = ['--url', url, '--requests', '1', '--warmup', '0', '--out', join(folder, round)]
    const startedAt = performance.now()
    firstRequestAt = undefined
    await start([...command, 'run', ...load, ...options.flags.split(' ').filter((flag) => flag !== '')])
    if (firstRequestAt === undefined) throw new Error('no request came')
    return firstRequestAt - startedAt
  },
}

const samples = new Map<string, number[]>()
for (let round = 0; round <= rounds; round++) {
  for (const runtime of runtimes) {
    for (const [name, measure] of Object.entries(measures)) {
      const ms = await measure(commands[runtime]!, `${runtime}-${round}`)
      const key = `${runtime} ${name}`
      if (round > 0) samples.set(key, [...(samples.get(key) ?? []), ms])
    }
  }
}
rmSync(folder, { recursive: true, force: true })
server.close()

console.log(`ms from the start of the process, median (least to most) of ${rounds}`)
for (const [key, list] of samples) {
  const sorted = [...list].sort((a, b) => a - b)
  const [least, median, most] = [sorted[0]!, sorted[Math.floor(rounds / 2)]!, sorted.at(-1)!].map((ms) => ms.toFixed(0))
  console.log(`${key.padEnd(20)}${median!.padStart(6)}  (${least} to ${most})`)
}

/** Runs it to its end; ms until then. */
async function start([file, ...args]: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(file!, args, { stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: exit code ${code}`)
  return performance.now() - startedAt
}
