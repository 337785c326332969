/** A plugin for tests of the host: it reads a counter and a level from a real server, and what that server does can be changed. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import {
  asAmount,
  asObject,
  BenchError,
  createDistribution,
  cutSamples,
  type MetricDefinition,
  type MetricPlugin,
  type MetricResult,
  parseJson,
  partsOf,
  type Sample,
} from 'inferbench'

const define = (id: string, unit: string, kind: MetricDefinition['kind']): MetricDefinition => ({
  id,
  title: id,
  unit,
  direction: 'neutral',
  version: 1,
  kind,
  formula: 'of the server of the test',
  source: 'the test',
})
const ticks = define('ticks', '1', 'scalar')
const level = define('tick_level', 'W', 'distribution')

/** A difference across a reset counts from the reset on. */
function countBetween(samples: readonly Sample[]): number | undefined {
  const counts = samples.flatMap(({ ticks: count }) => asAmount(count) ?? [])
  if (counts.length < 2) return undefined
  return counts.slice(1).reduce((sum, count, i) => sum + (count < counts[i]! ? count : count - counts[i]!), 0)
}

const absent = (unit: string): MetricResult => ({ kind: 'absent', unit, reason: 'nothing was read in the window' })

export const ticker: MetricPlugin = {
  id: 'ticker',
  summary: 'Counts the ticks of a server',
  definitions: [ticks, level],
  needs: 'a server with /ticks',
  options: {
    every: { kind: 'duration', default: 50, min: 10, summary: 'How often it is read' },
    url: { kind: 'url', summary: 'Where the ticks are' },
    key: { kind: 'text', secret: true, summary: 'What it is asked with' },
  },
  limits: [
    {
      code: 'many-ticks',
      measures: 'ticks a window',
      unit: 'ticks',
      bad: 'above',
      suspect: 1e9,
      why: 'no server of a test ticks so often',
      remedy: 'another server',
      explains: ['ttft-trend'],
    },
  ],
  charts: [
    {
      id: 'level',
      title: 'level',
      unit: 'W',
      spark: true,
      values(sample) {
        const value = asAmount(sample.level)
        return value === undefined ? {} : { '': value }
      },
    },
  ],
  async sample(context) {
    const base = (context.options.url as string | undefined) ?? context.target.baseUrl
    const url = `${base}/ticks`
    const first = await context.get(url, { timeoutMs: 1000 })
    if (first.status !== 200) throw new BenchError('unreachable', `${url} answered ${first.status}`)
    const closing = new AbortController()
    return {
      source: url,
      everyMs: context.options.every as number,
      async read(_at, signal) {
        const stop = (): void => closing.abort()
        signal.addEventListener('abort', stop)
        try {
          const { body, sentAt } = await context.get(url, { timeoutMs: 1000, signal: closing.signal })
          const reply = asObject(parseJson(body))
          if (reply === undefined) throw new Error('no JSON')
          const [count, power] = [asAmount(reply.ticks), asAmount(reply.level)]
          return {
            at: context.toRunMs(sentAt),
            ...(count === undefined ? {} : { ticks: count }),
            ...(power === undefined ? {} : { level: power }),
          }
        } finally {
          signal.removeEventListener('abort', stop)
        }
      },
      async close() {
        closing.abort()
      },
    }
  },
  summarize(series, window) {
    const collector = createDistribution()
    let count: number | undefined
    for (const part of partsOf(series, window)) {
      const { before, within, after } = cutSamples(series.samples, part)
      const all = [before, ...within, after].filter((sample, i, list) => sample !== undefined && sample !== list[i - 1])
      const counted = countBetween(all as readonly Sample[])
      if (counted !== undefined) count = (count ?? 0) + counted
      for (const sample of within) {
        const value = asAmount(sample.level)
        if (value !== undefined) collector.add(value)
      }
    }
    const distribution = collector.result()
    return {
      metrics: {
        ticks: count === undefined ? absent('1') : { kind: 'scalar', unit: '1', value: count },
        tick_level: distribution === undefined ? absent('W') : { kind: 'distribution', unit: 'W', distribution },
      },
      ...(count === undefined ? {} : { line: `ticks ${count}` }),
      findings: count === undefined ? [] : [{ code: 'many-ticks', figure: count, message: `${count} ticks` }],
    }
  },
}

export interface TickServer {
  readonly url: string
  /** Paths that were asked for by GET, and what came with them. */
  readonly asked: { readonly url: string; readonly headers: Readonly<Record<string, unknown>> }[]
  readonly ticks: number
  /** What it answers; a text as it is, undefined: nothing, ever. */
  answer: () => string | undefined
  /** One more. */
  tick(by?: number): void
  close(): Promise<void>
}

const ANSWER = [
  { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { choices: [], usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 } },
]

/** Speaks OpenAI's dialect, and each answer is a tick. */
export async function serveTicks(): Promise<TickServer> {
  let count = 0
  const sockets = new Set<Socket>()
  const asked: TickServer['asked'] = []
  const server: Server = createServer((request, response) => {
    if (request.method === 'POST') {
      count++
      const events = [...ANSWER.map((one) => JSON.stringify(one)), '[DONE]'].map((one) => `data: ${one}\n\n`)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''))
      return
    }
    asked.push({ url: request.url ?? '', headers: request.headers })
    const text = tickServer.answer()
    if (text !== undefined) response.writeHead(200, { 'content-type': 'application/json' }).end(text)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const tickServer: TickServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    get ticks() {
      return count
    },
    answer: () => JSON.stringify({ ticks: count, level: 100 + (count % 7) }),
    tick(by = 1) {
      count += by
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  return tickServer
}
