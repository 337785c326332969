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
  for (const url of addressesOf(context)) {
    const reply = await context.get(url, { timeoutMs: OPEN_MS }).catch(() => undefined)
    const reading = reply?.status === 200 ? reader(reply.body) : undefined
    if (reading !== undefined) return { url, server: reading.server }
    if (expected && reply?.status === 200 && isMetrics(reply.body)) return { url }
    const reason = reply === undefined ? 'does not answer' : whyNot(reply)
    reasons.push(`${reasons.length === 0 ? showAddress(url) : new URL(url).pathname} ${reason}`)
    // Another path of a server that does not answer would take as long again.
    if (reply === undefined) break
  }
  throw new BenchError('unsupported', reasons.join('; '))
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
