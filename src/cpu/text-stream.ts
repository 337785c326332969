/** A character of UTF-8 takes four bytes at most, and a token holds at least one of them. */
const MAX_HELD = 4
/** How much of what came before a tokenizer may want to see. */
const BEFORE = 8
const HALF_CHARACTER = '\uFFFD'

export interface TextStream {
  /** The text that is whole with this token. */
  push(token: number): string
  /** What is left at the end of an answer. */
  end(): string
}

/** Tokens to text as they come. A token that ends within a character is held back until the character is whole. */
export function createTextStream(
  detokenize: (tokens: readonly number[], before: readonly number[]) => string,
  prompt: readonly number[] = [],
): TextStream {
  let before = prompt.slice(-BEFORE)
  let held: number[] = []

  function take(): string {
    const text = detokenize(held, before)
    before = [...before, ...held].slice(-BEFORE)
    held = []
    return text
  }

  return {
    push(token) {
      held.push(token)
      const isHalf = held.length < MAX_HELD && detokenize(held, before).endsWith(HALF_CHARACTER)
      return isHalf ? '' : take()
    },
    end: () => (held.length === 0 ? '' : take()),
  }
}
