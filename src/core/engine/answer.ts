/**
 * The joint of bytes, instants and meaning: reads one answer as it was captured, and says what it was. Pure (no clock, no
 * I/O): the same chunks and instants give the same fields, whenever they are fed. Nothing here throws.
 */
import type { Adapter } from '../adapter.ts'
import type { Framing } from '../call.ts'
import { describeError } from '../errors.ts'
import type { Decoder, StreamEvent, Usage, WireMessage } from '../event.ts'
import { createFramer } from '../framing/framer.ts'
import type { TransportError } from '../platform.ts'
import type { AnswerPart, EventKind, FailurePart } from '../record.ts'
import { createErrorBody, limitEvidence } from './error-body.ts'
import { createEventCollector } from './event-log.ts'
import { type CarriedTokens, createTokenCounter } from './token-count.ts'

export interface AnswerContext {
  /** Instants by the platform's clock. */
  readonly sentAt: number
  readonly headersAt: number
  readonly status: number
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly asked: { readonly framing: Framing; readonly stream: boolean; readonly maxTokens?: number }
  readonly adapter: Pick<Adapter, 'decoder' | 'flags' | 'explain'>
  /** Only what differs from these goes into the record. */
  readonly manifestModel?: string
  readonly manifestFingerprint?: string
  /** Text and reasoning go into the record. */
  readonly saveText: boolean
  /** {@link AnswerReader.text} is wanted although it is not saved: the next turn of a conversation needs it. */
  readonly keepText?: boolean
  /** The local tokenizer; used when the server gave no usable count. */
  readonly countTokens?: (text: string) => number
  /** Platform clock to milliseconds since the run's origin, in whole microseconds. */
  readonly toRunMs: (at: number) => number
}

/** How the transport's part ended. `givenUp`: the engine gave up on it, and knows the outcome. */
export type AnswerEnd =
  | { readonly how: 'complete' | 'closed' }
  | { readonly error: TransportError }
  | { readonly givenUp: true }

type Notes = { readonly notes?: readonly string[] }

/** What the answer knows of its record. Without `outcome`: it was given up on, and this is what had come. */
export type AnswerFields =
  | ({ readonly outcome: 'ok' } & AnswerPart & Notes)
  | ({ readonly outcome: 'http-error'; readonly headersAt: number; readonly status: number } & FailurePart & Notes)
  | ({ readonly outcome: 'stream-error' } & FailurePart & AnswerPart & Notes)
  | ({ readonly outcome?: never } & AnswerPart & Notes)

export interface AnswerReader {
  /** Decoded content with the arrival of its network chunk. Off the capture path. The array may be reused afterwards. */
  feed(at: number, chunk: Uint8Array): void
  /** Of an event with text, reasoning or a tool call. A body that was not streamed has none: it says nothing about time. */
  readonly firstTokenAt: number | undefined
  readonly lastTokenAt: number | undefined
  /** Output tokens so far, as well as known. */
  readonly tokens: number
  /** When the end mark was seen. What follows changes nothing. */
  readonly doneAt: number | undefined
  /** Nothing that follows can make the answer good: the engine may free the connection. */
  readonly broken: { readonly reason: string; readonly error?: string } | undefined
  /** The visible text so far; empty unless the context asks for text. */
  readonly text: string
  /** Call once. A broken answer is a `stream-error` and a finished one `ok`, whatever the transport said afterwards. */
  finish(end: AnswerEnd): AnswerFields
}

/** A server that ignores the limit of output tokens is left after so many times that limit, and some. */
const OVERRUN_FACTOR = 4
const OVERRUN_SLACK_TOKENS = 256
/** No token takes more bytes than this on the wire, log-probabilities included. */
const OVERRUN_BYTES_PER_TOKEN = 64 * 1024

const DONE = '[DONE]'

type Piece = Extract<StreamEvent, { readonly type: 'text' | 'reasoning' | 'tool' }>

/** What a message is called after when it holds several pieces. */
const STRENGTH: Readonly<Record<Piece['type'], number>> = { text: 3, reasoning: 2, tool: 1 }
const KINDS: readonly EventKind[] = ['o', 'c', 'r', 't']

