/**
 * Batches of captured bytes. One buffer holds many chunks of many requests, and goes from the load thread to the main thread and
 * back: nothing is copied on the way, and nothing is left to the garbage collector of the thread that stamps.
 */
import type { Batch, Note } from './words.ts'

const MAX_CHUNKS = 4096
const MAX_BYTES = 256 * 1024
const MAX_NOTES = 256

const KEYS_AT = MAX_CHUNKS * Float64Array.BYTES_PER_ELEMENT
const ENDS_AT = KEYS_AT + MAX_CHUNKS * Uint32Array.BYTES_PER_ELEMENT
const BYTES_AT = ENDS_AT + MAX_CHUNKS * Uint32Array.BYTES_PER_ELEMENT

/** The parts of a batch's buffer: of chunk i its instant, its request and where its bytes end; then all bytes. */
class Sheet {
  readonly buffer: ArrayBuffer
  readonly ats: Float64Array
  readonly keys: Uint32Array
  readonly ends: Uint32Array
  readonly bytes: Uint8Array

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer
    this.ats = new Float64Array(buffer, 0, MAX_CHUNKS)
    this.keys = new Uint32Array(buffer, KEYS_AT, MAX_CHUNKS)
    this.ends = new Uint32Array(buffer, ENDS_AT, MAX_CHUNKS)
    this.bytes = new Uint8Array(buffer, BYTES_AT, MAX_BYTES)
  }
}

/** Fills batches. On the capture path: copies and stores, nothing more. */
export class BatchWriter {
  readonly #post: (batch: Batch) => void
  readonly #spare: ArrayBuffer[] = []
  #sheet: Sheet
  #chunks = 0
  #used = 0
  #notes: string[] = []
  #positions: number[] = []

  constructor(post: (batch: Batch) => void) {
    this.#post = post
    this.#sheet = this.#open()
  }

  chunk(key: number, at: number, chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; ) {
      if (this.#chunks === MAX_CHUNKS || this.#used === MAX_BYTES) this.flush()
      const piece = Math.min(chunk.length - from, MAX_BYTES - this.#used)
      // The whole chunk, as nearly always, is set without a view of it.
      this.#sheet.bytes.set(piece === chunk.length ? chunk : chunk.subarray(from, from + piece), this.#used)
      this.#used += piece
      from += piece
      this.#sheet.ats[this.#chunks] = at
      this.#sheet.keys[this.#chunks] = key
      this.#sheet.ends[this.#chunks] = this.#used
      this.#chunks++
    }
  }

  note(note: Note): void {
    this.#notes.push(JSON.stringify(note))
    this.#positions.push(this.#chunks)
    // In a burst of sends or ends, little at a time: posting many at once would keep other streams waiting.
    if (this.#notes.length === MAX_NOTES) this.flush()
  }

  /** Posts what there is. */
  flush(): void {
    if (this.#chunks === 0 && this.#notes.length === 0) return
    const { buffer } = this.#sheet
    const batch = { buffer, chunks: this.#chunks, notes: this.#notes, positions: this.#positions }
    this.#sheet = this.#open()
    this.#chunks = 0
    this.#used = 0
    this.#notes = []
    this.#positions = []
    this.#post(batch)
  }

  /** A buffer that was read, to be filled again. */
  recycle(buffer: ArrayBuffer): void {
    this.#spare.push(buffer)
  }

  #open(): Sheet {
    return new Sheet(this.#spare.pop() ?? new ArrayBuffer(BYTES_AT + MAX_BYTES))
  }
}

/** Reads one batch, as far as is wanted at a time. */
export class BatchReader {
  readonly buffer: ArrayBuffer
  readonly #batch: Batch
  readonly #sheet: Sheet
  #chunk = 0
  #note = 0

  constructor(batch: Batch) {
    this.buffer = batch.buffer
    this.#batch = batch
    this.#sheet = new Sheet(batch.buffer)
  }

  get pendingBytes(): number {
    return this.#endOf(this.#batch.chunks) - this.#endOf(this.#chunk)
  }

  /** What comes next; undefined when all was read. A chunk is valid until the buffer is given away. */
  next(): Note | { readonly key: number; readonly at: number; readonly chunk: Uint8Array } | undefined {
    const { notes, positions, chunks } = this.#batch
    if (this.#note < notes.length && positions[this.#note]! <= this.#chunk) {
      return JSON.parse(notes[this.#note++]!) as Note
    }
    if (this.#chunk === chunks) return undefined
    const index = this.#chunk++
    return {
      key: this.#sheet.keys[index]!,
      at: this.#sheet.ats[index]!,
      chunk: this.#sheet.bytes.subarray(this.#endOf(index), this.#sheet.ends[index]),
    }
  }

  #endOf(count: number): number {
    return count === 0 ? 0 : this.#sheet.ends[count - 1]!
  }
}
