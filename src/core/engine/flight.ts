/** A request under way, as whoever sends it sees it: when it was due, what the transport has said so far, how long it may take. */
import type { Framing, HttpSpec } from '../call.ts'
import type { Timeouts } from '../plan.ts'
import type { TransportSink } from '../platform.ts'
import type { RequestRecord } from '../record.ts'
import type { Ending } from './capture.ts'

/** What the record says of what was asked. Plain data: it crosses threads. */
export interface Asked
  extends Pick<RequestRecord, 'n' | 'id' | 'item' | 'session' | 'turn' | 'askedInputTokens' | 'maxTokens'> {
  readonly framing: Framing
  readonly choices?: number
  /** It asked for token counts in the stream: a server may reject that. */
  readonly includesUsage: boolean
}

/** A request made ready before it is due, so that nothing but sending is left to do then. */
export interface Job {
  readonly asked: Asked
  readonly spec: HttpSpec
}

/** Why we gave up on a request that had not ended. */
export interface GivenUp {
  readonly at: number
  readonly outcome: 'timeout' | 'aborted'
  readonly reason: string
}

/** Where the transport reports, and what it has reported. */
export interface Trace extends TransportSink {
  readonly sentAt: number | undefined
  readonly headersAt: number | undefined
  readonly ending: Ending | undefined
  /** Body bytes since the start, decoded or not. */
  readonly totalBytes: number
}

/** What an answer has come to. */
export interface Look {
  /** Everything that came until then was decoded. */
  readonly at: number
  readonly lastTokenAt?: number
  /** The end mark was read. */
  readonly doneAt?: number
  /** Nothing that follows can mend it. */
  readonly isBroken: boolean
}

export interface Limits {
  readonly timeouts: Timeouts
  /** The answer comes in pieces, so that limits on its tokens have a meaning. */
  readonly stream: boolean
}

/** After the end mark the rest is read for so long, and so many bytes, that the connection stays usable. */
const DRAIN_AFTER_DONE_MS = 1000
const DRAIN_AFTER_DONE_BYTES = 64 * 1024
/** The transport limits the making of a connection; this is for a transport that does not. */
const CONNECT_SLACK = 2

export abstract class Flight {
  readonly asked: Asked
  readonly dueAt: number
  readonly startedAt: number
  readonly abort: AbortController = new AbortController()
  /** Set when the cap on what is in flight had held it back. */
  permitAt: number | undefined
  givenUp: GivenUp | undefined
  abstract readonly trace: Trace
  /** The deadlines need no look before this instant. */
  protected nextCheckAt = 0
  readonly #limits: Limits
  /** A limit on tokens may have passed by then, as far as was known at the last look. */
  #urgentAt: number | undefined
  #doneBytes: number | undefined

  constructor(asked: Asked, dueAt: number, startedAt: number, limits: Limits) {
    this.asked = asked
    this.dueAt = dueAt
    this.startedAt = startedAt
    this.#limits = limits
  }

  get ended(): boolean {
    return this.trace.ending !== undefined || this.givenUp !== undefined
  }

  /** The end mark came, or the answer broke, since the deadlines were last looked at. */
  protected abstract readonly hasNews: boolean

  /**
   * What the answer has come to; undefined: not known yet, look again soon. `isUrgent`: a limit on its tokens may have
   * passed; otherwise only its end is of interest.
   */
  protected abstract look(now: number, isUrgent: boolean): Look | undefined

  /** Is it time for {@link checkDeadlines}? Asked often, so it costs a few comparisons. */
  needsLook(now: number): boolean {
    return now >= this.nextCheckAt || this.hasNews
  }

  /**
   * Looks at the clock: which limit has passed? The answer has to be decoded for that, because comments and empty events
   * are no sign of life. A number: the end mark was seen at that instant and the connection lingers, or nothing that
   * follows can mend the answer. undefined: it may go on.
   */
  checkDeadlines(now: number): GivenUp | number | undefined {
    const { connectMs, headersMs, firstTokenMs, totalMs } = this.#limits.timeouts
    const { sentAt, headersAt } = this.trace
    // Sent and answered may be at any moment, and other limits hold from then on.
    this.nextCheckAt = headersAt === undefined ? now : Number.POSITIVE_INFINITY
    if (sentAt === undefined) return this.#passed(now, this.startedAt, connectMs * CONNECT_SLACK, 'connect')
    const total = this.#passed(now, sentAt, totalMs, 'total')
    if (total !== undefined) return total
    if (headersAt !== undefined) return this.#checkAnswer(now, sentAt)
    return this.#passed(now, sentAt, headersMs, 'headers') ?? this.#passed(now, sentAt, firstTokenMs, 'first-token')
  }

  #checkAnswer(now: number, sentAt: number): GivenUp | number | undefined {
    const { stream, timeouts } = this.#limits
    const firstTokenMs = (stream ? timeouts.firstTokenMs : undefined) ?? Number.POSITIVE_INFINITY
    const idleMs = (stream ? timeouts.idleMs : undefined) ?? Number.POSITIVE_INFINITY
    this.#urgentAt ??= sentAt + Math.min(firstTokenMs, idleMs)
    const isUrgent = now >= this.#urgentAt
    const look = this.look(now, isUrgent)
    if (look === undefined) {
      this.nextCheckAt = now
      return undefined
    }
    if (look.isBroken) return now
    if (look.doneAt !== undefined) return this.#checkDone(now, look.doneAt)
    if (isUrgent) {
      const { at, lastTokenAt } = look
      this.#urgentAt = lastTokenAt === undefined ? Math.min(sentAt + firstTokenMs, at + idleMs) : lastTokenAt + idleMs
      const given =
        lastTokenAt === undefined
          ? this.#passed(at, sentAt, firstTokenMs, 'first-token')
          : this.#passed(at, lastTokenAt, idleMs, 'idle')
      if (given !== undefined) return given
    }
    this.#checkAgainAt(this.#urgentAt)
    return undefined
  }

  #checkDone(now: number, doneAt: number): number | undefined {
    const { totalBytes } = this.trace
    this.#doneBytes ??= totalBytes
    if (now >= doneAt + DRAIN_AFTER_DONE_MS || totalBytes - this.#doneBytes > DRAIN_AFTER_DONE_BYTES) return doneAt
    this.#checkAgainAt(doneAt + DRAIN_AFTER_DONE_MS)
    return undefined
  }

  /** Has `limitMs` passed since `fromAt`? When not, it is noted as the next instant to look at. */
  #passed(at: number, fromAt: number, limitMs: number | undefined, reason: string): GivenUp | undefined {
    if (limitMs === undefined) return undefined
    if (at >= fromAt + limitMs) return { at, outcome: 'timeout', reason }
    this.#checkAgainAt(fromAt + limitMs)
    return undefined
  }

  #checkAgainAt(at: number): void {
    this.nextCheckAt = Math.min(this.nextCheckAt, at)
  }
}
