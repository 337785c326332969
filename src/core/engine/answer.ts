/**
 * The joint of bytes, instants and meaning: reads one answer as it was captured, and says what it was. Pure (no clock, no
 * I/O): the same chunks and instants give the same fields, whenever they are fed. Nothing here throws.
 */
import type { Adapter } from '../adapter.ts'
import type { Framing } from '../call.ts'
import type { TransportError } from '../platform.ts'
import type { AnswerPart, FailurePart } from '../record.ts'
import { createSuccessReader } from './answer-reader.ts'
import { classifyStatus, createErrorBody } from './evidence.ts'

export interface AnswerContext {
  /** Instants by the platform's clock. */
  readonly sentAt: number
  readonly headersAt: number
  readonly status: number
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly asked: {
    readonly framing: Framing
    readonly stream: boolean
    readonly maxTokens?: number
    /** Absent: not known, and an answer may have any. */
    readonly choices?: number
  }
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

/** See {@link AnswerReader} for the words. */
export type AnswerNotes = { readonly notes?: readonly string[] }

/** What the answer knows of its record. Without `outcome`: it was given up on, and this is what had come. */
export type AnswerFields =
  | ({ readonly outcome: 'ok' } & AnswerPart & AnswerNotes)
  | ({ readonly outcome: 'http-error'; readonly headersAt: number; readonly status: number } & FailurePart &
      AnswerNotes)
  | ({ readonly outcome: 'stream-error' } & FailurePart & AnswerPart & AnswerNotes)
  | ({ readonly outcome?: never } & AnswerPart & AnswerNotes)

/**
 * Reads one answer. Its words are stable.
 *
 * Reasons of a `stream-error`: `truncated` (it ended or broke before its finish reason), `empty_response`, `server_error` (the
 * server said so in the answer), `malformed`, `unexpected_content_type`, `event_too_large`, `overrun` (it went on far beyond
 * the limit of tokens), `decoder_failed`, or the transport's own class when the bytes were no HTTP (`BAD_CHUNK`) or could not
 * be decompressed. Reasons of an `http-error`: `rejected` (429, 503), `redirect`, `http_404` and so on.
 *
 * Notes, about how it ended: `missing_done`, `partial_done`, `partial_event`, `data_after_done`, `missing_finish`,
 * `finish_repeated`, `content_after_finish`; about its form: `not_streamed`, `content_type_mismatch`, `compressed`,
 * `buffered_stream` (all at once: its instants mean nothing), `invalid_utf8`, `content_not_text`, `choice_out_of_range`; about
 * its counts: `usage_missing`, `usage_suspect`; `id_changed`. An adapter may add its own.
 */
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

export function createAnswerReader(context: AnswerContext): AnswerReader {
  const isSuccess = context.status >= 200 && context.status < 300
  return isSuccess ? createSuccessReader(context) : createErrorReader(context)
}

/** Reads the body of an answer whose status is no success: evidence, no events. */
function createErrorReader(context: AnswerContext): AnswerReader {
  const body = createErrorBody()
  const reason = classifyStatus(context.status)
  return {
    feed: (_at, chunk) => body.push(chunk),
    firstTokenAt: undefined,
    lastTokenAt: undefined,
    tokens: 0,
    doneAt: undefined,
    get broken() {
      return body.isFull ? { reason } : undefined
    },
    text: '',
    finish: () => ({
      outcome: 'http-error',
      headersAt: context.toRunMs(context.headersAt),
      status: context.status,
      stage: 'headers',
      reason,
      ...body.explain(context.status, context.adapter),
    }),
  }
}
