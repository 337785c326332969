/** One request from the moment it is due to its record. */
import type { Adapter } from '../adapter.ts'
import type { Call, HttpSpec } from '../call.ts'
import type { Timeouts } from '../plan.ts'
import type { Clock, Inflater, TransportError } from '../platform.ts'
import type { ConnectTimings, Phase, RequestRecord, Stage } from '../record.ts'
import { type AnswerReader, createAnswerReader } from './answer.ts'
import { Capture } from './capture.ts'

/** A request made ready before it is due, so that nothing but sending is left to do then. */
export interface Job {
  readonly n: number
  readonly id: string
  readonly call: Call
  readonly spec: HttpSpec
  /** It asked for token counts in the stream: a server may reject that. */
  readonly includesUsage: boolean
}

/** What all exchanges of a phase have in common. */
export interface ExchangeContext {
  readonly scenario: string
  readonly phase: Phase
  readonly adapter: Adapter
  readonly stream: boolean
  readonly model: string
  /** What the manifest says, once it is known. */
  readonly fingerprint: () => string | undefined
  readonly timeouts: Timeouts
  readonly saveText: boolean
  readonly clock: Clock
  /** Platform clock to milliseconds since the run's origin, in whole microseconds. */
  readonly toRunMs: (at: number) => number
  readonly countTokens?: (text: string) => number
  readonly inflate?: (coding: string) => Inflater
}

/** Why we gave up on a request that had not ended. */
export interface GivenUp {
  readonly at: number
  readonly outcome: 'timeout' | 'aborted'
  readonly reason: string
}

/** Which request it was: what every record has, whatever became of it. */
type Identity = Pick<
  RequestRecord,
  | 'n'
  | 'id'
  | 'scenario'
  | 'phase'
  | 'item'
  | 'session'
  | 'turn'
  | 'dueAt'
  | 'permitAt'
  | 'askedInputTokens'
  | 'maxTokens'
>

/** Has `limitMs` passed since `fromAt`? When not, it is noted as the next instant to look at. */
type LimitCheck = (fromAt: number, limitMs: number | undefined, reason: string) => GivenUp | undefined

/** The longest that one look at the clock may decode, ms; a long backlog takes several looks. */
const LOOK_SLICE_MS = 0.25
/** After the end mark the rest is read for so long, and so many bytes, that the connection stays usable. */
const DRAIN_AFTER_DONE_MS = 1000
const DRAIN_AFTER_DONE_BYTES = 64 * 1024
/** The transport limits the making of a connection; this is for a transport that does not. */
const CONNECT_SLACK = 2

export class Exchange {
  readonly job: Job
  readonly dueAt: number
  readonly capture: Capture
  readonly abort: AbortController = new AbortController()
  readonly startedAt: number
  /** Set when the cap on what is in flight had held it back. */
  permitAt: number | undefined
  givenUp: GivenUp | undefined
  /** The deadlines need no look before this instant. */
  nextCheckAt = 0
  readonly #context: ExchangeContext
  #reader: AnswerReader | undefined
  #inflater: Inflater | undefined
  #inflateError: TransportError | undefined
  #doneBytes: number | undefined

  constructor(
    job: Job,
    dueAt: number,
    context: ExchangeContext,
    onSent: (exchange: Exchange, at: number) => void,
    onEnd: (exchange: Exchange, at: number) => void,
  ) {
    this.job = job
    this.dueAt = dueAt
    this.#context = context
    this.startedAt = context.clock.now()
    this.capture = new Capture(
      (at) => onSent(this, at),
      (at) => onEnd(this, at),
    )
  }

  get ended(): boolean {
    return this.capture.ending !== undefined || this.givenUp !== undefined
  }

  /** Token instants and counts as far as decoded; for deadlines and live figures. */
  get reader(): AnswerReader | undefined {
    return this.#reader
  }

  /** Its answer is compressed: {@link inflatePending} must run before {@link decodePending} has anything to do. */
  get isCompressed(): boolean {
    const coding = this.#headers().get('content-encoding')
    return coding !== undefined && coding !== '' && coding.toLowerCase() !== 'identity'
  }

