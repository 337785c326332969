/**
 * What one request brought in, with the instants of its arrival, and nothing decoded yet. This is the capture path:
 * every method copies and stores, nothing more, since other streams wait to be stamped.
 */
import type { ConnectionOpened, TransportError, TransportSink } from '../platform.ts'

/** How the transport's part ended. */
export type Ending =
  | { readonly kind: 'end'; readonly at: number; readonly how: 'complete' | 'closed' }
  | { readonly kind: 'error'; readonly at: number; readonly error: TransportError }

/** Ten or so events: thousands of streams that are decoded as they come need no more. */
const FIRST_BLOCK_BYTES = 2 * 1024
const BLOCK_BYTES = 16 * 1024

/** A stretch of captured bytes. What is full stays where it is: growing by copying would cost the streams that wait. */
class Block {
  readonly bytes: Uint8Array
  /** Where each network chunk ends, and when it came. */
  readonly ends: number[] = []
  readonly stamps: number[] = []
  length = 0
  /** Chunks and bytes that were handed out. */
  taken = 0
  takenBytes = 0

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
  }

  clear(): void {
    this.ends.length = 0
    this.stamps.length = 0
    this.length = 0
    this.taken = 0
    this.takenBytes = 0
  }

  append(at: number, chunk: Uint8Array): void {
    this.bytes.set(chunk, this.length)
    this.length += chunk.length
    const last = this.stamps.length - 1
    // Pieces of one network chunk share its instant, unless it was taken already.
    if (last >= this.taken && this.stamps[last] === at) this.ends[last] = this.length
    else {
      this.ends.push(this.length)
      this.stamps.push(at)
    }
  }
}

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

  /** Oldest first; the last one is written to. */
  readonly #blocks: Block[] = []
  #takenBytes = 0
  readonly #onSent: (at: number) => void
  readonly #onEnd: (at: number) => void

  constructor(onSent: (at: number) => void, onEnd: (at: number) => void) {
    this.#onSent = onSent
    this.#onEnd = onEnd
  }

  /** Captured and not yet taken. */
  get pendingBytes(): number {
    return this.totalBytes - this.#takenBytes
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
    let block = this.#blocks[this.#blocks.length - 1]
    if (block === undefined || block.length + chunk.length > block.bytes.length) {
      block = new Block(Math.max(block === undefined ? FIRST_BLOCK_BYTES : BLOCK_BYTES, chunk.length))
      this.#blocks.push(block)
    }
    block.append(at, chunk)
    this.totalBytes += chunk.length
    this.lastBytesAt = at
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
   * Hands out the oldest network chunk not yet taken; undefined when everything was taken. The array is valid until more
   * bytes arrive.
   */
  take(): { readonly at: number; readonly chunk: Uint8Array } | undefined {
    let block = this.#blocks[0]
    while (block !== undefined && block.taken === block.ends.length) {
      // The last block is written to again: a stream that is decoded as it comes needs no more than one.
      if (this.#blocks.length === 1) {
        block.clear()
        return undefined
      }
      this.#blocks.shift()
      block = this.#blocks[0]
    }
    if (block === undefined) return undefined
    const end = block.ends[block.taken]!
    const at = block.stamps[block.taken]!
    const chunk = block.bytes.subarray(block.takenBytes, end)
    this.#takenBytes += end - block.takenBytes
    block.taken++
    block.takenBytes = end
    return { at, chunk }
  }
}