export function createAnswerReader(context: AnswerContext): AnswerReader {
  const isSuccess = context.status >= 200 && context.status < 300
  return isSuccess ? createSuccessReader(context) : createErrorReader(context)
}

/** Reads the body of an answer whose status is no success: evidence, no events. */
function createErrorReader(context: AnswerContext): AnswerReader {
  const body = createErrorBody()
  return {
    feed: (_at, chunk) => body.push(chunk),
    firstTokenAt: undefined,
    lastTokenAt: undefined,
    tokens: 0,
    doneAt: undefined,
    broken: undefined,
    text: '',
    finish: () => ({
      outcome: 'http-error',
      headersAt: context.toRunMs(context.headersAt),
      status: context.status,
      stage: 'headers',
      reason: classifyStatus(context.status),
      ...body.explain(context.status, context.adapter),
    }),
  }
}

/** 429 and 503 say "not now" and are counted apart; a redirect is never followed while measuring. */
function classifyStatus(status: number): string {
  if (status === 429 || status === 503) return 'rejected'
  return status >= 300 && status < 400 ? 'redirect' : `http_${status}`
}

function createSuccessReader(context: AnswerContext): AnswerReader {
  const { asked, adapter } = context
  const contentType = context.headers.get('content-type')
  const framer = createFramer({ framing: asked.framing, ...(contentType === undefined ? {} : { contentType }) })
  const decode = createSafeDecoder(adapter)
  const log = createEventCollector(context.sentAt, (at) => Math.round(context.toRunMs(at) * 1000))
  const counter = createTokenCounter()
  const keepText = context.saveText || context.keepText === true || context.countTokens !== undefined
  const written: Record<'text' | 'reasoning' | 'tool', Map<number, string[]>> = {
    text: new Map(),
    reasoning: new Map(),
    tool: new Map(),
  }
  const finishes = new Map<number, string>()
  const speaking = new Set<number>()
  const notes = new Set<string>()
  const served: { id?: string; model?: string; fingerprint?: string } = {}
  let broken: (FailurePart & { readonly error?: string }) | undefined
  let doneAt: number | undefined
  let lastAt = context.headersAt
  let bytes = 0
  let messages = 0

  function breakOff(reason: string, error: string | undefined, stage: FailurePart['stage']): void {
    broken ??= { stage, reason, ...(error === undefined ? {} : { error: limitEvidence(error) }) }
  }

  /** Takes one message in. After the end mark, or once broken, nothing counts any more. */
  function take(message: WireMessage, at: number): void {
    if (doneAt !== undefined) notes.add('data_after_done')
    if (doneAt !== undefined || broken !== undefined) return
    messages += 1
    let strength = 0
    let usage: Usage | undefined
    const carried: CarriedTokens[] = []
    for (const event of decode(message)) {
      takeEvent(event, at)
      if (event.type === 'usage') usage = event.usage
      else if (isPiece(event)) {
        strength = Math.max(strength, STRENGTH[event.type])
        addCarried(carried, event)
      }
      if (broken !== undefined) break
    }
    if (doneAt !== undefined) return
    // A body in one piece says nothing about the instants of its tokens.
    if (strength === 0 || message.framing === 'json') log.add(at, 'o', 0)
    else log.add(at, KINDS[strength]!, counter.carry(carried, usage, strength > 1))
    checkOverrun()
  }

  function takeEvent(event: StreamEvent, at: number): void {
    switch (event.type) {
      case 'text':
      case 'reasoning':
      case 'tool':
        if (finishes.has(event.choice)) notes.add('content_after_finish')
        speaking.add(event.choice)
        if (keepText) addPiece(written[event.type], event.choice, event.text)
        break
      case 'usage':
        counter.usage(event.usage)
        break
      case 'finish':
        if (finishes.has(event.choice)) notes.add('finish_repeated')
        finishes.set(event.choice, event.reason)
        break
      case 'error':
        breakOff(event.reason ?? 'server_error', event.message, event.reason === undefined ? 'body' : 'decode')
        break
      case 'served':
        if (served.id !== undefined && event.id !== undefined && event.id !== served.id) notes.add('id_changed')
        Object.assign(served, withoutUndefined(event))
        break
      case 'done':
        doneAt = at
        break
      case 'note':
        notes.add(event.note)
        break
    }
  }

  function countChoices(): number {
    return Math.max(1, speaking.size, finishes.size)
  }

  function checkOverrun(): void {
    if (asked.maxTokens === undefined) return
    const limit = (asked.maxTokens * OVERRUN_FACTOR + OVERRUN_SLACK_TOKENS) * countChoices()
    if (log.tokens > limit || bytes > limit * OVERRUN_BYTES_PER_TOKEN) {
      const sizes = `${log.tokens} tokens in ${bytes} bytes`
      breakOff('overrun', `the stream went on after ${sizes} although ${asked.maxTokens} tokens were asked for`, 'body')
    }
  }

  function checkFramer(): void {
    if (framer.error !== undefined) breakOff(framer.error, framer.start, 'decode')
  }

  /** What the end of the body completes. A body cut by an error is not decoded as if it were whole. */
  function takeRest(end: AnswerEnd): void {
    const isCut = !('how' in end)
    if (broken !== undefined || doneAt !== undefined || (isCut && framer.framing === 'json')) return
    const rest = framer.end()
    for (const message of rest.messages) take(message, lastAt)
    if (rest.partial?.trim() === DONE) {
      notes.add('partial_done')
      take({ data: DONE, framing: framer.framing ?? asked.framing }, lastAt)
    } else if (rest.partial !== undefined) notes.add('partial_event')
    checkFramer()
  }

  function isFinished(): boolean {
    return finishes.size > 0 && [...speaking].every((choice) => finishes.has(choice))
  }

  /** The failure of an answer that is over, or undefined when it is good. */
  function judge(end: AnswerEnd): FailurePart | undefined {
    if (broken !== undefined) return broken
    if (doneAt === undefined && 'error' in end) return classifyTransportError(end.error)
    if (messages === 0 || (doneAt !== undefined && finishes.size === 0 && speaking.size === 0)) {
      return { stage: 'body', reason: 'empty_response', error: 'the answer has no content' }
    }
    if (framer.framing === 'json') return judgeBody()
    if (!isFinished()) {
      const mark = doneAt === undefined ? 'the stream ended' : `the stream ended with ${DONE}, but`
      return { stage: 'body', reason: 'truncated', error: `${mark} without a finish reason` }
    }
    if (doneAt === undefined && adapter.flags.sendsDone) notes.add('missing_done')
    return undefined
  }

  function judgeBody(): FailurePart | undefined {
    if (speaking.size === 0 && finishes.size === 0) {
      return { stage: 'decode', reason: 'empty_response', error: limitEvidence(framer.start) }
    }
    if (!isFinished()) notes.add('missing_finish')
    return undefined
  }

  function joinText(kind: 'text' | 'reasoning' | 'tool'): string {
    const choices = [...written[kind].entries()].sort(([one], [other]) => one - other)
    return choices.map(([, pieces]) => pieces.join('')).join('\n')
  }

  function readAnswer(isOk: boolean): AnswerPart & Notes {
    const streamed = framer.framing !== 'json'
    const { counts, suspect, missing } = counter.result(
      () => joinText('reasoning') + joinText('text') + joinText('tool'),
      {
        streamed,
        hasText: speaking.size > 0,
        choices: countChoices(),
        ...(asked.maxTokens === undefined ? {} : { maxTokens: asked.maxTokens }),
        ...(context.countTokens === undefined ? {} : { countTokens: context.countTokens }),
      },
    )
    if (suspect) notes.add('usage_suspect')
    else if (missing && isOk && adapter.flags.usage) notes.add('usage_missing')
    if (!streamed && asked.stream) notes.add('not_streamed')
    if (log.isBuffered) notes.add('buffered_stream')
    if (isCompressed(context.headers)) notes.add('compressed')
    for (const note of framer.notes) notes.add(note)
    const finish = finishes.get(0) ?? finishes.values().next().value
    return {
      headersAt: context.toRunMs(context.headersAt),
      status: context.status,
      events: log.toLog(),
      ...(finish === undefined ? {} : { finish }),
      ...counts,
      ...(served.model === undefined || served.model === context.manifestModel ? {} : { model: served.model }),
      ...(served.fingerprint === undefined || served.fingerprint === context.manifestFingerprint
        ? {}
        : { fingerprint: served.fingerprint }),
      ...(context.saveText ? readTexts() : {}),
      ...(notes.size === 0 ? {} : { notes: [...notes] }),
    }
  }

  function readTexts(): { text?: string; reasoning?: string } {
    // Halves of characters are joined by now; one that stayed alone is no text that a file can hold.
    const text = joinText('text').replace(LONE_SURROGATE, '\uFFFD')
    const reasoning = joinText('reasoning').replace(LONE_SURROGATE, '\uFFFD')
    return { text, ...(reasoning === '' ? {} : { reasoning }) }
  }

  return {
    feed(at, chunk) {
      if (broken !== undefined) return
      lastAt = at
      bytes += chunk.length
      for (const message of framer.push(chunk)) take(message, at)
      if (doneAt === undefined) checkFramer()
    },
    get firstTokenAt() {
      return log.firstTokenAt
    },
    get lastTokenAt() {
      return log.lastTokenAt
    },
    get tokens() {
      return Math.max(log.tokens, counter.serverTokens)
    },
    get doneAt() {
      return doneAt
    },
    get broken() {
      return broken
    },
    get text() {
      return joinText('text')
    },
    finish(end) {
      takeRest(end)
      if (broken === undefined && doneAt === undefined && 'givenUp' in end) return readAnswer(false)
      const failure = judge(end)
      if (failure === undefined) return { outcome: 'ok', ...readAnswer(true) }
      return { outcome: 'stream-error', ...readAnswer(false), ...failure }
    },
  }
}

