/**
 * A server that knows what it sent, and when: the yardstick of `bench calibrate` and of `npm run bench:truth`. It speaks
 * just enough HTTP/1.1 to stream completions, with as little as possible between the clock and the socket: one write an
 * event, stamped right before it. Instants are nanoseconds of the system's monotonic clock where the runtime gives it.
 */
import { createServer, type Server, type Socket } from 'node:net'
import process from 'node:process'
import { BenchError, describeError } from '../core/errors.ts'

export interface TruthOptions {
  /** 0: any free port. */
  readonly port: number
  readonly firstMs: number
  readonly gapMs: number
  /** Events an answer; 0: as many as `max_tokens` says. */
  readonly events: number
  /** Each answer once it has ended. */
  log(answer: SentAnswer): void
  /** What `GET /log` answers, when it is to be answered. */
  takeLog?(): string
}

/** Instants are nanoseconds. */
export interface SentAnswer {
  /** The request's `X-Request-Id`, or `-`. */
  readonly id: string
  /** When the whole request had been read. */
  readonly arrivedAt: number
  /** Right before each event was written. */
  readonly stamps: readonly number[]
}

/** One line of a log: id, arrival, number of events, instant of each. */
export function formatAnswer({ id, arrivedAt, stamps }: SentAnswer): string {
  return `${id} ${arrivedAt} ${stamps.length} ${stamps.join(' ')}\n`
}

export interface TruthServer {
  readonly port: number
  lateness(): Lateness
  close(): Promise<void>
}

/** How well the server keeps its own schedule. Its lateness does not count as the client's error: the log has true instants. */
interface Lateness {
  readonly events: number
  /** Sent more than 1 ms after they were due. */
  readonly late: number
  readonly maxMs: number
}

interface TruthStream extends SentAnswer {
  readonly socket: Socket
  readonly chat: boolean
  readonly usage: boolean
  readonly stamps: number[]
  readonly total: number
  readonly gapNanos: number
  dueAt: number
}

const nanosPerMs = 1e6
/** Below this the loop is turned without sleeping: timers are a millisecond coarse. */
const spinNanos = 1.5 * nanosPerMs
/** So many events leave before the loop looks for requests again. */
const eventsPerTurn = 32

function now(): number {
  return Number(process.hrtime.bigint())
}

export async function createTruthServer(options: TruthOptions): Promise<TruthServer> {
  const queue = createQueue()
  const sockets = new Set<Socket>()
  const sent = { events: 0, late: 0, maxMs: 0 }
  let timer: NodeJS.Timeout | undefined
  let turning = false

  const turn = (): void => {
    turning = false
    let at = now()
    for (let left = eventsPerTurn; left > 0; left--) {
      const stream = queue.first()
      if (stream === undefined || stream.dueAt > at) break
      sendEvent(stream)
      at = now()
    }
    plan(at)
  }

  const plan = (at: number): void => {
    const next = queue.first()
    if (next === undefined || turning) return
    clearTimeout(timer)
    const left = next.dueAt - at
    if (left > spinNanos) {
      timer = setTimeout(turn, Math.floor((left - spinNanos) / nanosPerMs) + 1)
    } else {
      turning = true
      setImmediate(turn)
    }
  }

  const sendEvent = (stream: TruthStream): void => {
    const { socket, stamps, total } = stream
    const at = now()
    const lateMs = (at - stream.dueAt) / nanosPerMs
    sent.events++
    if (lateMs > 1) sent.late++
    sent.maxMs = Math.max(sent.maxMs, lateMs)
    stamps.push(at)
    const last = stamps.length === total
    if (!socket.destroyed) socket.write(formatEvent(stream, at, last), 'latin1')
    if (last || socket.destroyed) {
      queue.shift()
      options.log({ id: stream.id, arrivedAt: stream.arrivedAt, stamps })
    } else {
      stream.dueAt += stream.gapNanos
      queue.sink()
    }
  }

  const pollAt = createPollClock()
  const server = createServer({ noDelay: true }, (socket) => {
    pollAt()
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    readRequests(socket, pollAt, (head, body, arrivedAt) => {
      const stream = openStream(socket, head, body, arrivedAt, options)
      if (stream === undefined) return
      queue.push(stream)
      plan(now())
    })
  })
  const port = await listen(server, options.port)
  return {
    port,
    lateness: () => ({ ...sent }),
    close: () =>
      new Promise((resolve) => {
        clearTimeout(timer)
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (thrown) =>
      reject(new BenchError('usage', `the truth server cannot listen on port ${port}: ${describeError(thrown)}`)),
    )
    server.listen({ port, host: '127.0.0.1', backlog: 65_535 }, () => {
      resolve((server.address() as { readonly port: number }).port)
    })
  })
}

/**
 * What one look at the sockets finds had all arrived by then: the first callback after it reads the clock for all, so that
 * reading some requests does not make others look late.
 */
function createPollClock(): () => number {
  let at: number | undefined
  return () => {
    if (at === undefined) {
      at = now()
      setImmediate(() => {
        at = undefined
      })
    }
    return at
  }
}

