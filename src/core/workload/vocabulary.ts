/** How many tokens words make, so that a prompt of n tokens can be put together without asking anybody. */
import { WORDS } from './words.ts'

/** Tokens of a text; undefined when nobody can say. */
export type CountText = (text: string) => Promise<number | undefined>

export interface Vocabulary {
  /** Words that may stand first, with the tokens that each makes there: many tokenizers keep a word and its space together. */
  readonly starts: readonly StartWord[]
  /** Words that follow, after one space each. */
  readonly words: readonly string[]
  /** Tokens that one of `words` makes, in the mean: exactly 1 each where the vocabulary was measured and holds enough such words. */
  readonly tokensPerWord: number
  /** What the counter counts beside the words, whatever they are: a token for the beginning of the text, a chat template. */
  readonly overhead: number
}

interface StartWord {
  readonly word: string
  readonly tokens: number
}

/** Enough that prompts which follow each other differ in their first word, few enough to be asked about one by one. */
const START_COUNT = 48
/** Words of one token each: as soon as there are so many, no more are looked for; with fewer than the least, all are used. */
const ENOUGH_WORDS = 48
const LEAST_WORDS = 16
const GROUP_SIZE = 8
const AT_ONCE = 8

/** No tokenizer makes less of a common word, or more: bytes are the finest that there is. */
export function isPlausible(tokensPerWord: number): boolean {
  return tokensPerWord >= 0.25 && tokensPerWord <= 12
}

/** Common words are one token each in most vocabularies: right within some percent when nobody can be asked. */
export function guessVocabulary(): Vocabulary {
  return { starts: WORDS.map((word) => ({ word, tokens: 1 })), words: WORDS, tokensPerWord: 1, overhead: 0 }
}

/**
 * Finds words of one token each by counting texts of several: about 65 counts for the vocabulary of a usual model, at most
 * one for each word and {@link START_COUNT} more. That words count apart from each other is assumed here, and checked
 * on whole prompts in `measure.ts`. undefined when `count` does not answer, or nothing that a tokenizer would say.
 */
export async function measureVocabulary(count: CountText): Promise<Vocabulary | undefined> {
  const anchor = 'a'
  const anchorCount = await count(anchor)
  if (anchorCount === undefined) return undefined
  const candidates = WORDS.slice(0, START_COUNT)
  const counts = await mapLimited(candidates, AT_ONCE, count)
  if (!allDefined(counts)) return undefined
  // Some word is one token: what is above it in every count is none of the words'.
  const overhead = Math.min(anchorCount, ...counts) - 1
  const starts = candidates.map((word, at) => ({ word, tokens: counts[at]! - overhead }))
  const single = starts.filter((start) => start.tokens === 1)

  const found = await findSingleWords(async (words) => {
    const counted = await count([anchor, ...words].join(' '))
    return counted === undefined ? undefined : counted - anchorCount
  })
  if (found === undefined) return undefined
  const enough = found.single.length >= LEAST_WORDS
  if (!enough && !isPlausible(found.tokensPerWord)) return undefined
  return {
    starts: single.length >= LEAST_WORDS ? single : starts,
    words: enough ? found.single : WORDS,
    tokensPerWord: enough ? 1 : found.tokensPerWord,
    overhead,
  }
}

interface Group {
  readonly words: readonly string[]
  readonly tokens: number
}

/** Halves groups that hold words of more than one token until those are alone. */
async function findSingleWords(
  countWords: (words: readonly string[]) => Promise<number | undefined>,
): Promise<{ single: string[]; tokensPerWord: number } | undefined> {
  const groups = cut(WORDS, GROUP_SIZE)
  const counts = await mapLimited(groups, AT_ONCE, countWords)
  if (!allDefined(counts)) return undefined
  const single: string[] = []
  let mixed: Group[] = groups.map((words, at) => ({ words, tokens: counts[at]! }))
  const tokensPerWord = mixed.reduce((sum, group) => sum + group.tokens, 0) / WORDS.length
  for (;;) {
    single.push(...mixed.filter((group) => group.tokens === group.words.length).flatMap((group) => group.words))
    mixed = mixed.filter((group) => group.tokens > group.words.length && group.words.length > 1)
    if (mixed.length === 0 || single.length >= ENOUGH_WORDS) return { single, tokensPerWord }
    const halves = await mapLimited(mixed, AT_ONCE, (group) => halve(group, countWords))
    if (!allDefined(halves)) return undefined
    mixed = halves.flat()
  }
}

/** One count tells both halves, since the whole is known. */
async function halve(
  group: Group,
  countWords: (words: readonly string[]) => Promise<number | undefined>,
): Promise<Group[] | undefined> {
  const middle = group.words.length >> 1
  const left = group.words.slice(0, middle)
  const tokens = await countWords(left)
  if (tokens === undefined) return undefined
  return [
    { words: left, tokens },
    { words: group.words.slice(middle), tokens: group.tokens - tokens },
  ]
}

/** `task` for every item, in order, at most `limit` under way at once. */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  task: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++
      results[at] = await task(items[at]!)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  return results
}

function allDefined<T>(items: readonly (T | undefined)[]): items is T[] {
  return items.every((item) => item !== undefined)
}

function cut<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size))
}
