/**
 * Decoding, off the capture path: in slices so short that no stream waits long to be stamped, one slice a turn of the
 * loop, with the reading of sockets in between. Records come out in the order in which requests ended.
 */
import type { Platform } from '../platform.ts'
import type { Exchange } from './exchange.ts'

/** The longest that decoding may keep the loop, ms. A tenth of the error that is acceptable at a high load. */
const SLICE_MS = 0.25

export interface DecodeQueue {
  /** An exchange has ended: decode what is left of it, then hand it to `onDecoded`. */
  push(exchange: Exchange): void
  /** Exchanges that have ended and are not decoded yet. */
  readonly waiting: number
  readonly waitingBytes: number
}

export function createDecodeQueue(platform: Platform, onDecoded: (exchange: Exchange) => void): DecodeQueue {
  const queue: Exchange[] = []
  let head = 0
  let running = false

  const wake = (): void => {
    if (running || head >= queue.length) return
    running = true
    platform.nextTurn(decodeSlice)
  }

  const finish = (exchange: Exchange): void => {
    head++
    if (head > 1024 && head * 2 > queue.length) {
      queue.splice(0, head)
      head = 0
    }
    onDecoded(exchange)
  }

  const decodeSlice = (): void => {
    const until = platform.clock.now() + SLICE_MS
    running = false
    while (head < queue.length) {
      const exchange = queue[head]!
      if (exchange.isCompressed) {
        running = true
        void exchange.inflatePending().then(() => {
          finish(exchange)
          running = false
          wake()
        })
        return
      }
      if (!exchange.decodePending(until)) break
      finish(exchange)
      if (platform.clock.now() >= until) break
    }
    wake()
  }

  return {
    push(exchange) {
      queue.push(exchange)
      wake()
    },
    get waiting() {
      return queue.length - head
    },
    get waitingBytes() {
      let bytes = 0
      for (let index = head; index < queue.length; index++) bytes += queue[index]!.capture.pendingBytes
      return bytes
    },
  }
}
