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
  /** Decode what has come so far of an exchange that goes on; it waits for those that have ended. */
  catchUp(exchange: Exchange): void
  /** Exchanges that have ended and are not decoded yet. */
  readonly waiting: number
  readonly waitingBytes: number
}

export function createDecodeQueue(platform: Platform, onDecoded: (exchange: Exchange) => void): DecodeQueue {
  const queue: Exchange[] = []
  const running = new Set<Exchange>()
  let head = 0
  let awake = false

  const wake = (): void => {
    if (awake || (head >= queue.length && running.size === 0)) return
    awake = true
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
    awake = false
    while (head < queue.length) {
      const exchange = queue[head]!
      if (exchange.isCompressed) {
        awake = true
        void exchange.inflatePending().then(() => {
          finish(exchange)
          awake = false
          wake()
        })
        return
      }
      if (!exchange.decodePending(until)) break
      finish(exchange)
      if (platform.clock.now() >= until) break
    }
    for (const exchange of running) {
      if (platform.clock.now() >= until) break
      if (exchange.ended || exchange.decodePending(until)) running.delete(exchange)
    }
    wake()
  }

  return {
    push(exchange) {
      queue.push(exchange)
      wake()
    },
    catchUp(exchange) {
      running.add(exchange)
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
