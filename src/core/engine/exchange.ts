/** One request from the moment it is due to its record. */
import type { Adapter } from '../adapter.ts'
import type { Timeouts } from '../plan.ts'
import type { Clock, Inflater, TransportError } from '../platform.ts'
import type { ConnectTimings, Phase, RequestRecord, Stage } from '../record.ts'
import { type AnswerFields, type AnswerReader, createAnswerReader } from './answer.ts'
import type { Capture } from './capture.ts'
import { type Asked, Flight, type Look } from './flight.ts'

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
  /** Which of several threads carries it. */
  readonly thread?: number
}

/** Which request it was: what every record has, whatever became of it. */
type Identity = Omit<Asked, 'framing' | 'choices' | 'includesUsage'> &
  Pick<RequestRecord, 'scenario' | 'phase' | 'thread' | 'dueAt' | 'permitAt'>

/** The longest that one look at the clock may decode, ms; a long backlog takes several looks. */
const LOOK_SLICE_MS = 0.25

/** A flight whose answer is decoded here. */
export class Exchange extends Flight {
  readonly trace: Capture
  readonly #context: ExchangeContext
  #reader: AnswerReader | undefined
  #inflater: Inflater | undefined
  #inflateError: TransportError | undefined

  constructor(asked: Asked, dueAt: number, startedAt: number, context: ExchangeContext, trace: Capture) {
    super(asked, dueAt, startedAt, context)
    this.#context = context
    this.trace = trace
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
    if (this.isCompressed) return this.trace.pendingBytes === 0
    for (;;) {
      const next = this.trace.take()
      if (next === undefined) return true
      this.#openReader().feed(next.at, next.chunk)
      if (this.#context.clock.now() >= until) return this.trace.pendingBytes === 0
    }
  }

  /** Decompresses and decodes what was captured, chunk by chunk, so that each event keeps its chunk's instant. */
  async inflatePending(): Promise<void> {
    const reader = this.#openReader()
    try {
      this.#inflater ??= this.#context.inflate?.(this.#headers().get('content-encoding') ?? '')
      if (this.#inflater === undefined) throw new Error('this runtime cannot decompress it')
      for (let next = this.trace.take(); next !== undefined; next = this.trace.take()) {
        reader.feed(next.at, await this.#inflater.push(next.chunk))
      }
      const ending = this.trace.ending
      if (ending !== undefined) reader.feed(ending.at, await this.#inflater.finish())
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown)
      this.#inflateError ??= { stage: 'decode', code: 'content_coding', message }
    }
  }

  protected override get hasNews(): boolean {
    return this.#reader?.doneAt !== undefined || this.#reader?.broken !== undefined
  }

  /** Decodes a slice of what is pending. */
  protected override look(now: number): Look | undefined {
    if (!this.decodePending(now + LOOK_SLICE_MS)) return undefined
    const reader = this.#reader
    const lastTokenAt = reader?.lastTokenAt ?? (this.isCompressed ? this.trace.lastBytesAt : undefined)
    return {
      at: now,
      isBroken: reader?.broken !== undefined,
      ...(lastTokenAt === undefined ? {} : { lastTokenAt }),
      ...(reader?.doneAt === undefined ? {} : { doneAt: reader.doneAt }),
    }
  }

  /** The record. Everything captured must have been decoded. */
  toRecord(): RequestRecord {
    const { toRunMs } = this.#context
    const { ending, sentAt } = this.trace
    const endAt = toRunMs(this.givenUp?.at ?? ending?.at ?? this.#context.clock.now())
    const base = {
      ...this.#identity(),
      endAt,
      ...(this.trace.attempts > 1 ? { attempts: this.trace.attempts } : {}),
    }
    const sent = sentAt === undefined ? undefined : { sentAt: toRunMs(sentAt), ...this.#connect() }
    if (this.givenUp !== undefined) {
      const { outcome, reason } = this.givenUp
      const soFar = this.#answerSoFar()
      // A refusal stays one, though its words did not come in time.
      if (outcome === 'timeout' && soFar.outcome === 'http-error')
        return { ...base, ...sent, ...soFar } as RequestRecord
      return { ...base, ...sent, ...soFar, outcome, stage: this.#stage(), reason }
    }
    if (sent === undefined || ending === undefined) return this.#unsentRecord(base)
    if (this.trace.headersAt === undefined) {
      const error = ending.kind === 'error' ? ending.error : NO_ANSWER
      return { ...base, ...sent, outcome: 'stream-error', ...describe(error) }
    }
    // A reader that was not given up on names the outcome.
    return { ...base, ...sent, ...this.#openReader().finish(this.#readerEnding()) } as RequestRecord
  }

  #identity(): Identity {
    const { framing: _, choices: __, includesUsage: ___, ...asked } = this.asked
    return {
      ...asked,
      scenario: this.#context.scenario,
      phase: this.#context.phase,
      ...(this.#context.thread === undefined ? {} : { thread: this.#context.thread }),
      dueAt: this.#context.toRunMs(this.dueAt),
      ...(this.permitAt === undefined ? {} : { permitAt: this.#context.toRunMs(this.permitAt) }),
    }
  }

  #connect(): { connect?: ConnectTimings } {
    const opened = this.trace.connection
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
    const ending = this.trace.ending
    const error = ending?.kind === 'error' ? ending.error : NO_ANSWER
    if (error.code.endsWith('TIMEOUT')) return { ...base, outcome: 'timeout', ...describe(error), reason: 'connect' }
    return { ...base, ...this.#connect(), outcome: 'refused', ...describe(error) }
  }

  #answerSoFar(): Partial<AnswerFields> {
    if (this.trace.headersAt === undefined) return {}
    return this.#openReader().finish({ givenUp: true })
  }

  #readerEnding(): Parameters<AnswerReader['finish']>[0] {
    if (this.#inflateError !== undefined) return { error: this.#inflateError }
    const ending = this.trace.ending
    if (ending === undefined) return { how: 'complete' }
    return ending.kind === 'end' ? { how: ending.how } : { error: ending.error }
  }

  #stage(): Stage {
    if (this.trace.sentAt === undefined) return 'connect'
    return this.trace.headersAt === undefined ? 'headers' : 'body'
  }

  #headersMap: ReadonlyMap<string, string> | undefined

  #headers(): ReadonlyMap<string, string> {
    if (this.trace.headersAt === undefined) return NO_HEADERS
    this.#headersMap ??= new Map(this.trace.headerPairs.map(([name, value]) => [name.toLowerCase(), value]))
    return this.#headersMap
  }

  #openReader(): AnswerReader {
    if (this.#reader !== undefined) return this.#reader
    const context = this.#context
    const { framing, maxTokens, choices } = this.asked
    const fingerprint = context.fingerprint()
    this.#reader = createAnswerReader({
      sentAt: this.trace.sentAt ?? this.startedAt,
      headersAt: this.trace.headersAt ?? this.startedAt,
      status: this.trace.status,
      headers: this.#headers(),
      asked: {
        framing,
        stream: context.stream,
        ...(maxTokens === undefined ? {} : { maxTokens }),
        ...(choices === undefined ? {} : { choices }),
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
