/** The main thread's reading of what load threads captured: decodes, makes records, and says what load threads ask about. */
import type { Platform } from '../../platform.ts'
import { Capture } from '../capture.ts'
import { Exchange, type ExchangeContext } from '../exchange.ts'
import type { Look } from '../flight.ts'
import { describeDropped, type RecordHooks } from '../local-desk.ts'
import { BatchReader } from './batch.ts'
import type { Batch, Note } from './words.ts'

/**
 * A stream is decoded so often, or when so much of it waits: many events of one stream together take a third of the time that
 * one event each of many streams do, since what belongs to a stream is then in the processor's caches.
 */
const DECODE_EVERY_MS = 200
const DECODE_BYTES = 32 * 1024
/** The longest that reading may keep the loop, ms: the rest of this thread's work is not urgent, yet it wants its turn. */
const SLICE_MS = 5

/** What is said to the thread that a batch came from. */
export interface Sender {
  readonly context: ExchangeContext
  /** To be added to its instants, ms. */
  readonly offsetMs: number
  redo(n: number): void
  seen(key: number, look: Look): void
  /** The batch was read; so many of its requests are done with. */
  taken(buffer: ArrayBuffer, settled: number): void
}

export interface Inbox {
  push(sender: Sender, batch: Batch): void
  /** The load thread is lost: what it had in flight, as far as it told, was given up at that instant. */
  abandon(sender: Sender, at: number): void
  /** Runs a task when all that was pushed before has been read. */
  after(task: () => void): void
  /** Nothing more will come. */
  close(): void
  /** Bytes in batches that wait to be read. */
  readonly waitingBytes: number
}

interface Delivery {
  readonly sender: Sender
  readonly reader: BatchReader
  /** Requests that were done with while it was read. */
  settled: number
}

