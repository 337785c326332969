import { createParser } from 'eventsource-parser'
import type { WireMessage } from '../event.ts'
import type { Splitter } from './framer.ts'

/** Server-sent events by the WHATWG rules: any line ends, comments, several data lines, fields without a colon. */
export function createSseSplitter(maxEventLength: number): Splitter {
  let messages: WireMessage[] = []
  let partial: string | undefined
  let ending = false
  let tooLarge = false
  let afterCr = false

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

  /**
   * Every line end becomes LF. The parser knows them all, but keeps a CR at the end of a piece until a later piece has a
   * line end, which would give the event that the CR ended the instant of another one.
   */
  function unifyLineEnds(text: string): string {
    const rest = afterCr && text.startsWith('\n') ? text.slice(1) : text
    afterCr = text.endsWith('\r')
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest
  }

  return {
    framing: 'sse',
    push(text) {
      if (text === '') return []
      const lines = unifyLineEnds(text)
      if (lines !== '' && !tooLarge) parser.feed(lines)
      const taken = messages
      messages = []
      return taken
    },
    end() {
      // An event that no blank line ended does not count, but the caller may want to see it.
      ending = true
      if (!tooLarge) parser.feed('\n\n')
      return { messages: [], ...(partial === undefined ? {} : { partial }) }
    },
    get tooLarge() {
      return tooLarge
    },
  }
}
