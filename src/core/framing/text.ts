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

export function createTextReader(): TextReader {
  return new Utf8Reader()
}

class Utf8Reader implements TextReader {
  invalid = false
  /** A byte order mark is removed at the very start of the body and nowhere else: Deno's decoder removes one from any chunk. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #started = false
  /** The last two bytes of the chunk before: a U+FFFD that was sent may itself be cut in two. */
  #tail: readonly number[] = []

  push(bytes: Uint8Array): string {
    const decoded = this.#decoder.decode(bytes, { stream: true })
    const text = !this.#started && decoded.startsWith(BYTE_ORDER_MARK) ? decoded.slice(1) : decoded
    this.#started ||= decoded !== ''
    if (!this.invalid && text.includes(REPLACEMENT)) {
      this.invalid = countReplacements(text) > countSent(this.#tail, bytes)
    }
    this.#tail = bytes.length >= 2 ? [...bytes.subarray(-2)] : [...this.#tail, ...bytes].slice(-2)
    return text
  }

  end(): string {
    const text = this.#decoder.decode()
    if (text !== '') this.invalid = true
    return text
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
