/**
 * HTTP/1.1 responses, byte by byte where it must be and in whole pieces where it can: the capture path. A network chunk costs
 * a walk over chunk-size lines; body bytes are never touched, only handed on as views. Pure: no clock, no I/O.
 *
 * What it tolerates is listed in `http1-head.ts`; in chunked bodies, LF alone ends a line, and blanks may follow a size.
 */
import { type Fault, type FaultCode, type HeaderPairs, type ResponseHead, readHead } from './http1-head.ts'

export type { BodyFraming, Fault, FaultCode, HeaderPairs, ResponseHead } from './http1-head.ts'

/** Where the parser hands what it found; a `TransportSink` is one. */
export interface ResponseReceiver {
  /** The final head; 1xx heads are skipped. */
  headers(at: number, status: number, headers: HeaderPairs): void
  /** A view into the chunk given to `push`, with that chunk's instant. Never empty. */
  bytes(at: number, chunk: Uint8Array): void
}

/** `more`: the response goes on. `done` and `failed` are final until the next `begin`. */
export type Progress = 'more' | 'done' | 'failed'

/** What other clients take: Node's and undici's limit. */
export const MAX_HEAD_BYTES: number = 16 * 1024
const MAX_CHUNK_LINE_BYTES = 16 * 1024

const CR = 0x0d
const LF = 0x0a

// Where in a message the next byte falls.
const HEAD = 0
const LENGTH = 1
const CHUNK_SIZE = 2
const CHUNK_LINE_REST = 3
const CHUNK_DATA = 4
const CHUNK_DATA_END = 5
const TRAILER = 6
const UNTIL_CLOSE = 7
const OVER = 8

/** One a connection: `begin` before each request, `push` each network chunk, `finish` when the server ended the connection. */
export class ResponseParser {
  /** Why it failed. */
  fault: Fault | undefined
  /** Bytes that came after the end of the response; such a connection is not to be used again. */
  extraBytes = 0
  /** What the head says; false until there is one. */
  keepAlive = false
  /** How long the server says that it keeps an idle connection, ms. */
  idleMs: number | undefined
  /** The final head was handed on. */
  hasHead = false
  /** At least one byte of anything came, a 1xx head included. */
  started = false

  readonly #maxHeadBytes: number
  #receiver: ResponseReceiver | undefined
  #bodiless = false
  #state = OVER
  /** Bytes of a head (or trailer section) so far, and of the line being read, its end excluded. */
  #sectionBytes = 0
  #lineBytes = 0
  #previous = 0
  /** Its own only while a head comes in pieces. */
  #head: Uint8Array = sharedHead
  /** What is left of a body with a length, or of a chunk; while a size is being read, the size so far. */
  #left = 0
  #digits = 0

  constructor(maxHeadBytes: number = MAX_HEAD_BYTES) {
    this.#maxHeadBytes = maxHeadBytes
  }

  begin(receiver: ResponseReceiver, method = 'GET'): void {
    this.fault = undefined
    this.extraBytes = 0
    this.keepAlive = false
    this.idleMs = undefined
    this.hasHead = false
    this.started = false
    this.#receiver = receiver
    this.#bodiless = method === 'HEAD'
    this.#startSection(HEAD)
  }

  /** Nothing more is handed on; what is being pushed is dropped. */
  cancel(): void {
    this.#receiver = undefined
    this.#state = OVER
  }

  push(at: number, chunk: Uint8Array): Progress {
    if (chunk.length > 0) this.started = true
    let offset = 0
    while (offset < chunk.length && this.#state !== OVER) {
      switch (this.#state) {
        case HEAD:
          offset = this.#takeHead(at, chunk, offset)
          break
        case LENGTH:
        case CHUNK_DATA:
        case UNTIL_CLOSE:
          offset = this.#takeBody(at, chunk, offset)
          break
        case TRAILER:
          offset = this.#takeTrailer(chunk, offset)
          break
        default:
          offset = this.#takeChunkLine(chunk, offset)
      }
    }
    if (this.fault !== undefined) return 'failed'
    this.extraBytes += chunk.length - offset
    return this.#state === OVER ? 'done' : 'more'
  }

  /** The server ended its side: right for a body that ends so, a cut for anything else. */
  finish(): Progress {
    if (this.fault !== undefined) return 'failed'
    if (this.#state === OVER) return 'done'
    if (this.#state === UNTIL_CLOSE) {
      this.#state = OVER
      return 'done'
    }
    this.#fail('TRUNCATED', this.hasHead ? 'the body ended before its end' : 'the connection ended before the head did')
    return 'failed'
  }

  #startSection(state: number): void {
    this.#state = state
    this.#head = sharedHead
    this.#sectionBytes = 0
    this.#lineBytes = 0
    this.#previous = 0
  }