  /** Decodes what was captured, until `until` on the clock; true when nothing is left. */
  decodePending(until: number): boolean {
    if (this.isCompressed) return this.capture.pendingBytes === 0
    for (;;) {
      const next = this.capture.take()
      if (next === undefined) return true
      this.#openReader().feed(next.at, next.chunk)
      if (this.#context.clock.now() >= until) return this.capture.pendingBytes === 0
    }
  }

  /** Decompresses and decodes what was captured, chunk by chunk, so that each event keeps its chunk's instant. */
  async inflatePending(): Promise<void> {
    const reader = this.#openReader()
    try {
      this.#inflater ??= this.#context.inflate?.(this.#headers().get('content-encoding') ?? '')
      if (this.#inflater === undefined) throw new Error('this runtime cannot decompress it')
      for (let next = this.capture.take(); next !== undefined; next = this.capture.take()) {
        reader.feed(next.at, await this.#inflater.push(next.chunk))
      }
      const ending = this.capture.ending
      if (ending !== undefined) reader.feed(ending.at, await this.#inflater.finish())
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown)
      this.#inflateError ??= { stage: 'decode', code: 'content_coding', message }
    }
  }

  /** Is it time for {@link checkDeadlines}? Asked often, so it costs a few comparisons. */
  needsLook(now: number): boolean {
    return now >= this.nextCheckAt || this.#reader?.doneAt !== undefined || this.#reader?.broken !== undefined
  }

  /**
   * Looks at the clock: which limit has passed? Decodes a slice of what is pending, because comments and empty events are
   * no sign of life. `done`: the end mark was seen and the connection lingers, or nothing that follows can mend the
   * answer. undefined when the request may go on; `nextCheckAt` then says when to look again.
   */
  checkDeadlines(now: number): GivenUp | 'done' | undefined {
    const { timeouts } = this.#context
    const sentAt = this.capture.sentAt
    if (sentAt === undefined) {
      const limitAt = this.startedAt + timeouts.connectMs * CONNECT_SLACK
      this.nextCheckAt = limitAt
      return now >= limitAt ? { at: now, outcome: 'timeout', reason: 'connect' } : undefined
    }
    const passed: LimitCheck = (fromAt, limitMs, reason) => {
      if (limitMs === undefined) return undefined
      const limitAt = fromAt + limitMs
      if (now >= limitAt) return { at: now, outcome: 'timeout', reason }
      this.nextCheckAt = Math.min(this.nextCheckAt, limitAt)
      return undefined
    }
    this.nextCheckAt = Number.POSITIVE_INFINITY
    const total = passed(sentAt, timeouts.totalMs, 'total')
    if (total !== undefined) return total
    if (this.capture.headersAt === undefined) {
      if (timeouts.idleMs !== undefined) this.nextCheckAt = Math.min(this.nextCheckAt, now + timeouts.idleMs)
      return passed(sentAt, timeouts.headersMs, 'headers') ?? passed(sentAt, timeouts.firstTokenMs, 'first-token')
    }
    return this.#checkAnswer(now, sentAt, passed)
  }

  #checkAnswer(now: number, sentAt: number, passed: LimitCheck): GivenUp | 'done' | undefined {
    if (!this.decodePending(now + LOOK_SLICE_MS)) {
      this.nextCheckAt = now
      return undefined
    }
    const finished = this.#checkDone(now)
    if (finished !== undefined || this.#reader?.doneAt !== undefined || !this.#context.stream) return finished
    const lastTokenAt = this.#reader?.lastTokenAt ?? (this.isCompressed ? this.capture.lastBytesAt : undefined)
    const { firstTokenMs, idleMs } = this.#context.timeouts
    if (lastTokenAt !== undefined) return passed(lastTokenAt, idleMs, 'idle')
    if (idleMs !== undefined) this.nextCheckAt = Math.min(this.nextCheckAt, now + idleMs)
    return passed(sentAt, firstTokenMs, 'first-token')
  }

  #checkDone(now: number): 'done' | undefined {
    if (this.#reader?.broken !== undefined) return 'done'
    const doneAt = this.#reader?.doneAt
    if (doneAt === undefined) return undefined
    this.#doneBytes ??= this.capture.totalBytes
    if (now >= doneAt + DRAIN_AFTER_DONE_MS) return 'done'
    if (this.capture.totalBytes - this.#doneBytes > DRAIN_AFTER_DONE_BYTES) return 'done'
    this.nextCheckAt = Math.min(this.nextCheckAt, doneAt + DRAIN_AFTER_DONE_MS)
    return undefined
  }

  /** The record. Everything captured must have been decoded. */
  toRecord(): RequestRecord {
    const { toRunMs } = this.#context
    const { ending, sentAt } = this.capture
    const endAt = toRunMs(this.givenUp?.at ?? ending?.at ?? this.#context.clock.now())
    const base = {
      ...this.#identity(),
      endAt,
      ...(this.capture.attempts > 1 ? { attempts: this.capture.attempts } : {}),
    }
    const sent = sentAt === undefined ? undefined : { sentAt: toRunMs(sentAt), ...this.#connect() }
    if (this.givenUp !== undefined) {
      const { outcome, reason } = this.givenUp
      return { ...base, ...sent, ...this.#answerSoFar(), outcome, stage: this.#stage(), reason }
    }
    if (sent === undefined || ending === undefined) return this.#unsentRecord(base)
    if (this.capture.headersAt === undefined) {
      const error = ending.kind === 'error' ? ending.error : NO_ANSWER
      return { ...base, ...sent, outcome: 'stream-error', ...describe(error) }
    }
    // A reader that was not given up on names the outcome.
    return { ...base, ...sent, ...this.#openReader().finish(this.#readerEnding()) } as RequestRecord
  }

  #identity(): Identity {
    const { job } = this
    const { call } = job
    return {
      n: job.n,
      id: job.id,
      scenario: this.#context.scenario,
      phase: this.#context.phase,
      item: call.item,
      ...(call.session === undefined ? {} : { session: call.session }),
      ...(call.turn === undefined ? {} : { turn: call.turn }),
      dueAt: this.#context.toRunMs(this.dueAt),
      ...(this.permitAt === undefined ? {} : { permitAt: this.#context.toRunMs(this.permitAt) }),
      ...(call.askedInputTokens === undefined ? {} : { askedInputTokens: call.askedInputTokens }),
      ...(call.maxTokens === undefined ? {} : { maxTokens: call.maxTokens }),
    }
  }

  #connect(): { connect?: ConnectTimings } {
    const opened = this.capture.connection
    if (opened === undefined) return {}
    const part = <Name extends string>(name: Name, ms: number | undefined): Partial<Record<Name, number>> =>
      ms === undefined ? {} : ({ [name]: Math.round(ms * 1000) / 1000 } as Record<Name, number>)
    return {
      connect: {
        startAt: this.#context.toRunMs(opened.startAt),
        ...part('dnsMs', opened.dnsMs),
        ...part('connectMs', opened.connectMs),
        ...part('tlsMs', opened.tlsMs),
      },
    }
  }

  #unsentRecord(base: Identity & { readonly endAt: number }): RequestRecord {
    const ending = this.capture.ending
    const error = ending?.kind === 'error' ? ending.error : NO_ANSWER
    if (error.code.endsWith('TIMEOUT')) return { ...base, outcome: 'timeout', ...describe(error), reason: 'connect' }
    return { ...base, ...this.#connect(), outcome: 'refused', ...describe(error) }
  }

  #answerSoFar(): object {
    if (this.capture.headersAt === undefined) return {}
    return this.#openReader().finish({ givenUp: true })
  }

  #readerEnding(): Parameters<AnswerReader['finish']>[0] {
    if (this.#inflateError !== undefined) return { error: this.#inflateError }
    const ending = this.capture.ending
    if (ending === undefined) return { how: 'complete' }
    return ending.kind === 'end' ? { how: ending.how } : { error: ending.error }
  }

  #stage(): Stage {
    if (this.capture.sentAt === undefined) return 'connect'
    return this.capture.headersAt === undefined ? 'headers' : 'body'
  }

  #headersMap: ReadonlyMap<string, string> | undefined

  #headers(): ReadonlyMap<string, string> {
    if (this.capture.headersAt === undefined) return NO_HEADERS
    this.#headersMap ??= new Map(this.capture.headerPairs.map(([name, value]) => [name.toLowerCase(), value]))
    return this.#headersMap
  }

  #openReader(): AnswerReader {
    if (this.#reader !== undefined) return this.#reader
    const context = this.#context
    const { call, spec } = this.job
    const fingerprint = context.fingerprint()
    this.#reader = createAnswerReader({
      sentAt: this.capture.sentAt ?? this.startedAt,
      headersAt: this.capture.headersAt ?? this.startedAt,
      status: this.capture.status,
      headers: this.#headers(),
      asked: {
        framing: spec.framing,
        stream: context.stream,
        ...(call.maxTokens === undefined ? {} : { maxTokens: call.maxTokens }),
      },
      adapter: context.adapter,
      manifestModel: context.model,
      ...(fingerprint === undefined ? {} : { manifestFingerprint: fingerprint }),
      saveText: context.saveText,
      toRunMs: context.toRunMs,
      ...(context.countTokens === undefined ? {} : { countTokens: context.countTokens }),
    })
    return this.#reader
  }
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map()
const NO_ANSWER: TransportError = {
  stage: 'headers',
  code: 'no_answer',
  message: 'the connection ended without an answer',
}

function describe(error: TransportError): { stage: Stage; reason: string; error: string } {
  return { stage: error.stage, reason: error.code, error: error.message.slice(0, 500) }
}
