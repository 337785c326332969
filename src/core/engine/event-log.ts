/** Collects the events of one answer: when each came, of what kind, and how many tokens it is known to carry. */
import type { EventKind, EventLog } from '../record.ts'

export interface EventCollector {
  /** `tokens` is 0 for kind `o` and at least 1 for the others. */
  add(at: number, kind: EventKind, tokens: number): void
  readonly firstTokenAt: number | undefined
  readonly lastTokenAt: number | undefined
  /** Sum over all events. */
  readonly tokens: number
  /** Nearly all came in one burst long after sending: something between us and the server held them back. */
  readonly isBuffered: boolean
  toLog(): EventLog
}

/** Fewer events than this say nothing about buffering. */
const BUFFERED_MIN_EVENTS = 10
const BUFFERED_SHARE = 0.9
const BUFFERED_BURST_MS = 1
const BUFFERED_MIN_WAIT_MS = 100

const KINDS: readonly EventKind[] = ['t', 'r', 'c', 'o']
const FIRST_CAPACITY = 64

/** `toMicros` turns an instant into whole microseconds since the run's origin. */
export function createEventCollector(sentAt: number, toMicros: (at: number) => number): EventCollector {
  return new ArrayCollector(sentAt, toMicros)
}

/**
 * Kept in typed arrays until the end: as lists of numbers, the events of a thousand open streams are what the garbage collector
 * copies again and again.
 */
class ArrayCollector implements EventCollector {
  firstTokenAt: number | undefined
  lastTokenAt: number | undefined
  tokens = 0
  readonly #sentAt: number
  readonly #toMicros: (at: number) => number
  #us = new Float64Array(FIRST_CAPACITY)
  /** Tokens, and below them two bits of the kind. */
  #marks = new Float64Array(FIRST_CAPACITY)
  #length = 0
  #previous: number
  #tokenEvents = 0
  #irregular = false

  constructor(sentAt: number, toMicros: (at: number) => number) {
    this.#sentAt = sentAt
    this.#toMicros = toMicros
    this.#previous = toMicros(sentAt)
  }

  add(at: number, kind: EventKind, count: number): void {
    const micros = Math.max(this.#previous, this.#toMicros(at))
    if (this.#length === this.#us.length) {
      this.#us = copyTwice(this.#us)
      this.#marks = copyTwice(this.#marks)
    }
    this.#us[this.#length] = micros - this.#previous
    this.#marks[this.#length++] = count * 4 + KINDS.indexOf(kind)
    this.#previous = micros
    this.tokens += count
    if (kind === 'o') return
    this.firstTokenAt ??= at
    this.lastTokenAt = at
    this.#tokenEvents++
    if (count !== 1) this.#irregular = true
  }

  get isBuffered(): boolean {
    if (this.lastTokenAt === undefined || this.#tokenEvents < BUFFERED_MIN_EVENTS) return false
    return (
      this.#countBurst() > this.#tokenEvents * BUFFERED_SHARE && this.lastTokenAt - this.#sentAt >= BUFFERED_MIN_WAIT_MS
    )
  }

  /** Events with tokens that came in the last moment before the last of them. */
  #countBurst(): number {
    let count = 0
    let sinceMicros = 0
    let afterLast = true
    for (let index = this.#length - 1; index >= 0 && sinceMicros <= BUFFERED_BURST_MS * 1000; index--) {
      if (this.#marks[index]! % 4 !== 3) {
        count++
        afterLast = false
      }
      if (!afterLast) sinceMicros += this.#us[index]!
    }
    return count
  }

  toLog(): EventLog {
    const used = this.#marks.subarray(0, this.#length)
    const kinds = Array.from(used, (mark) => KINDS[mark % 4]!)
    return {
      us: Array.from(this.#us.subarray(0, this.#length)),
      kind: kinds.join(''),
      ...(this.#irregular ? { tokens: Array.from(used, (mark) => Math.floor(mark / 4)) } : {}),
    }
  }
}

function copyTwice(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(values.length * 2)
  grown.set(values)
  return grown
}