  /** Collects the head up to its blank line; lone line ends before it are skipped, as RFC 9112, 2.2, has servers do. */
  #takeHead(at: number, chunk: Uint8Array, start: number): number {
    for (let i = start; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (this.#sectionBytes === 0 && (byte === CR || byte === LF)) continue
      if (this.#sectionBytes === this.#maxHeadBytes) {
        this.#fail('HEADERS_TOO_LARGE', `the head is larger than ${this.#maxHeadBytes} bytes`)
        return i
      }
      if (this.#sectionBytes === this.#head.length) this.#growHead()
      this.#head[this.#sectionBytes++] = byte
      if (this.#sectionBytes <= 5 && byte !== HTTP_SLASH.charCodeAt(this.#sectionBytes - 1)) {
        this.#fail('BAD_STATUS_LINE', 'the answer is not HTTP')
        return i
      }
      if (this.#endsSection(byte)) {
        this.#readHead(at)
        return i + 1
      }
    }
    if (this.#head === sharedHead) this.#head = sharedHead.slice()
    return chunk.length
  }

  /** Counts lines; true at the LF of an empty one. */
  #endsSection(byte: number): boolean {
    if (byte === LF) {
      const empty = this.#lineBytes === 0 || (this.#lineBytes === 1 && this.#previous === CR)
      this.#lineBytes = 0
      return empty
    }
    this.#lineBytes++
    this.#previous = byte
    return false
  }

  #readHead(at: number): void {
    const head = recallHead(textOf(this.#head, this.#sectionBytes), this.#bodiless)
    if ('code' in head) {
      this.#fail(head.code, head.message)
      return
    }
    if (head.status === 101) {
      this.#fail('UNEXPECTED_UPGRADE', 'the server switched to another protocol, which nobody asked for')
      return
    }
    if (head.status < 200) {
      this.#startSection(HEAD)
      return
    }
    this.hasHead = true
    this.keepAlive = head.keepAlive
    this.idleMs = head.idleMs
    switch (head.body.kind) {
      case 'none':
        this.#state = OVER
        break
      case 'length':
        this.#left = head.body.length
        this.#state = head.body.length === 0 ? OVER : LENGTH
        break
      case 'chunked':
        this.#startChunk()
        break
      case 'close':
        this.#left = Number.POSITIVE_INFINITY
        this.#state = UNTIL_CLOSE
    }
    this.#receiver?.headers(at, head.status, head.headers)
  }

  #takeBody(at: number, chunk: Uint8Array, start: number): number {
    const end = Math.min(chunk.length, start + this.#left)
    this.#left -= end - start
    if (this.#left === 0) this.#state = this.#state === LENGTH ? OVER : CHUNK_DATA_END
    this.#receiver?.bytes(at, start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end))
    return end
  }

  #startChunk(): void {
    this.#state = CHUNK_SIZE
    this.#left = 0
    this.#digits = 0
    this.#lineBytes = 0
    this.#previous = 0
  }

  /** The line end after a chunk's data, a chunk's size, and what may follow the size: blanks and extensions. */
  #takeChunkLine(chunk: Uint8Array, start: number): number {
    for (let i = start; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (this.#state === CHUNK_SIZE) {
        const digit = hexDigit(byte)
        if (digit >= 0) {
          this.#left = this.#left * 16 + digit
          this.#digits++
          if (this.#left > Number.MAX_SAFE_INTEGER || this.#digits > 16)
            return this.#failChunk(i, 'a chunk is too large')
          continue
        }
        if (this.#digits === 0) return this.#failChunk(i, 'a chunk has no size')
        this.#state = CHUNK_LINE_REST
        // The first byte after the size: a blank, `;` or the line's end.
        if (byte !== CR && byte !== LF && byte !== 0x3b && byte !== 0x20 && byte !== 0x09) {
          return this.#failChunk(i, 'a chunk size is no hexadecimal number')
        }
      }
      if (byte === LF) {
        this.#endChunkLine()
        return i + 1
      }
      if (this.#state === CHUNK_DATA_END) {
        if (byte !== CR || this.#previous === CR) return this.#failChunk(i, 'a chunk is longer than its size')
      } else if (this.#previous === CR || ++this.#lineBytes > MAX_CHUNK_LINE_BYTES) {
        return this.#failChunk(i, 'a chunk size line is malformed')
      }
      this.#previous = byte
    }
    return chunk.length
  }

  #endChunkLine(): void {
    if (this.#state === CHUNK_DATA_END) this.#startChunk()
    else if (this.#left > 0) {
      this.#state = CHUNK_DATA
      this.#previous = 0
    } else this.#startSection(TRAILER)
  }

  /** Trailer fields mean nothing to a measurement: they are only walked over. */
  #takeTrailer(chunk: Uint8Array, start: number): number {
    for (let i = start; i < chunk.length; i++) {
      if (++this.#sectionBytes > this.#maxHeadBytes) {
        this.#fail('HEADERS_TOO_LARGE', `the trailer is larger than ${this.#maxHeadBytes} bytes`)
        return i
      }
      if (this.#endsSection(chunk[i]!)) {
        this.#state = OVER
        return i + 1
      }
    }
    return chunk.length
  }

  #growHead(): void {
    const larger = new Uint8Array(this.#head.length * 4)
    larger.set(this.#head)
    this.#head = larger
  }

  #failChunk(offset: number, message: string): number {
    this.#fail('BAD_CHUNK', message)
    return offset
  }

  #fail(code: FaultCode, message: string): void {
    this.fault = { code, message }
    this.#state = OVER
  }
}

const HTTP_SLASH = 'HTTP/'

/** Where a head is collected: most come in one piece, and are read before the next begins. */
const sharedHead = new Uint8Array(2048)

/** The answers of one server are nearly all alike, and what was read of the last is shared. */
let last: { readonly text: string; readonly bodiless: boolean; readonly head: ResponseHead | Fault } | undefined

function recallHead(text: string, bodiless: boolean): ResponseHead | Fault {
  if (last === undefined || last.text !== text || last.bodiless !== bodiless) {
    last = { text, bodiless, head: readHead(text, bodiless) }
  }
  return last.head
}

/** Latin-1, as header fields are by history (RFC 9110, 5.5); without the blank line at the end. */
function textOf(bytes: Uint8Array, length: number): string {
  let text = ''
  for (let i = 0; i < length; i += 4096) {
    // Not spread: an iterator would leave several kilobytes behind.
    text += String.fromCharCode.apply(null, bytes.subarray(i, Math.min(length, i + 4096)) as unknown as number[])
  }
  return text.endsWith('\n\r\n') ? text.slice(0, -3) : text.slice(0, -2)
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
