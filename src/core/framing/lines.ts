import type { WireMessage } from '../event.ts'
import { parseJson } from '../json.ts'
import type { Splitter } from './framer.ts'

/** NDJSON: a JSON text a line, blank lines skipped. The last line needs no line end if it is whole. */
export function createLineSplitter(maxEventLength: number): Splitter {
  // Pieces of the line that is not finished: joined once, so that a line cut into n reads costs n and not n².
  let pieces: string[] = []
  let length = 0
  let tooLarge = false

  function finishLine(): string {
    const line = pieces.length === 1 ? pieces[0]! : pieces.join('')
    pieces = []
    length = 0
    return line.trim()
  }

  function hold(piece: string): void {
    pieces.push(piece)
    length += piece.length
    if (length > maxEventLength) tooLarge = true
  }

  return {
    framing: 'ndjson',
    push(text) {
      const messages: WireMessage[] = []
      let start = 0
      for (let end = text.indexOf('\n'); end !== -1 && !tooLarge; end = text.indexOf('\n', start)) {
        hold(text.slice(start, end))
        start = end + 1
        if (tooLarge) break
        const line = finishLine()
        if (line !== '') messages.push({ data: line, framing: 'ndjson' })
      }
      if (start < text.length && !tooLarge) hold(text.slice(start))
      return messages
    },
    end() {
      const line = finishLine()
      if (line === '') return { messages: [] }
      return parseJson(line) === undefined
        ? { messages: [], partial: line }
        : { messages: [{ data: line, framing: 'ndjson' }] }
    },
    get tooLarge() {
      return tooLarge
    },
  }
}

/** A body that is one JSON text: a single message, at its end. */
export function createBodySplitter(maxEventLength: number): Splitter {
  const pieces: string[] = []
  let length = 0
  return {
    framing: 'json',
    push(text) {
      length += text.length
      if (length <= maxEventLength) pieces.push(text)
      return []
    },
    end() {
      const body = pieces.join('').trim()
      return { messages: body === '' ? [] : [{ data: body, framing: 'json' }] }
    },
    get tooLarge() {
      return length > maxEventLength
    },
  }
}
