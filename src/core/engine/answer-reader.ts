/**
 * The fold over one answer: bytes to messages, messages to events, events to the fields of a record. What each part counts
 * is its own file's business; what makes an answer good or bad is decided here, in `judge`.
 */
import type { ServerTimings, ServerTrace, StreamEvent, Usage, WireMessage } from '../event.ts'
import { createFramer } from '../framing/framer.ts'
import type { AnswerPart, EventKind, FailurePart } from '../record.ts'
import type { AnswerContext, AnswerEnd, AnswerNotes, AnswerReader } from './answer.ts'
import { createTextCollector } from './answer-text.ts'
import { createEventCollector } from './event-log.ts'
import { classifyTransportError, limitEvidence } from './evidence.ts'
import { createSafeDecoder } from './safe-decoder.ts'
import { type CarriedTokens, createTokenCounter } from './token-count.ts'

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

interface Served {
  readonly id?: string
  readonly model?: string
  readonly fingerprint?: string
}

/** Reads the body of an answer whose status is a success. */
export function createSuccessReader(context: AnswerContext): AnswerReader {
  const { asked, adapter } = context
  const contentType = context.headers.get('content-type')
  const framer = createFramer({ framing: asked.framing, ...(contentType === undefined ? {} : { contentType }) })
  const decode = createSafeDecoder(adapter)
  const log = createEventCollector(context.sentAt, (at) => Math.round(context.toRunMs(at) * 1000))
  const counter = createTokenCounter()
  const words = createTextCollector(context.saveText || context.keepText === true || context.countTokens !== undefined)
  const finishes = new Map<number, string>()
  const speaking = new Set<number>()
  const notes = new Set<string>()
  let broken: (FailurePart & { readonly error?: string }) | undefined
  let served: Served = {}
  let timings: ServerTimings | undefined
  let trace: ServerTrace | undefined
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
      if (isStray(event)) {
        notes.add('choice_out_of_range')
        continue
      }
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

  /** Of a choice that was not asked for: another's answer, or none. */
  function isStray(event: StreamEvent): boolean {
    return asked.choices !== undefined && 'choice' in event && event.choice >= asked.choices
  }

  function takeEvent(event: StreamEvent, at: number): void {
    switch (event.type) {
      case 'text':
      case 'reasoning':
      case 'tool':
        if (finishes.has(event.choice)) notes.add('content_after_finish')
        speaking.add(event.choice)
        words.add(event.type, event.choice, event.text)
        break
      case 'usage':
        counter.usage(event.usage)
        break
      case 'timings':
        timings = { ...timings, ...event.timings }
        break
      case 'trace':
        trace = event.trace
        break
      case 'finish':
        if (finishes.has(event.choice)) notes.add('finish_repeated')
        finishes.set(event.choice, event.reason)
        break
      case 'error':
        breakOff(event.reason ?? 'server_error', event.message, event.reason === undefined ? 'body' : 'decode')
        break
      case 'served':
        takeServed(event)
        break
      case 'done':
        doneAt = at
        break
      case 'note':
        notes.add(event.note)
        break
    }
  }

  function takeServed(event: Served): void {
    if (served.id && event.id && event.id !== served.id) notes.add('id_changed')
    served = { ...served, ...event }
  }

  function countChoices(): number {
    return Math.max(1, speaking.size, finishes.size)
  }

  function checkOverrun(): void {
    if (asked.maxTokens === undefined) return
    const limit = (asked.maxTokens * OVERRUN_FACTOR + OVERRUN_SLACK_TOKENS) * countChoices()
    // Not both in one line: how many bytes have come by a token depends on how the network cut them.
    const size =
      log.tokens > limit
        ? `${log.tokens} tokens`
        : bytes > limit * OVERRUN_BYTES_PER_TOKEN
          ? `${bytes} bytes`
          : undefined
    if (size === undefined) return
    breakOff('overrun', `the stream went on after ${size} although ${asked.maxTokens} tokens were asked for`, 'body')
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
      return {
        stage: 'body',
        reason: 'empty_response',
        error: limitEvidence(framer.start) || 'the answer has no content',
      }
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

  function readAnswer(isOk: boolean): AnswerPart & AnswerNotes {
    const streamed = framer.framing !== 'json'
    const { counts, suspect, missing } = counter.result(
      () => words.join('reasoning') + words.join('text') + words.join('tool'),
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
      ...(timings === undefined ? {} : { serverTimings: timings }),
      ...(trace === undefined ? {} : { trace }),
      ...(served.model && served.model !== context.manifestModel ? { model: served.model } : {}),
      ...(served.fingerprint && served.fingerprint !== context.manifestFingerprint
        ? { fingerprint: served.fingerprint }
        : {}),
      ...(context.saveText ? words.toFields() : {}),
      ...(notes.size === 0 ? {} : { notes: [...notes] }),
    }
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
      return words.join('text')
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

function isCompressed(headers: ReadonlyMap<string, string>): boolean {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  return coding !== '' && coding !== 'identity'
}
