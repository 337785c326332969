/** Bytes to text, cut anywhere. One decoder an answer, so that a character split over two reads stays one (RFC 3629). */

const REPLACEMENT = '\uFFFD'
const BYTE_ORDER_MARK = '\uFEFF'

export interface TextReader {
  push(bytes: Uint8Array): string
  /** What a sequence cut by the end of the body becomes. */
  end(): string
  /** Some bytes were no UTF-8, and became U+FFFD. A U+FFFD that the server itself sent does not count. */
  readonly invalid: boolean
}

/** A byte order mark is removed at the very start of the body and nowhere else. */
export function createTextReader(): TextReader {
  // The mark is removed here: Deno's decoder removes one from the start of any chunk.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let started = false
  // The last two bytes of the chunk before: a U+FFFD that was sent may itself be cut in two.
  let tail: readonly number[] = []
  let invalid = false

  return {
    push(bytes) {
      const decoded = decoder.decode(bytes, { stream: true })
      const text = !started && decoded.startsWith(BYTE_ORDER_MARK) ? decoded.slice(1) : decoded
      started ||= decoded !== ''
      if (!invalid && text.includes(REPLACEMENT)) invalid = countReplacements(text) > countSent(tail, bytes)
      tail = bytes.length >= 2 ? [...bytes.subarray(-2)] : [...tail, ...bytes].slice(-2)
      return text
    },
    end() {
      const text = decoder.decode()
      if (text !== '') invalid = true
      return text
    },
    get invalid() {
      return invalid
    },
  }
}

function countReplacements(text: string): number {
  return text.split(REPLACEMENT).length - 1
}

/** How many encodings of U+FFFD (EF BF BD) end in this chunk. */
function countSent(tail: readonly number[], bytes: Uint8Array): number {
  let count = 0
  let [first, second] = [tail.at(-2) ?? 0, tail.at(-1) ?? 0]
  for (const third of bytes) {
    if (first === 0xef && second === 0xbf && third === 0xbd) count += 1
    first = second
    second = third
  }
  return count
}
