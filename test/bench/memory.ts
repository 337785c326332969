/**
 * Memory that an open stream costs the client: `bench run` against a server (this process) that holds every stream open with
 * an event every two seconds. What the process holds with few streams is taken off; the rest is shared out.
 *
 *     npm run bench:memory
 *     npm run bench:memory -- --levels 1000 --runtimes node
 *
 * It reads `/proc`, so Linux alone; and it needs a limit of open files above the number of streams, in both processes.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { commands } from './processes.ts'

const GAP_MS = 2000
/** Once all streams are open: time for the collector to let go of what making them took. */
const SETTLE_MS = 6000
const WATCH_MS = 4000
const FEW = 50
const EVENT =
  'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"mock-model","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n'
const END = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n'

const { values: options } = parseArgs({
  options: {
    levels: { type: 'string', default: '5000,10000' },
    runtimes: { type: 'string', default: 'node,bun,deno' },
    flags: { type: 'string', default: '' },
  },
})
const levels = options.levels.split(',').map(Number)
const files = Math.max(...levels) + 1024
if (spawnSync('sh', ['-c', `ulimit -n ${files}`]).status !== 0)
  throw new Error(`this user may not open ${files} files: raise the limit (ulimit -n) and try again`)

const open = new Set<ServerResponse>()
let opened = () => {}
const server = createServer((request, response) => {
  request.resume()
  if (request.method === 'GET') {
    response.writeHead(request.url === '/v1/models' ? 200 : 404).end('{"data":[{"id":"mock-model"}]}')
  } else if (request.headers['x-request-id'] === undefined) {
    response.writeHead(404).end()
  } else {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(EVENT)
    open.add(response)
    opened()
  }
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const folder = mkdtempSync(join(tmpdir(), 'inferbench-memory-'))

console.log(`resident memory of the client; bytes a stream: what ${FEW} streams hold taken off`)
try {
  for (const runtime of options.runtimes.split(',')) {
    const few = await measure(runtime, FEW)
    for (const streams of levels) {
      const bytes = await measure(runtime, streams)
      const each = (bytes - few) / (streams - FEW)
      const [whole, base] = [bytes, few].map((size) => `${Math.round(size / 1e6)} MB`)
      console.log(
        `${runtime.padEnd(6)}${String(streams).padStart(6)} streams ${whole} (${base} before)  ${(each / 1000).toFixed(1)} kB each`,
      )
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
  server.close()
}

/** Bytes that the client holds while so many streams are open: the median over a few seconds. */
async function measure(runtime: string, streams: number): Promise<number> {
  const load = ['--concurrency', `${streams}`, '--requests', `${streams}`, '--warmup', '0', '--output-tokens', '100']
  const out = ['--out', join(folder, `${runtime}-${streams}`), '--json']
  const flags = options.flags.split(' ').filter((flag) => flag !== '')
  const command = [...commands[runtime]!, 'run', '--url', url, ...load, '--prompt-tokens', '32', ...out, ...flags]
  const child = spawn('sh', ['-c', `ulimit -n ${files} && exec "$@"`, 'sh', ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exit = once(child, 'exit')
  const all = new Promise<void>((resolve) => {
    opened = () => {
      if (open.size === streams) resolve()
    }
  })
  const ended = exit.then(([code]) => {
    throw new Error(`${runtime} left early (${code})`)
  })
  const ticks = GAP_MS / 20
  let tick = 0
  // A share of the streams each time, so that no wave of events comes at once.
  const pace = setInterval(() => {
    tick = (tick + 1) % ticks
    let index = 0
    for (const response of open) if (index++ % ticks === tick) response.write(EVENT)
  }, 20)
  try {
    await Promise.race([all, ended])
    await Promise.race([pause(SETTLE_MS), ended])
    const samples: number[] = []
    for (let at = 0; at < WATCH_MS; at += 200) {
      samples.push(readMemory(child.pid!))
      await Promise.race([pause(200), ended])
    }
    return samples.sort((a, b) => a - b)[samples.length >> 1]!
  } finally {
    ended.catch(() => {})
    clearInterval(pace)
    for (const response of open) response.end(END)
    open.clear()
    await exit
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function readMemory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}
