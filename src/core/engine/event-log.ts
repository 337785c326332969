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

/**
 * `toMicros` turns an instant into whole microseconds since the run's origin. Kept in typed arrays until the end: as lists of
 * numbers, the events of a thousand open streams are what the garbage collector copies again and again.
 */
export function createEventCollector(sentAt: number, toMicros: (at: number) => number): EventCollector {
  let us = new Float64Array(FIRST_CAPACITY)
  /** Tokens, and below them two bits of the kind. */
  let marks = new Float64Array(FIRST_CAPACITY)
  let length = 0
  let previous = toMicros(sentAt)
  let firstTokenAt: number | undefined
  let lastTokenAt: number | undefined
  let tokenEvents = 0
  let total = 0
  let irregular = false

  const grow = (): void => {
    us = copyTwice(us)
    marks = copyTwice(marks)
  }

  /** Events with tokens that came in the last moment before the last of them. */
  const countBurst = (): number => {
    let count = 0
    let sinceMicros = 0
    let afterLast = true
    for (let index = length - 1; index >= 0 && sinceMicros <= BUFFERED_BURST_MS * 1000; index--) {
      if (marks[index]! % 4 !== 3) {
        count++
        afterLast = false
      }
      if (!afterLast) sinceMicros += us[index]!
    }
    return count
  }

  return {
    add(at, kind, count) {
      const micros = Math.max(previous, toMicros(at))
      if (length === us.length) grow()
      us[length] = micros - previous
      marks[length++] = count * 4 + KINDS.indexOf(kind)
      previous = micros
      total += count
      if (kind === 'o') return
      firstTokenAt ??= at
      lastTokenAt = at
      tokenEvents++
      if (count !== 1) irregular = true
    },
    get firstTokenAt() {
      return firstTokenAt
    },
    get lastTokenAt() {
      return lastTokenAt
    },
    get tokens() {
      return total
    },
    get isBuffered() {
      if (lastTokenAt === undefined || tokenEvents < BUFFERED_MIN_EVENTS) return false
      return countBurst() > tokenEvents * BUFFERED_SHARE && lastTokenAt - sentAt >= BUFFERED_MIN_WAIT_MS
    },
    toLog() {
      const used = marks.subarray(0, length)
      const kinds = Array.from(used, (mark) => KINDS[mark % 4]!)
      return {
        us: Array.from(us.subarray(0, length)),
        kind: kinds.join(''),
        ...(irregular ? { tokens: Array.from(used, (mark) => Math.floor(mark / 4)) } : {}),
      }
    },
  }
}

function copyTwice(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(values.length * 2)
  grown.set(values)
  return grown
}
