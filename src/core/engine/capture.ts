/**
 * What one request brought in, with the instants of its arrival, and nothing decoded yet. This is the capture path:
 * every method copies and stores, nothing more, since other streams wait to be stamped.
 */
import type { ConnectionOpened, TransportError, TransportSink } from '../platform.ts'

/** How the transport's part ended. */
export type Ending =
  | { readonly kind: 'end'; readonly at: number; readonly how: 'complete' | 'closed' }
  | { readonly kind: 'error'; readonly at: number; readonly error: TransportError }

const FIRST_CAPACITY = 16 * 1024

export class Capture implements TransportSink {
  connection: ConnectionOpened | undefined
  attempts = 0
  sentAt: number | undefined
  headersAt: number | undefined
  status = 0
  headerPairs: readonly (readonly [string, string])[] = []
  /** The arrival of the latest body bytes. */
  lastBytesAt: number | undefined
  ending: Ending | undefined
  /** Body bytes since the start, decoded or not. */
  totalBytes = 0

  #buffer = new Uint8Array(0)
  #length = 0
  #ends: number[] = []
  #stamps: number[] = []
  #taken = 0
  #takenBytes = 0
  readonly #onSent: (at: number) => void
  readonly #onEnd: (at: number) => void

  constructor(onSent: (at: number) => void, onEnd: (at: number) => void) {
    this.#onSent = onSent
    this.#onEnd = onEnd
  }

  /** Captured and not yet taken. */
  get pendingBytes(): number {
    return this.#length - this.#takenBytes
  }

  opened(connection: ConnectionOpened): void {
    this.connection = connection
  }

  sent(at: number): void {
    this.attempts++
    this.sentAt = at
    this.#onSent(at)
  }

  headers(at: number, status: number, headers: readonly (readonly [string, string])[]): void {
    this.headersAt = at
    this.status = status
    this.headerPairs = headers
  }

  bytes(at: number, chunk: Uint8Array): void {
    const end = this.#length + chunk.length
    if (end > this.#buffer.length) this.#grow(end)
    this.#buffer.set(chunk, this.#length)
    this.#length = end
    this.totalBytes += chunk.length
    this.lastBytesAt = at
    const last = this.#stamps.length - 1
    // Pieces of one network chunk share its instant, unless it was taken already.
    if (last >= this.#taken && this.#stamps[last] === at) this.#ends[last] = end
    else {
      this.#ends.push(end)
      this.#stamps.push(at)
    }
  }

  end(at: number, how: 'complete' | 'closed'): void {
    if (this.ending !== undefined) return
    this.ending = { kind: 'end', at, how }
    this.#onEnd(at)
  }

  error(at: number, error: TransportError): void {
    if (this.ending !== undefined) return
    this.ending = { kind: 'error', at, error }
    this.#onEnd(at)
  }

  /**
   * Hands out the oldest network chunk not yet taken; the array is valid until more bytes arrive.
   * undefined when everything was taken.
   */
  take(): { readonly at: number; readonly chunk: Uint8Array } | undefined {
    const end = this.#ends[this.#taken]
    if (end === undefined) {
      this.#forget()
      return undefined
    }
    const chunk = this.#buffer.subarray(this.#takenBytes, end)
    const at = this.#stamps[this.#taken]!
    this.#taken++
    this.#takenBytes = end
    return { at, chunk }
  }

  #forget(): void {
    this.#ends = []
    this.#stamps = []
    this.#length = 0
    this.#taken = 0
    this.#takenBytes = 0
    // Big buffers of ended or quiet streams are given back.
    if (this.#buffer.length > FIRST_CAPACITY) this.#buffer = new Uint8Array(0)
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(FIRST_CAPACITY, needed, this.#buffer.length * 2))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}
