import { createParser, type EventSourceParser } from 'eventsource-parser'
import type { WireMessage } from '../event.ts'
import type { Splitter } from './framer.ts'

/** Server-sent events by the WHATWG rules: any line ends, comments, several data lines, fields without a colon. */
export function createSseSplitter(maxEventLength: number): Splitter {
  return new SseSplitter(maxEventLength)
}

class SseSplitter implements Splitter {
  readonly framing = 'sse'
  tooLarge = false
  readonly #parser: EventSourceParser
  #messages: WireMessage[] = []
  #partial: string | undefined
  #ending = false
  #afterCr = false
  /** Of the line that is not finished. */
  #held: string[] = []
  #heldLength = 0
  readonly #maxEventLength: number

  constructor(maxEventLength: number) {
    this.#maxEventLength = maxEventLength
    this.#parser = createParser({
      maxBufferSize: maxEventLength,
      onEvent: (event) => {
        if (this.#ending) this.#partial = event.data
        else if (event.data.length > maxEventLength) this.tooLarge = true
        else {
          this.#messages.push({ data: event.data, framing: 'sse', ...(event.event ? { event: event.event } : {}) })
        }
      },
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.tooLarge = true
      },
    })
  }

  push(text: string): WireMessage[] {
    if (text === '') return []
    if (!this.tooLarge) this.#feed(this.#unifyLineEnds(text))
    const taken = this.#messages
    this.#messages = []
    return taken
  }

  end(): ReturnType<Splitter['end']> {
    // An event that no blank line ended does not count, but the caller may want to see it.
    this.#ending = true
    if (!this.tooLarge) this.#parser.feed(`${this.#held.join('')}\n\n`)
    return { messages: [], ...(this.#partial === undefined ? {} : { partial: this.#partial }) }
  }

  /** Whole lines only: the parser looks through an unfinished line anew with each piece, so n pieces of it would cost n². */
  #feed(text: string): void {
    const end = text.lastIndexOf('\n') + 1
    if (end > 0) {
      this.#parser.feed(this.#held.length === 0 ? text.slice(0, end) : this.#held.join('') + text.slice(0, end))
      this.#held = []
      this.#heldLength = 0
    }
    if (end === text.length) return
    this.#held.push(text.slice(end))
    this.#heldLength += text.length - end
    if (this.#heldLength > this.#maxEventLength) this.tooLarge = true
  }

  /**
   * Every line end becomes LF. The parser knows them all, but keeps a CR at the end of a piece until a later piece has a
   * line end, which would give the event that the CR ended the instant of another one.
   */
  #unifyLineEnds(text: string): string {
    const rest = this.#afterCr && text.startsWith('\n') ? text.slice(1) : text
    this.#afterCr = text.endsWith('\r')
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest
  }
}
