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

/** `toMicros` turns an instant into whole microseconds since the run's origin. */
export function createEventCollector(sentAt: number, toMicros: (at: number) => number): EventCollector {
  const us: number[] = []
  const kinds: EventKind[] = []
  const tokens: number[] = []
  const tokenAts: number[] = []
  let previous = toMicros(sentAt)
  let total = 0
  let irregular = false

  return {
    add(at, kind, count) {
      const micros = Math.max(previous, toMicros(at))
      us.push(micros - previous)
      previous = micros
      kinds.push(kind)
      tokens.push(count)
      total += count
      if (kind === 'o') return
      tokenAts.push(at)
      if (count !== 1) irregular = true
    },
    get firstTokenAt() {
      return tokenAts[0]
    },
    get lastTokenAt() {
      return tokenAts.at(-1)
    },
    get tokens() {
      return total
    },
    get isBuffered() {
      const lastAt = tokenAts.at(-1)
      if (lastAt === undefined || tokenAts.length < BUFFERED_MIN_EVENTS) return false
      const inBurst = tokenAts.filter((at) => lastAt - at <= BUFFERED_BURST_MS).length
      return inBurst > tokenAts.length * BUFFERED_SHARE && lastAt - sentAt >= BUFFERED_MIN_WAIT_MS
    },
    toLog: () => ({ us, kind: kinds.join(''), ...(irregular ? { tokens } : {}) }),
  }
}
