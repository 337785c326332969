/** How many tokens words make, so that a prompt of n tokens can be put together without asking anybody. */
import { WORDS } from './words.ts'

/** Tokens of a text alone; undefined when nobody can say. */
export type CountText = (text: string) => Promise<number | undefined>

export interface Vocabulary {
  /** Words that may stand first, with the tokens that each makes there: many tokenizers keep a word and its space together. */
  readonly starts: readonly { readonly word: string; readonly tokens: number }[]
  /** Words that follow, after one space each. */
  readonly words: readonly string[]
  /** Tokens that a word of `words` makes: 1 where the vocabulary was measured and holds enough such words. */
  readonly tokensPerWord: number
  /** What counts beside the words whatever they are: a token for the beginning of the text, a chat template. */
  readonly overhead: number
}

/** Common words are one token each in most vocabularies: right within some percent when nobody can be asked. */
export function guessVocabulary(): Vocabulary {
  return { starts: WORDS.map((word) => ({ word, tokens: 1 })), words: WORDS, tokensPerWord: 1, overhead: 0 }
}
