/** The two routes that generate: which fault, which place in the queue, streamed or whole, and who has left meanwhile. */
import type { Context } from 'hono'
import { type Answer, answerId, planAnswer } from './answer.ts'
import type { Dialect } from './dialect.ts'
import { type Faults, faultsOf } from './faults.ts'
import type { Load, Place } from './load.ts'
import type { Meter, Tally } from './meter.ts'
import type { MockSettings } from './options.ts'
import { playAnswer } from './play.ts'
import { readRequest } from './request.ts'
import type { MockTime } from './timing.ts'
import { createEventWriter, distort, type Written } from './writer.ts'

/** What all requests of one mock share. */
export interface MockState {
  readonly settings: MockSettings
  readonly dialect: Dialect
  readonly load: Load
  readonly meter: Meter
  readonly time: MockTime
}

/** Answers one generation request; throws a `RequestProblem` when it is refused. `translate` makes OpenAI's form of its body. */
export async function generate(
  c: Context,
  kind: 'chat' | 'completion',
  state: MockState,
  translate: (body: string) => string = (body) => body,
): Promise<Response> {
  const { settings, load, meter, time } = state
  const arrivedAt = time.now()
  const n = meter.requests++
  const faults = faultsOf(settings.faults, n)
  try {
    const requestId = c.req.header('x-request-id')
    const request = readRequest(kind, translate(await c.req.text()), settings)
    const refusal = faults.find('status')
    if (refusal?.kind === 'status') return refuse(refusal, state)
    const answer = planAnswer(request, settings, {
      n,
      id: answerId(settings, n, requestId),
      created: Math.floor(Date.now() / 1000),
      isBusy: load.running > 0,
    })
    const place = load.join()
    if (place === undefined) return overloaded(state)
    const client = new AbortController()
    const tally = meter.begin(arrivedAt, answer.promptTokens, request.maxTokens)
    const traceLevel = c.req.header('x-trace-level')
    const playing: Playing = {
      answer,
      place,
      tally,
      faults,
      arrivedAt,
      client,
      state,
      ...(traceLevel && { traceLevel }),
    }
    const headers = requestId !== undefined && settings.profile === 'vllm-rust' ? { 'x-request-id': requestId } : {}
    if (request.stream && !faults.has('not-streamed') && !stallsAtOnce(faults)) return streamAnswer(playing, headers)
    // A stream is cancelled when its client leaves. Before there is a body only the request's signal tells; Deno warns
    // about those who look at it, so it is looked at only here.
    watchClient(c.req.raw.signal, client)
    if (stallsAtOnce(faults)) await stall(playing)
    return await answerWhole(playing, headers)
  } catch (error) {
    meter.errors++
    throw error
  }
}

function watchClient(signal: AbortSignal, client: AbortController): void {
  if (signal.aborted) client.abort()
  else signal.addEventListener('abort', () => client.abort(), { once: true })
}

interface Playing {
  readonly answer: Answer
  readonly place: Place
  readonly tally: Tally
  readonly faults: Faults
  readonly arrivedAt: number
  readonly client: AbortController
  readonly state: MockState
  /** As the header asks; only whole answers have a trace. */
  readonly traceLevel?: string
}

function stallsAtOnce(faults: Faults): boolean {
  const fault = faults.find('stall')
  return fault !== undefined && 'after' in fault && fault.after === 0
}

