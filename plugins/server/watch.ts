/** Asks the server for its metrics, at its own address or at that of an exporter. */
import { BenchError, type PluginContext, type PluginReply, type Sample, type Sampler } from 'inferbench'
import { createReader, type Reader } from './reading.ts'
import { sampleOf, serverOf } from './samples.ts'

/** Where adapters say nothing; trtllm-serve has JSON of its iterations at the first, and this at the second. */
const PATHS = ['/metrics', '/prometheus/metrics']
const OPEN_MS = 3000
const READ_MS = 5000

export async function watchServer(context: PluginContext): Promise<Sampler> {
  const { scrape, target, options } = context
  const reader = createReader({ model: target.model, ...(scrape === undefined ? {} : { scrape }) })
  const { url, server } = await findAddress(context, reader)
  const everyMs = typeof options.every === 'number' ? options.every : 1000
  const closing = new AbortController()
  let last: Sample | undefined
  return {
    source: `GET ${showAddress(url)}${server === undefined ? '' : `, names of ${server}`}`,
    everyMs,
    async read(_at, signal) {
      const reply = await context.get(url, { timeoutMs: READ_MS, signal: AbortSignal.any([signal, closing.signal]) })
      if (reply.status !== 200) throw new BenchError('unreachable', `${showAddress(url)} answers ${reply.status}`)
      const reading = reader(reply.body)
      if (reading === undefined && !isMetrics(reply.body))
        throw new BenchError('unreachable', `${showAddress(url)} shows no metric that is known here`)
      // The server wrote it somewhere between our question and its last byte.
      const at = context.toRunMs((reply.sentAt + reply.endAt) / 2)
      const sample = reading === undefined ? { at } : sampleOf(at, reading, last)
      noteChange(context, last, sample)
      last = sample
      return sample
    },
    async close() {
      closing.abort()
    },
  }
}

interface Address {
  readonly url: string
  /** Absent where nothing was known yet. */
  readonly server?: string
}

/** The first address that answers with metrics. */
async function findAddress(context: PluginContext, reader: Reader): Promise<Address> {
  const { options, scrape } = context
  // Some servers export nothing before their first request: where there have to be metrics, any text of metrics will do.
  const expected = options.url !== undefined || options.path !== undefined || scrape !== undefined
  const reasons: string[] = []
  for (const given of addressesOf(context)) {
    const { url, reply } = await askAt(context, given)
    const shown = reasons.length === 0 ? showAddress(given) : new URL(given).pathname
    if (typeof reply === 'string') {
      reasons.push(`${shown} gives no answer (${reply})`)
      // Another path of a server that does not answer would take as long again.
      break
    }
    const reading = reply.status === 200 ? reader(reply.body) : undefined
    if (reading !== undefined) return { url, server: reading.server }
    if (expected && reply.status === 200 && isMetrics(reply.body)) return { url }
    reasons.push(`${shown} ${whyNot(reply)}`)
  }
  throw new BenchError('unsupported', reasons.join('; '))
}

/** The reply, or why there is none. Servers that mount their metrics send on to the same path with a slash: where it is the same server, we go. */
async function askAt(
  { get }: PluginContext,
  url: string,
): Promise<{ readonly url: string; readonly reply: PluginReply | string }> {
  try {
    const reply = await get(url, { timeoutMs: OPEN_MS })
    const location = reply.status > 300 && reply.status < 309 ? reply.headers.get('location') : undefined
    const next = location !== undefined && URL.canParse(location, url) ? new URL(location, url) : undefined
    if (next === undefined || next.origin !== new URL(url).origin) return { url, reply }
    const { username, password } = new URL(url)
    Object.assign(next, { username, password })
    return { url: next.href, reply: await get(next.href, { timeoutMs: OPEN_MS }) }
  } catch (thrown) {
    // It begins with the address.
    return { url, reply: (thrown instanceof Error ? thrown.message : String(thrown)).replace(/^\S+: /, '') }
  }
}

function addressesOf({ options, scrape, target: { baseUrl } }: PluginContext): readonly string[] {
  const path = typeof options.path === 'string' ? options.path.replace(/^\/*/, '/') : undefined
  if (typeof options.url === 'string') {
    const url = new URL(options.url)
    if (path !== undefined || url.pathname === '/') url.pathname = path ?? PATHS[0]!
    return [url.href]
  }
  const paths = path === undefined ? new Set([...(scrape === undefined ? [] : [scrape.path]), ...PATHS]) : [path]
  return [...paths].map((one) => baseUrl + one)
}

function whyNot({ status }: PluginReply): string {
  return status === 200 ? 'shows no metric that is known here' : `answers ${status}`
}

/** A text of metrics begins with a comment; one of none is empty. */
function isMetrics(body: string): boolean {
  return /^(?:# |$)/.test(body)
}

/** Once a change: figures of the one are no continuation of the other's. */
function noteChange({ note }: PluginContext, last: Sample | undefined, now: Sample): void {
  const [before, since] = [last === undefined ? undefined : serverOf(last), serverOf(now)]
  if (before !== undefined && since !== undefined && before !== since)
    note(`the server's metrics had names of ${before}, and have names of ${since} since`)
}

/** Without what may be secret in it. */
function showAddress(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
