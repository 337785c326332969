/**
 * How long a user waits: from the start of the process to `--help` on the screen, to the first request of any kind at the
 * server (is it there, which model), and to the first of the load, which a rehearsal of 250 ms precedes. The median of
 * several starts each, in turns, after one that fills the caches of the file system.
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

let contactAt: number | undefined
let loadAt: number | undefined
const server = createServer((request, response) => {
  contactAt ??= performance.now()
  if (request.headers['x-request-id'] !== undefined) loadAt ??= performance.now()
  request.resume().on('end', () => {
    if (request.method === 'POST') response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(ANSWER)
    else response.writeHead(request.url === '/v1/models' ? 200 : 404).end('{"data":[{"id":"mock-model"}]}')
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const folder = mkdtempSync(join(tmpdir(), 'inferbench-startup-'))

type Measure = (command: readonly string[], round: string) => Promise<Readonly<Record<string, number>>>

const measures: readonly Measure[] = [
  async (command) => ({ '--help': await start([...command, '--help']) }),
  async (command) => ({ 'run --help': await start([...command, 'run', '--help']) }),
  async (command, round) => {
    const load = ['--url', url, '--requests', '1', '--warmup', '0', '--out', join(folder, round)]
    contactAt = undefined
    loadAt = undefined
    const startedAt = performance.now()
    const whole = await start([...command, 'run', ...load, ...options.flags.split(' ').filter((flag) => flag !== '')])
    if (contactAt === undefined || loadAt === undefined) throw new Error('no request came')
    return { 'first contact': contactAt - startedAt, 'first of the load': loadAt - startedAt, 'whole run': whole }
  },
]

const samples = new Map<string, number[]>()
for (let round = 0; round <= rounds; round++) {
  for (const runtime of runtimes) {
    for (const measure of measures) {
      for (const [name, ms] of Object.entries(await measure(commands[runtime]!, `${runtime}-${round}`))) {
        const key = `${runtime} ${name}`
        if (round > 0) samples.set(key, [...(samples.get(key) ?? []), ms])
      }
    }
  }
}
rmSync(folder, { recursive: true, force: true })
server.close()

console.log(`ms from the start of the process, median (least to most) of ${rounds}`)
for (const [key, list] of samples) {
  const sorted = [...list].sort((a, b) => a - b)
  const [least, median, most] = [sorted[0]!, sorted[Math.floor(rounds / 2)]!, sorted.at(-1)!].map((ms) => ms.toFixed(0))
  console.log(`${key.padEnd(24)}${median!.padStart(6)}  (${least} to ${most})`)
}

/** Runs it to its end; ms until then. */
async function start([file, ...args]: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(file!, args, { stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: exit code ${code}`)
  return performance.now() - startedAt
}
