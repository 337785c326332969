/** Round trips to the server, over connections of its own: before the load, beside it, after it. */
import { BenchError, type MetricPlugin, type PluginContext, type Sampler } from 'inferbench'
import { describeOffset, readOffset } from './network/clock-offset.ts'
import { definitions, limits } from './network/definitions.ts'
import { ping } from './network/ping.ts'
import { type PingSample, pickAmount, summarizePings } from './network/summarize.ts'

/** Once a second costs a server nothing, and gives the p50 of ten seconds. */
const EVERY_MS = 1000
/** Any OpenAI-compatible server answers it without its engine; one that does not know it, or wants a key, says that as fast. */
const PATH = '/v1/models'
/** Asked at once before the load, so that there is a median to compare with. */
const FIRST_PINGS = 10
const FIRST_PINGS_MS = 2000

/** One more than the first second after which a kernel tries again to connect (RFC 6298, 2.1); and less than the host waits for. */
function timeoutFor(everyMs: number): number {
  return Math.min(3000, Math.max(1500, 4 * everyMs))
}

async function openPings({ platform, options, target, toRunMs, note }: PluginContext): Promise<Sampler> {
  const { clock, transports } = platform
  const everyMs = typeof options.every === 'number' ? options.every : EVERY_MS
  const url = `${target.baseUrl}${typeof options.path === 'string' ? options.path : PATH}`
  const timeoutMs = timeoutFor(everyMs)
  // Whoever answers is told no secret, and asked nothing that matters: its certificate may be any.
  const transport = transports.socket?.({ connections: 'fresh', connectTimeoutMs: timeoutMs, insecure: true }, clock)
  if (transport === undefined) throw new BenchError('unsupported', NO_SOCKETS)
  const closing = new AbortController()
  const dates: Pick<PingSample, 'clockLowMs' | 'clockHighMs'>[] = []
  const ask = async (signal: AbortSignal): Promise<PingSample> => {
    const given = await ping(transport, clock, url, timeoutMs, signal)
    dates.push(given)
    return { ...given, at: toRunMs(given.at) }
  }

  let first: PingSample[] = []
  for (const began = clock.now(); first.length < FIRST_PINGS && clock.now() - began < FIRST_PINGS_MS; ) {
    first.push({ ...(await ask(closing.signal)), idle: true })
  }
  if (first.every(({ failed }) => failed !== undefined)) {
    await transport.close()
    throw new BenchError('unreachable', `GET ${url}: ${first[0]?.failed}`)
  }
  return {
    source: `GET ${url} over a new connection, every ${everyMs} ms`,
    everyMs,
    async read(_, signal) {
      const before = first
      first = []
      return [...before, await ask(AbortSignal.any([signal, closing.signal]))]
    },
    async close() {
      closing.abort()
      await transport.close()
      const offset = readOffset(dates)
      const line = offset && describeOffset(offset)
      if (line !== undefined) note(line)
    },
  }
}

const NO_SOCKETS = 'it needs sockets, which this runtime has not'

const network: MetricPlugin = {
  id: 'network',
  summary: 'Round trip to the server before, beside and after the load, what gets lost, and its clock',
  needs: 'nothing of the server; asks it once a second, without a key',
  definitions,
  limits,
  idleMs: 3000,
  options: {
    every: { kind: 'duration', summary: 'time between two questions', default: EVERY_MS, min: 100, max: 60_000 },
    path: { kind: 'text', summary: 'route that is asked', default: PATH },
  },
  charts: [
    {
      id: 'round-trip',
      title: 'round trip',
      unit: 'ms',
      values: (sample) => {
        const connectMs = pickAmount(sample, 'connectMs')
        const answerMs = pickAmount(sample, 'answerMs')
        return {
          ...(connectMs !== undefined && { connect: connectMs }),
          ...(answerMs !== undefined && { answer: answerMs }),
        }
      },
    },
  ],
  check: async ({ transports }) => (transports.socket === undefined ? NO_SOCKETS : undefined),
  sample: openPings,
  summarize: summarizePings,
}
export default network
