/** The desk of a load thread: nothing is decoded here, everything goes to the main thread in batches. */
import type { ConnectionOpened, TransportError } from '../../platform.ts'
import type { Ending } from '../capture.ts'
import type { Desk, FlightEvents, Floor } from '../dispatch.ts'
import { type Asked, Flight, type Limits, type Look, type Trace } from '../flight.ts'
import type { BatchWriter } from './batch.ts'

/** On the capture path: stamps are noted, bytes copied into the batch. */
class RelayTrace implements Trace {
  sentAt: number | undefined
  headersAt: number | undefined
  ending: Ending | undefined
  totalBytes = 0
  readonly #key: number
  readonly #writer: BatchWriter
  readonly #flight: RelayFlight
  readonly #events: FlightEvents<RelayFlight>

  constructor(key: number, writer: BatchWriter, flight: RelayFlight, events: FlightEvents<RelayFlight>) {
    this.#key = key
    this.#writer = writer
    this.#flight = flight
    this.#events = events
  }

  opened(connection: ConnectionOpened): void {
    this.#writer.note(['opened', this.#key, connection])
  }

  sent(at: number): void {
    this.sentAt = at
    this.#writer.note(['sent', this.#key, at])
    this.#events.sent(this.#flight, at)
  }

  headers(at: number, status: number, headers: readonly (readonly [string, string])[]): void {
    this.headersAt = at
    this.#writer.note(['headers', this.#key, at, status, headers])
  }

  bytes(at: number, chunk: Uint8Array): void {
    this.totalBytes += chunk.length
    this.#writer.chunk(this.#key, at, chunk)
  }

  end(at: number, how: 'complete' | 'closed'): void {
    if (this.ending !== undefined) return
    this.ending = { kind: 'end', at, how }
    this.#writer.note(['end', this.#key, at, how])
    this.#events.ended(this.#flight, at)
  }

  error(at: number, error: TransportError): void {
    if (this.ending !== undefined) return
    this.ending = { kind: 'error', at, error }
    this.#writer.note(['error', this.#key, at, error])
    this.#events.ended(this.#flight, at)
  }
}

/** A flight whose answer is decoded elsewhere: what it has come to is asked for when a limit of time depends on it. */
export class RelayFlight extends Flight {
  readonly key: number
  readonly trace: Trace
  readonly #writer: BatchWriter
  #isAsking = false
  #seen: Look | undefined
  #isNews = false

  constructor(
    key: number,
    asked: Asked,
    dueAt: number,
    startedAt: number,
    limits: Limits,
    writer: BatchWriter,
    events: FlightEvents<RelayFlight>,
  ) {
    super(asked, dueAt, startedAt, limits)
    this.key = key
    this.trace = new RelayTrace(key, writer, this, events)
    this.#writer = writer
    writer.note(['open', key, asked, dueAt, startedAt])
  }

  /** The main thread's answer, or its word that the answer has ended. */
  see(look: Look): void {
    this.#seen = look
    this.#isNews = true
    this.#isAsking = false
  }

  protected override get hasNews(): boolean {
    return this.#isNews
  }

  protected override look(now: number, isUrgent: boolean): Look | undefined {
    const seen = this.#seen
    const isOver = seen !== undefined && (seen.isBroken || seen.doneAt !== undefined)
    if (isOver || (this.#isNews && seen !== undefined)) {
      this.#isNews = false
      return seen
    }
    if (!isUrgent) return { at: now, isBroken: false }
    if (!this.#isAsking) this.#writer.note(['look', this.key, now])
    this.#isAsking = true
    return undefined
  }
}

export interface RelayDesk extends Desk<RelayFlight> {
  see(key: number, look: Look): void
  /** So many requests are done with. */
  settle(count: number): void
}

export function openRelayDesk(
  limits: Limits,
  writer: BatchWriter,
  now: () => number,
  nextKey: () => number,
  floor: Floor<RelayFlight>,
): RelayDesk {
  const flights = new Map<number, RelayFlight>()
  let waiting = 0
  return {
    open({ asked }, dueAt, events) {
      const flight = new RelayFlight(nextKey(), asked, dueAt, now(), limits, writer, events)
      flights.set(flight.key, flight)
      return flight
    },
    close(flight) {
      waiting++
      flights.delete(flight.key)
      writer.note(['close', flight.key, flight.permitAt ?? null, flight.givenUp ?? null])
    },
    drop({ asked }, dueAt, at, reason) {
      writer.note(['drop', asked, dueAt, at, reason])
    },
    tick: () => writer.flush(),
    see: (key, look) => flights.get(key)?.see(look),
    settle(count) {
      waiting -= count
      floor.settled()
    },
    get waiting() {
      return waiting
    },
    undecodedBytes: 0,
  }
}