/** Records come out in the order in which the requests of each load thread ended. */
export function openInbox(platform: Platform, hooks: RecordHooks): Inbox {
  const { clock } = platform
  const queue: (Delivery | (() => void))[] = []
  const exchanges = new Map<Sender, Map<number, Exchange>>()
  let isReading = false
  /** Streams to be decoded this time. */
  const round: [Sender, number, Exchange][] = []
  let roundTimer = setTimeout(() => startRound(), DECODE_EVERY_MS)
  let isClosed = false

  const openOf = (sender: Sender): Map<number, Exchange> => {
    const known = exchanges.get(sender)
    if (known !== undefined) return known
    const fresh = new Map<number, Exchange>()
    exchanges.set(sender, fresh)
    return fresh
  }

  const read = (): void => {
    isReading = false
    const until = clock.now() + SLICE_MS
    for (let head = queue[0]; head !== undefined; head = queue[0]) {
      if (typeof head === 'function') head()
      else if (!readDelivery(head, until)) return
      queue.shift()
    }
  }

  /** Whether it was read to its end; if not, reading goes on later. */
  const readDelivery = (delivery: Delivery, until: number): boolean => {
    const { sender, reader } = delivery
    const open = openOf(sender)
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      if ('chunk' in next) takeChunk(sender, open, next.key, next.at, next.chunk)
      else {
        const inflating = takeNote(sender, open, next)
        if (next[0] === 'close') delivery.settled++
        if (inflating !== undefined) {
          isReading = true
          void inflating.then(read)
          return false
        }
      }
      if (clock.now() >= until) {
        wake()
        return false
      }
    }
    sender.taken(reader.buffer, delivery.settled)
    return true
  }

  const wake = (): void => {
    isReading = true
    platform.nextTurn(read)
  }

  const takeChunk = (
    sender: Sender,
    open: ReadonlyMap<number, Exchange>,
    key: number,
    at: number,
    chunk: Uint8Array,
  ): void => {
    const exchange = open.get(key)
    // Given up on: what still comes is of no interest.
    if (exchange === undefined) return
    exchange.trace.bytes(at + sender.offsetMs, chunk)
    if (exchange.trace.pendingBytes > DECODE_BYTES) decode(sender, key, exchange)
  }

  /** Says it at once when the answer has come to its end: the connection may linger. */
  const decode = (sender: Sender, key: number, exchange: Exchange): void => {
    const wasOver = isOver(exchange)
    exchange.decodePending(Number.POSITIVE_INFINITY)
    if (wasOver || !isOver(exchange)) return
    const at = exchange.reader?.doneAt ?? clock.now()
    sender.seen(key, describeLook(exchange, at - sender.offsetMs, sender.offsetMs))
  }

  const decodeRunning = (): void => {
    const until = clock.now() + SLICE_MS
    for (let next = round.pop(); next !== undefined; next = round.pop()) {
      const [sender, key, exchange] = next
      if (exchange.trace.pendingBytes > 0 && exchange.trace.ending === undefined) decode(sender, key, exchange)
      if (clock.now() >= until) {
        platform.nextTurn(decodeRunning)
        return
      }
    }
    if (!isClosed) roundTimer = setTimeout(startRound, DECODE_EVERY_MS)
  }

  const startRound = (): void => {
    for (const [sender, open] of exchanges) for (const [key, exchange] of open) round.push([sender, key, exchange])
    decodeRunning()
  }

  /** Resolves when a compressed answer was decoded; undefined: nothing to wait for. */
  const takeNote = (sender: Sender, open: Map<number, Exchange>, note: Note): Promise<void> | undefined => {
    const { offsetMs } = sender
    if (note[0] === 'open') {
      const [, key, asked, dueAt, startedAt] = note
      const capture = new Capture(ignore, ignore)
      open.set(key, new Exchange(asked, dueAt + offsetMs, startedAt + offsetMs, sender.context, capture))
      return undefined
    }
    if (note[0] === 'drop') {
      const [, asked, dueAt, at, reason] = note
      hooks.onRecord(describeDropped(asked, sender.context, dueAt + offsetMs, at + offsetMs, reason), asked)
      return undefined
    }
    const exchange = open.get(note[1])
    if (exchange === undefined) return undefined
    switch (note[0]) {
      case 'opened':
        exchange.trace.opened({ ...note[2], startAt: note[2].startAt + offsetMs })
        break
      case 'sent':
        exchange.trace.sent(note[2] + offsetMs)
        break
      case 'headers':
        exchange.trace.headers(note[2] + offsetMs, note[3], note[4])
        break
      case 'end':
        exchange.trace.end(note[2] + offsetMs, note[3])
        break
      case 'error':
        exchange.trace.error(note[2] + offsetMs, note[3])
        break
      case 'look':
        exchange.decodePending(Number.POSITIVE_INFINITY)
        sender.seen(note[1], describeLook(exchange, note[2], offsetMs))
        break
      case 'close': {
        const [, key, permitAt, givenUp] = note
        if (permitAt !== null) exchange.permitAt = permitAt + offsetMs
        if (givenUp !== null) exchange.givenUp = { ...givenUp, at: givenUp.at + offsetMs }
        open.delete(key)
        exchange.decodePending(Number.POSITIVE_INFINITY)
        if (exchange.isCompressed) return exchange.inflatePending().then(() => settle(sender, exchange))
        settle(sender, exchange)
        break
      }
    }
    return undefined
  }

  const settle = (sender: Sender, exchange: Exchange): void => {
    if (hooks.onRecord(exchange.toRecord(), exchange.asked) === 'redo') sender.redo(exchange.asked.n)
  }

  const after = (task: () => void): void => {
    queue.push(task)
    if (!isReading) wake()
  }

  return {
    abandon(sender, at) {
      after(() => {
        const open = openOf(sender)
        exchanges.delete(sender)
        for (const exchange of open.values()) {
          exchange.givenUp = { at, outcome: 'aborted', reason: 'failed' }
          exchange.decodePending(Number.POSITIVE_INFINITY)
          settle(sender, exchange)
        }
      })
    },
    push(sender, batch) {
      queue.push({ sender, reader: new BatchReader(batch), settled: 0 })
      if (!isReading) wake()
    },
    after,
    close() {
      isClosed = true
      clearTimeout(roundTimer)
    },
    get waitingBytes() {
      return queue.reduce((sum, entry) => sum + ('reader' in entry ? entry.reader.pendingBytes : 0), 0)
    },
  }
}

function isOver({ reader }: Exchange): boolean {
  return reader !== undefined && (reader.doneAt !== undefined || reader.broken !== undefined)
}

function describeLook(exchange: Exchange, at: number, offsetMs: number): Look {
  const { reader } = exchange
  const lastTokenAt = reader?.lastTokenAt ?? (exchange.isCompressed ? exchange.trace.lastBytesAt : undefined)
  return {
    at,
    isBroken: reader?.broken !== undefined,
    ...(lastTokenAt === undefined ? {} : { lastTokenAt: lastTokenAt - offsetMs }),
    ...(reader?.doneAt === undefined ? {} : { doneAt: reader.doneAt - offsetMs }),
  }
}

function ignore(): void {}
