/**
 * Decoding, off the capture path. While streams are in flight it takes a small share of the loop, in slices with the
 * reading of sockets in between: steadily, so that a wave of answers that end together leaves little to do just when the
 * first tokens of the next wave are due. Records come out in the order in which requests ended.
 */
import type { Platform } from '../platform.ts'
import type { Exchange } from './exchange.ts'

/** The longest that decoding may keep the loop, ms, and the pause after it: a sixth of the loop at most. */
const SLICE_MS = 0.2
const PAUSE_MS = 1
/** A pause that lasts so much longer than the shortest one seen means that the loop has better to do: read and send. */
const BUSY_MS = 2
/** However busy it is, so often there is a slice, ms: records keep coming, even on a machine that is never idle. */
const LONGEST_SKIP_MS = 25
/** With so many bytes waiting, memory matters more: the collector's pauses grow with it. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024
const FULL_SLICE_MS = 10

export interface DecodeQueue {
  /** An exchange has ended: decode what is left of it, then hand it to `onDecoded`. */
  push(exchange: Exchange): void
  /** There may be something to decode. Asked about fifty times a second. */
  wake(): void
  /** Exchanges that have ended and are not decoded yet. */
  readonly waiting: number
  /** Captured bytes not decoded yet, of all exchanges. */
  readonly waitingBytes: number
}

export function createDecodeQueue(
  platform: Platform,
  inFlight: ReadonlySet<Exchange>,
  isSending: () => boolean,
  onDecoded: (exchange: Exchange) => void,
): DecodeQueue {
  const { clock } = platform
  const ended: Exchange[] = []
  let head = 0
  /** Streams that go on, each to be looked at once a round. */
  let round: Exchange[] = []
  let scheduled = false
  let pausedAt: number | undefined
  let shortestPauseMs = Number.POSITIVE_INFINITY
  let slicedAt = clock.now()
  let isFull = false

  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    isFull = countWaitingBytes() > MOST_WAITING_BYTES
    if (inFlight.size === 0 || isFull) {
      pausedAt = undefined
      platform.nextTurn(decodeSlice)
    } else {
      pausedAt = clock.now()
      setTimeout(decodeSlice, PAUSE_MS)
    }
  }

  const decodeSlice = (): void => {
    scheduled = false
    if (isBusy()) {
      schedule()
      return
    }
    slicedAt = clock.now()
    const until = slicedAt + (isFull ? FULL_SLICE_MS : SLICE_MS)
    if (decodeEnded(until) || decodeRunning(until)) schedule()
  }

  const isBusy = (): boolean => {
    if (pausedAt === undefined) return false
    const pauseMs = clock.now() - pausedAt
    shortestPauseMs = Math.min(shortestPauseMs, pauseMs)
    if (clock.now() - slicedAt >= LONGEST_SKIP_MS) return false
    return isSending() || pauseMs > shortestPauseMs + BUSY_MS
  }

  /** Whether there is more to do. */
  const decodeEnded = (until: number): boolean => {
    while (head < ended.length) {
      const exchange = ended[head]!
      if (exchange.isCompressed) {
        scheduled = true
        void exchange.inflatePending().then(() => {
          scheduled = false
          finish(exchange)
          schedule()
        })
        return false
      }
      if (!exchange.decodePending(until)) return true
      finish(exchange)
      if (clock.now() >= until) return true
    }
    return false
  }

  const decodeRunning = (until: number): boolean => {
    if (round.length === 0) round = [...inFlight].filter((exchange) => exchange.trace.pendingBytes > 0)
    for (let exchange = round.pop(); exchange !== undefined; exchange = round.pop()) {
      if (exchange.ended || exchange.isCompressed) continue
      exchange.decodePending(until)
      if (clock.now() >= until) return true
    }
    return false
  }

  const finish = (exchange: Exchange): void => {
    head++
    if (head > 1024 && head * 2 > ended.length) {
      ended.splice(0, head)
      head = 0
    }
    onDecoded(exchange)
  }

  const countWaitingBytes = (): number => {
    let bytes = 0
    for (let index = head; index < ended.length; index++) bytes += ended[index]!.trace.pendingBytes
    for (const exchange of inFlight) bytes += exchange.trace.pendingBytes
    return bytes
  }

  return {
    push(exchange) {
      ended.push(exchange)
      schedule()
    },
    wake: schedule,
    get waiting() {
      return ended.length - head
    },
    get waitingBytes() {
      return countWaitingBytes()
    },
  }
}
