import { createParser } from 'eventsource-parser'
import type { WireMessage } from '../event.ts'
import type { Splitter } from './framer.ts'

/**
 * The parser looks for the next CR and the next LF at each line, so one far-away CR behind many short lines would make a
 * large piece cost the square of its length.
 */
const PIECE = 4096

/** Server-sent events by the WHATWG rules: any line ends, comments, several data lines, fields without a colon. */
export function createSseSplitter(maxEventLength: number): Splitter {
  let messages: WireMessage[] = []
  let partial: string | undefined
  let ending = false
  let tooLarge = false
  let endsWithCr = false

  const parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent(event) {
      if (ending) partial = event.data
      else if (event.data.length > maxEventLength) tooLarge = true
      else messages.push({ data: event.data, framing: 'sse', ...(event.event ? { event: event.event } : {}) })
    },
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') tooLarge = true
    },
  })

  function feed(text: string): void {
    for (let at = 0; at < text.length && !tooLarge; at += PIECE) parser.feed(text.slice(at, at + PIECE))
  }

  function take(): WireMessage[] {
    const taken = messages
    messages = []
    return taken
  }

  return {
    framing: 'sse',
    push(text) {
      if (text === '') return []
      if (text.includes('\r')) feed(text)
      else if (!tooLarge) parser.feed(text)
      endsWithCr = text.endsWith('\r')
      return take()
    },
    end() {
      // A CR is held back because an LF may follow; at the end of the body it is a line end by itself.
      if (endsWithCr) feed('\n')
      const whole = take()
      ending = true
      // An event that no blank line ended does not count, but the caller may want to see it.
      feed('\n\n')
      return { messages: whole, ...(partial === undefined ? {} : { partial }) }
    },
    get tooLarge() {
      return tooLarge
    },
  }
}
