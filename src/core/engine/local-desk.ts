/** The desk of a phase that runs in one thread: what is captured is decoded here, between the reading of sockets. */
import type { Platform } from '../platform.ts'
import type { DroppedRecord, RequestRecord } from '../record.ts'
import { Capture } from './capture.ts'
import { createDecodeQueue } from './decode-queue.ts'
import type { Desk, Floor } from './dispatch.ts'
import { Exchange, type ExchangeContext } from './exchange.ts'
import type { Asked } from './flight.ts'

export interface RecordHooks {
  /** Each record as it is decoded. `redo`: send the same request once more (it was refused for how it was asked). */
  onRecord(record: RequestRecord, asked: Asked): 'keep' | 'redo'
}

export function openLocalDesk(
  platform: Platform,
  context: ExchangeContext,
  hooks: RecordHooks,
  floor: Floor<Exchange>,
): Desk<Exchange> {
  const decoding = createDecodeQueue(platform, floor.inFlight, floor.isSending, (exchange) => {
    if (hooks.onRecord(exchange.toRecord(), exchange.asked) === 'redo') floor.redo(exchange.asked.n)
    floor.settled()
  })
  return {
    open({ asked }, dueAt, events) {
      const capture = new Capture(
        (at) => events.sent(exchange, at),
        (at) => events.ended(exchange, at),
      )
      const exchange = new Exchange(asked, dueAt, platform.clock.now(), context, capture)
      return exchange
    },
    close: decoding.push,
    drop({ asked }, dueAt, at, reason) {
      hooks.onRecord(describeDropped(asked, context, dueAt, at, reason), asked)
    },
    tick: decoding.wake,
    get waiting() {
      return decoding.waiting
    },
    get undecodedBytes() {
      return decoding.waitingBytes
    },
  }
}

export function describeDropped(
  asked: Asked,
  context: ExchangeContext,
  dueAt: number,
  at: number,
  reason: string,
): DroppedRecord {
  const { framing: _, includesUsage: __, ...identity } = asked
  return {
    ...identity,
    scenario: context.scenario,
    phase: context.phase,
    ...(context.thread === undefined ? {} : { thread: context.thread }),
    dueAt: context.toRunMs(dueAt),
    endAt: context.toRunMs(at),
    outcome: 'dropped',
    reason,
  }
}
