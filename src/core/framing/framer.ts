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
  const maxEventLength = hint.maxEventLength ?? MAX_EVENT_LENGTH
  const contentType = hint.contentType ?? ''
  const text = createTextReader()
  let splitter: Splitter | undefined
  let error: Framer['error']
  let held = ''
  let start = ''

  function choose(ended: boolean): void {
    const sniffed = sniffFraming(held, contentType, hint.framing, ended)
    if (sniffed === 'wait') {
      // A body of blanks could go on for ever.
      if (held.length > START_LENGTH) held = held.trimStart()
    } else if (sniffed !== 'unknown') splitter = createSplitter(sniffed, maxEventLength)
    else if (ended || start.length === START_LENGTH) error = 'unexpected_content_type'
  }

  function pushText(piece: string, ended: boolean): readonly WireMessage[] {
    if (error !== undefined) return []
    if (start.length < START_LENGTH) start = (start + piece).trimStart().slice(0, START_LENGTH)
    if (splitter !== undefined) return split(splitter, piece)
    held += piece
    choose(ended)
    if (splitter === undefined) return []
    const first = held
    held = ''
    return split(splitter, first)
  }

  function split(into: Splitter, piece: string): readonly WireMessage[] {
    const messages = into.push(piece)
    if (into.tooLarge) error = 'event_too_large'
    return messages
  }

  return {
    push: (bytes) => (error === undefined ? pushText(text.push(bytes), false) : []),
    end() {
      if (error !== undefined) return { messages: [] }
      const rest = pushText(text.end(), true)
      if (splitter === undefined || error !== undefined) return { messages: rest }
      const end = splitter.end()
      return { ...end, messages: [...rest, ...end.messages] }
    },
    get framing() {
      return splitter?.framing
    },
    get error() {
      return error
    },
    get start() {
      return start
    },
    get notes() {
      const mismatch =
        start.trim() !== '' && splitter !== undefined && readContentType(contentType) !== splitter.framing
      return [...(text.invalid ? ['invalid_utf8'] : []), ...(mismatch ? ['content_type_mismatch'] : [])]
    },
  }
}

function createSplitter(framing: Framing, maxEventLength: number): Splitter {
  if (framing === 'sse') return createSseSplitter(maxEventLength)
  return framing === 'ndjson' ? createLineSplitter(maxEventLength) : createBodySplitter(maxEventLength)
}