/** Until the client leaves. */
function stall({ client }: Playing): Promise<void> {
  return new Promise((resolve) => {
    if (client.signal.aborted) resolve()
    else client.signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function play(
  playing: Playing,
  onChunk: (from: number, to: number) => boolean | Promise<boolean>,
): Promise<boolean> {
  const { answer, place, tally, arrivedAt, client, state } = playing
  const { load, meter, time } = state
  try {
    const whole = await playAnswer({ answer, place, load, tally, time, arrivedAt, signal: client.signal }, onChunk)
    // Broken by a fault, unless the client left first.
    const broken = !whole && !client.signal.aborted
    if (broken) meter.errors++
    tally.finished(time.now(), whole ? (answer.choices[0]?.finish ?? 'length') : broken ? 'error' : 'abort')
    return whole
  } finally {
    place.leave()
  }
}

/** The trace that probador reads, with the two operations that there are here. Times in ms. */
function traceBricks(level: string, prefillMs: number, totalMs: number): object {
  const us = (ms: number): number => Math.round(ms * 1000)
  const breakdown = [
    { name: 'prefill', time_us: us(prefillMs) },
    { name: 'decode', time_us: us(totalMs - prefillMs) },
  ]
  return { level, operations: breakdown.length, total_time_us: us(totalMs), breakdown }
}

async function answerWhole(playing: Playing, headers: Record<string, string>): Promise<Response> {
  const { answer, arrivedAt, faults, state, traceLevel } = playing
  let firstAt: number | undefined
  await play(playing, () => {
    firstAt ??= state.time.now()
    return true
  })
  const endAt = state.time.now()
  const body = state.dialect.body(answer, endAt - arrivedAt)
  const said =
    traceLevel === undefined
      ? body
      : { ...body, brick_trace: traceBricks(traceLevel, (firstAt ?? endAt) - arrivedAt, endAt - arrivedAt) }
  const text = faults.has('empty') ? '' : JSON.stringify(distort(said, faults))
  return respond(text, 'application/json', faults, headers)
}

function streamAnswer(playing: Playing, headers: Record<string, string>): Response {
  const { faults, client, state } = playing
  const { dialect, settings, time } = state
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const writer = createEventWriter((bytes) => controller.enqueue(bytes), faults, {
        stamp: settings.truth ? () => (performance.timeOrigin + time.now()).toFixed(3) : undefined,
        errorEvent: (message) => dialect.error({ status: 500, message, param: null }),
        framing: dialect.framing,
      })
      void streamEvents(playing, writer.events, writer.done).then((written) => {
        if (client.signal.aborted) return
        writer.flush()
        if (written === 'cut') controller.error(new Error('cut on purpose'))
        else if (written !== 'stall') controller.close()
      })
    },
    cancel() {
      client.abort()
    },
  })
  const type = dialect.framing === 'ndjson' ? 'application/x-ndjson' : 'text/event-stream; charset=utf-8'
  return respond(faults.has('empty') ? '' : body, type, faults, headers)
}

/** The order of a stream: the chunks of every choice as they become due, usage when asked for, the end mark. */
async function streamEvents(
  playing: Playing,
  write: (events: readonly object[]) => Written,
  writeDone: () => Written,
): Promise<Written> {
  const { answer, client } = playing
  const { dialect } = playing.state
  let written: Written = 'open'
  await play(playing, async (from, to) => {
    const due = answer.choices.filter((choice) => from === 0 || choice.pieces.length > from)
    const heads = from === 0 ? due.flatMap((choice) => dialect.opening(answer, choice)) : []
    const chunks = due.flatMap((choice) => dialect.chunks(answer, choice, from, Math.min(to, choice.pieces.length)))
    const events = [...heads, ...chunks]
    written = write(events)
    if (written === 'stall') await stall(playing)
    return written === 'open'
  })
  if (written !== 'open' || client.signal.aborted) return written
  if (answer.request.includeUsage) written = write([dialect.usageChunk(answer)])
  return written === 'open' ? writeDone() : written
}

function respond(
  body: string | ReadableStream<Uint8Array>,
  type: string,
  faults: Faults,
  more: Record<string, string>,
): Response {
  const headers = {
    'content-type': type,
    ...(typeof body === 'string' ? {} : { 'cache-control': 'no-cache' }),
    ...more,
  }
  const coding = faults.has('gzip') ? 'gzip' : faults.has('deflate') ? 'deflate' : undefined
  if (coding === undefined) return new Response(body, { headers })
  const coded = new Response(body).body?.pipeThrough(new CompressionStream(coding)) ?? null
  return new Response(coded, { headers: { ...headers, 'content-encoding': coding } })
}

function refuse(
  fault: { readonly status: number; readonly body?: string | undefined; readonly retryAfter?: string | undefined },
  { dialect, meter }: MockState,
): Response {
  meter.errors++
  const message = fault.status === 429 ? 'too many requests' : 'failed on purpose'
  const bodies: Readonly<Record<string, readonly [type: string, text: string]>> = {
    json: ['application/json', JSON.stringify(dialect.error({ status: fault.status, message, param: null }))],
    html: ['text/html', `<html><head><title>${fault.status}</title></head><body><h1>${message}</h1></body></html>`],
    text: ['text/plain', message],
    none: ['text/plain', ''],
  }
  const [type, text] = bodies[fault.body ?? 'json']!
  const headers = {
    'content-type': type,
    ...(fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter }),
  }
  return new Response(text, { status: fault.status, headers })
}

/** The queue is full: OpenAI says 429, the servers 503. */
function overloaded({ settings, dialect, meter }: MockState): Response {
  meter.errors++
  const status = settings.profile === 'openai' ? 429 : 503
  return Response.json(dialect.error({ status, message: 'the queue is full', param: null }), { status })
}