const LONE_SURROGATE = /\p{Surrogate}/gu

/** An adapter must not emit empty pieces; one that does emits nothing. */
function isPiece(event: StreamEvent): event is Piece {
  return (event.type === 'text' || event.type === 'reasoning' || event.type === 'tool') && event.text !== ''
}

/** Several pieces of one choice in one message carry tokens together. */
function addCarried(carried: CarriedTokens[], event: Piece): void {
  const entry = carried.find(({ choice }) => choice === event.choice)
  if (entry === undefined) carried.push({ choice: event.choice, counted: event.tokens })
  else if (event.tokens !== undefined) entry.counted = event.tokens + (entry.counted ?? 0)
}

function addPiece(pieces: Map<number, string[]>, choice: number, piece: string): void {
  const list = pieces.get(choice)
  if (list === undefined) pieces.set(choice, [piece])
  else list.push(piece)
}

function withoutUndefined(event: { id?: string; model?: string; fingerprint?: string }): object {
  return Object.fromEntries(
    (['id', 'model', 'fingerprint'] as const).flatMap((name) => (event[name] ? [[name, event[name]]] : [])),
  )
}

function isCompressed(headers: ReadonlyMap<string, string>): boolean {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  return coding !== '' && coding !== 'identity'
}

/** Bytes that break the rules of HTTP are another failure than a connection that broke. */
const PROTOCOL_CODE =
  /^(?:BAD_|HEADERS_TOO_LARGE|CONTENT_LENGTH_|UNSUPPORTED_|UNEXPECTED_|HPE_|UND_ERR_(?:HEADERS_OVERFLOW|RES_|INVALID))/

function classifyTransportError(error: TransportError): FailurePart {
  const isCut = error.stage !== 'decode' && !PROTOCOL_CODE.test(error.code)
  const evidence = limitEvidence(`${error.message} (${error.code})`)
  return { stage: error.stage, reason: isCut ? 'truncated' : error.code, error: evidence }
}

/** A third party's decoder may throw in spite of its contract; that fails the answer and not the run. */
function createSafeDecoder(adapter: Pick<Adapter, 'decoder'>): Decoder {
  const fail = (thrown: unknown): readonly StreamEvent[] => [
    { type: 'error', reason: 'decoder_failed', message: `the adapter's decoder threw: ${describeError(thrown)}` },
  ]
  try {
    const decode = adapter.decoder()
    return (message) => {
      try {
        return decode(message)
      } catch (thrown) {
        return fail(thrown)
      }
    }
  } catch (thrown) {
    return () => fail(thrown)
  }
}