/** Calls back once a request, with its head, its body, and the instant at which it was found whole. */
function readRequests(
  socket: Socket,
  pollAt: () => number,
  onRequest: (head: string, body: string, at: number) => void,
): void {
  let held = ''
  socket.on('data', (chunk: Buffer) => {
    const at = pollAt()
    held += chunk.toString('latin1')
    for (;;) {
      const end = held.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = held.slice(0, end)
      const length = Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0)
      if (held.length < end + 4 + length) return
      const body = held.slice(end + 4, end + 4 + length)
      held = held.slice(end + 4 + length)
      onRequest(head, body, at)
    }
  })
}

/** Answers what is no streamed completion at once, and returns undefined. */
function openStream(
  socket: Socket,
  head: string,
  body: string,
  arrivedAt: number,
  options: TruthOptions,
): TruthStream | undefined {
  const path = head.split(' ', 2)[1] ?? ''
  if (path.endsWith('/log') && options.takeLog !== undefined) {
    respond(socket, '200 OK', options.takeLog(), 'text/plain')
    return undefined
  }
  if (!head.startsWith('POST ') || !path.endsWith('/completions')) {
    const facts = describeServer(path)
    respond(socket, facts === undefined ? '404 Not Found' : '200 OK', JSON.stringify(facts ?? {}))
    return undefined
  }
  const asked = parseBody(body)
  if (asked?.stream !== true) {
    const error = { message: 'the truth server only streams', code: 400 }
    respond(socket, '400 Bad Request', JSON.stringify({ error }))
    return undefined
  }
  return {
    socket,
    id: /^x-request-id:\s*(\S+)/im.exec(head)?.[1] ?? '-',
    arrivedAt,
    chat: path.endsWith('/chat/completions'),
    usage: asked.stream_options?.include_usage === true,
    stamps: [],
    total: options.events || asked.max_completion_tokens || asked.max_tokens || 16,
    gapNanos: (asked.truth?.gapMs ?? options.gapMs) * nanosPerMs,
    dueAt: arrivedAt + (asked.truth?.firstMs ?? options.firstMs) * nanosPerMs,
  }
}

interface AskedBody {
  readonly stream?: boolean
  readonly stream_options?: { readonly include_usage?: boolean }
  readonly max_tokens?: number
  readonly max_completion_tokens?: number
  /** Another schedule than the server's own. */
  readonly truth?: { readonly firstMs?: number; readonly gapMs?: number }
}

function parseBody(body: string): AskedBody | undefined {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function describeServer(path: string): object | undefined {
  if (path.endsWith('/v1/models'))
    return { object: 'list', data: [{ id: 'mock-model', object: 'model', owned_by: 'truth' }] }
  if (path.endsWith('/health')) return {}
  return path.endsWith('/version') ? { version: '1' } : undefined
}

function respond(socket: Socket, status: string, text: string, type = 'application/json'): void {
  socket.write(`HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
}

/** The head leaves with the first event, the end with the last. */
function formatEvent({ chat, usage, stamps, total }: TruthStream, at: number, last: boolean): string {
  const object = chat ? 'chat.completion.chunk' : 'text_completion'
  const said = chat ? `"delta":{"content":" ${at}"}` : `"text":" ${at}"`
  const start = `data: {"id":"truth","object":"${object}","created":1,"model":"mock-model",`
  const choice = `"choices":[{"index":0,${said},"logprobs":null,"finish_reason":${last ? '"length"' : 'null'}}]}\n\n`
  const head = stamps.length === 1 ? streamHead : ''
  if (!last) return head + formatChunk(start + choice)
  const counts = `"choices":[],"usage":{"prompt_tokens":32,"completion_tokens":${total},"total_tokens":${32 + total}}}\n\n`
  return `${head}${formatChunk(start + choice)}${usage ? formatChunk(start + counts) : ''}${formatChunk('data: [DONE]\n\n')}0\r\n\r\n`
}

const streamHead =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n'

function formatChunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

/** Streams by due instant: a binary heap. */
function createQueue(): {
  first(): TruthStream | undefined
  push(stream: TruthStream): void
  /** Takes the first away. */
  shift(): void
  /** Puts the first where its new instant belongs. */
  sink(): void
} {
  const heap: TruthStream[] = []
  const before = (a: number, b: number): boolean => heap[a]!.dueAt < heap[b]!.dueAt
  const swap = (a: number, b: number): void => {
    const held = heap[a]!
    heap[a] = heap[b]!
    heap[b] = held
  }
  const sink = (): void => {
    for (let at = 0; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && before(child, least)) least = child
      if (least === at) return
      swap(at, least)
      at = least
    }
  }
  return {
    first: () => heap[0],
    push(stream) {
      heap.push(stream)
      for (let at = heap.length - 1; at > 0 && before(at, (at - 1) >> 1); at = (at - 1) >> 1) swap(at, (at - 1) >> 1)
    },
    shift() {
      const last = heap.pop()!
      if (heap.length === 0) return
      heap[0] = last
      sink()
    },
    sink,
  }
}
