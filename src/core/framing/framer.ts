/** Bytes of a body to messages. Pure: the same messages come out however the bytes are cut. */
import type { Framing } from '../call.ts'
import type { WireMessage } from '../event.ts'
import { createBodySplitter, createLineSplitter } from './lines.ts'
import { readContentType, sniffFraming } from './sniff.ts'
import { createSseSplitter } from './sse.ts'
import { createTextReader } from './text.ts'

export interface FramerHint {
  /** What was asked for. */
  readonly framing: Framing
  /** As the server gave it; absent or empty when it gave none. */
  readonly contentType?: string
  /** Longest message in characters; default 8 Mi. Memory held for one answer stays below about four times this. */
  readonly maxEventLength?: number
}

interface FramerEnd {
  readonly messages: readonly WireMessage[]
  /** Data of a message that the end of the body cut: not to be decoded as if it were whole. */
  readonly partial?: string
}

export interface Framer {
  /** The messages that these bytes complete. */
  push(bytes: Uint8Array): readonly WireMessage[]
  end(): FramerEnd
  /** What the body turned out to be; undefined until enough of it has come. */
  readonly framing: Framing | undefined
  /** Once set, nothing more comes out. `unexpected_content_type`: HTML or text that is no answer. */
  readonly error: 'event_too_large' | 'unexpected_content_type' | undefined
  /** The first 256 characters of the body, blanks before them left out; for evidence. */
  readonly start: string
  /** `invalid_utf8`, `content_type_mismatch`. */
  readonly notes: readonly string[]
}

/** One way of cutting text into messages. */
export interface Splitter {
  readonly framing: Framing
  push(text: string): WireMessage[]
  end(): FramerEnd
  readonly tooLarge: boolean
}

const MAX_EVENT_LENGTH = 8 * 1024 * 1024
const START_LENGTH = 256

export function createFramer(hint: FramerHint): Framer {
  return new SniffingFramer(hint)
}

// A class, as its parts are: an object of closures and getters, made for each stream, takes V8 half a kilobyte more.
class SniffingFramer implements Framer {
  error: Framer['error']
  start = ''
  readonly #hint: FramerHint
  readonly #text = createTextReader()
  #splitter: Splitter | undefined
  #held = ''

  constructor(hint: FramerHint) {
    this.#hint = hint
  }

  push(bytes: Uint8Array): readonly WireMessage[] {
    return this.error === undefined ? this.#pushText(this.#text.push(bytes), false) : []
  }

  end(): FramerEnd {
    if (this.error !== undefined) return { messages: [] }
    const rest = this.#pushText(this.#text.end(), true)
    if (this.#splitter === undefined || this.error !== undefined) return { messages: rest }
    const end = this.#splitter.end()
    return { ...end, messages: [...rest, ...end.messages] }
  }

  get framing(): Framing | undefined {
    return this.#splitter?.framing
  }

  get notes(): readonly string[] {
    const isMismatch =
      this.start.trim() !== '' &&
      this.#splitter !== undefined &&
      readContentType(this.#hint.contentType ?? '') !== this.#splitter.framing
    return [...(this.#text.invalid ? ['invalid_utf8'] : []), ...(isMismatch ? ['content_type_mismatch'] : [])]
  }

  #pushText(piece: string, ended: boolean): readonly WireMessage[] {
    if (this.error !== undefined) return []
    if (this.start.length < START_LENGTH) this.start = (this.start + piece).trimStart().slice(0, START_LENGTH)
    if (this.#splitter !== undefined) return this.#split(this.#splitter, piece)
    this.#held += piece
    const splitter = this.#choose(ended)
    if (splitter === undefined) return []
    const first = this.#held
    this.#held = ''
    this.#splitter = splitter
    return this.#split(splitter, first)
  }

  #choose(ended: boolean): Splitter | undefined {
    const { contentType = '', framing, maxEventLength = MAX_EVENT_LENGTH } = this.#hint
    const sniffed = sniffFraming(this.#held, contentType, framing, ended)
    if (sniffed === 'wait') {
      // A body of blanks could go on for ever.
      if (this.#held.length > START_LENGTH) this.#held = this.#held.trimStart()
      return undefined
    }
    if (sniffed !== 'unknown') return createSplitter(sniffed, maxEventLength)
    if (ended || this.start.length === START_LENGTH) this.error = 'unexpected_content_type'
    return undefined
  }

  #split(into: Splitter, piece: string): readonly WireMessage[] {
    const messages = into.push(piece)
    if (into.tooLarge) this.error = 'event_too_large'
    return messages
  }
}

function createSplitter(framing: Framing, maxEventLength: number): Splitter {
  if (framing === 'sse') return createSseSplitter(maxEventLength)
  return framing === 'ndjson' ? createLineSplitter(maxEventLength) : createBodySplitter(maxEventLength)
}
