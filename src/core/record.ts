/**
 * What happened to one request: one line of `records.jsonl`. Instants are stored, durations are derived (`metrics/`).
 * Instants are milliseconds since the run's origin with three decimals; absent means not measured.
 */
import type { ServerTimings, ServerTrace } from './event.ts'

/** `beside`: the load that went on while a plugin asked the server; part of no figure. */
export type Phase = 'warmup' | 'measure' | 'beside'

/** Who counted the output tokens. `chunks`: nobody did, and each event with text stands for one token. */
export type TokenSource = 'server' | 'tokenizer' | 'chunks'

/** Where in its life a request was when it ended badly. */
export type Stage = 'queue' | 'dns' | 'connect' | 'tls' | 'send' | 'headers' | 'body' | 'decode'

/** One letter an event: text, reasoning, tool call (`c`), anything else: role, empty, usage. */
export type EventKind = 't' | 'r' | 'c' | 'o'

/** The events of an answer, one entry each, in order of arrival. The end mark (`[DONE]`) is no event. */
export interface EventLog {
  /**
   * Whole microseconds: the first since `sentAt`, each other since the one before (0 within one network chunk). Each is
   * the difference of two rounded instants, so that errors do not add up.
   */
  readonly us: readonly number[]
  /** {@link EventKind} letters, as one string as long as `us`. */
  readonly kind: string
  /** Tokens an event; only when some event is known to carry a number other than one. As long as `us`; 0 for `o`. */
  readonly tokens?: readonly number[]
}

/** How long each part of making a connection took; only on the request that opened it. */
export interface ConnectTimings {
  readonly startAt: number
  readonly dnsMs?: number
  readonly connectMs?: number
  readonly tlsMs?: number
}

interface RecordBase {
  /** Index in the schedule of its scenario and phase. */
  readonly n: number
  /** Sent as `X-Request-Id`; unique in a run. */
  readonly id: string
  readonly scenario: string
  readonly phase: Phase
  /** Which of several threads carried it, from 0. */
  readonly thread?: number
  /** The repetition, from 1; only with `--runs`. */
  readonly run?: number
  readonly target?: string
  readonly item: string
  readonly session?: string
  readonly turn?: number
  /** When the schedule wanted it; in a closed loop, when its slot became free. */
  readonly dueAt: number
  /** Only when the cap on requests in flight held it back: when it was let go. */
  readonly permitAt?: number
  /** The end of the answer, or the instant of giving up. */
  readonly endAt: number
  /** Only when more than one: a stale pooled connection was replaced before anything of the request was processed. */
  readonly attempts?: number
  readonly askedInputTokens?: number
  readonly maxTokens?: number
  /** What was odd: stable words, such as `missing_done`, `not_streamed`, `usage_suspect`. */
  readonly notes?: readonly string[]
}

/** What is known once the first byte was handed to a connected socket. */
interface SentPart {
  readonly sentAt: number
  readonly connect?: ConnectTimings
}

/** What is known of an answer, whole or cut. */
export interface AnswerPart {
  readonly headersAt: number
  readonly status: number
  readonly events: EventLog
  readonly finish?: string
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly reasoningTokens?: number
  readonly cachedTokens?: number
  readonly tokenSource?: TokenSource
  /** The server's own times of this request, where it tells. */
  readonly serverTimings?: ServerTimings
  /** Only with `--trace-level`, of servers that trace. */
  readonly trace?: ServerTrace
  /** Who served, when that differs from the manifest's. */
  readonly model?: string
  readonly fingerprint?: string
  /** Only with `--validate`, and only of whole answers; what was wrong stands in {@link RecordBase.notes}. */
  readonly quality?: 'passed' | 'failed'
  /** Only with `--save-text`. */
  readonly text?: string
  readonly reasoning?: string
}

export interface FailurePart {
  readonly stage: Stage
  /** A stable class within the outcome: `rejected`, `truncated`, `event_too_large`, `first-token`, `ECONNREFUSED`, ... */
  readonly reason: string
  /** Evidence for people, at most 500 characters, secrets removed. */
  readonly error?: string
}

/** Answered whole. */
export interface OkRecord extends RecordBase, SentPart, AnswerPart {
  readonly outcome: 'ok'
}

/** Answered with a status that is no success. Reason `rejected` for 429 and 503. */
export interface HttpErrorRecord extends RecordBase, SentPart, FailurePart {
  readonly outcome: 'http-error'
  readonly headersAt: number
  readonly status: number
}

/** The answer broke: cut, malformed, or the server said in the stream that it failed. */
export interface StreamErrorRecord extends RecordBase, SentPart, FailurePart, Partial<AnswerPart> {
  readonly outcome: 'stream-error'
}

/** A limit of time passed; `reason` names it: `connect`, `headers`, `first-token`, `idle`, `total`. */
export interface TimeoutRecord extends RecordBase, Partial<SentPart>, FailurePart, Partial<AnswerPart> {
  readonly outcome: 'timeout'
}

/** We gave up on it: the drain's grace ended, or the run was interrupted. */
export interface AbortedRecord extends RecordBase, Partial<SentPart>, FailurePart, Partial<AnswerPart> {
  readonly outcome: 'aborted'
}

/** It was due and never sent: the run ended while it waited for a permit. */
export interface DroppedRecord extends RecordBase {
  readonly outcome: 'dropped'
  readonly reason: string
}

/** No connection could be made. */
export interface RefusedRecord extends RecordBase, FailurePart {
  readonly outcome: 'refused'
  readonly connect?: ConnectTimings
}

export type RequestRecord =
  | OkRecord
  | HttpErrorRecord
  | StreamErrorRecord
  | TimeoutRecord
  | AbortedRecord
  | DroppedRecord
  | RefusedRecord

export type Outcome = RequestRecord['outcome']
