/** Two answers to the same prompt, side by side. Pure. */
import { editDistance } from 'inferbench'

export interface Output {
  /** Reasoning and answer. */
  readonly text: string
  /** Where the server names them. */
  readonly tokens?: readonly string[]
  /** As counted; that of {@link tokens} otherwise. */
  readonly length?: number
}

export interface Difference {
  readonly equal: boolean
  /** Index of the first token that differs; absent for equal texts, and where tokens are not known. */
  readonly firstToken?: number
  /** Index of the first character that differs, and of the word that it stands in; absent for equal texts. */
  readonly firstCharacter?: number
  readonly firstWord?: number
  /** 1 - edits / length of the longer one; of tokens where both sides name them, else of characters. */
  readonly similarity: number
  /** The other's length in tokens minus the one's; absent where it is not known. */
  readonly lengthDifference?: number
}

/** Longer outputs are compared up to here: an edit distance takes the product of both lengths. */
const MOST_UNITS = 20_000

export function compareOutputs(one: Output, other: Output): Difference {
  const lengths = lengthOf(one, other)
  if (one.text === other.text) return { equal: true, similarity: 1, ...lengths }
  const [characters, others] = [[...one.text], [...other.text]]
  const firstCharacter = firstDifference(characters, others)
  const tokens = one.tokens !== undefined && other.tokens !== undefined
  return {
    equal: false,
    ...(tokens && { firstToken: firstDifference(one.tokens, other.tokens) }),
    firstCharacter,
    firstWord: wordAt(characters, firstCharacter),
    similarity: tokens ? similarityOf(one.tokens, other.tokens) : similarityOf(characters, others),
    ...lengths,
  }
}

function lengthOf(one: Output, other: Output): Pick<Difference, 'lengthDifference'> {
  const [a, b] = [one, other].map(({ length, tokens }) => length ?? tokens?.length)
  return a === undefined || b === undefined ? {} : { lengthDifference: b - a }
}

/** Where one is the beginning of the other: the end of the shorter one. */
export function firstDifference(one: readonly string[], other: readonly string[]): number {
  const shorter = Math.min(one.length, other.length)
  for (let index = 0; index < shorter; index++) if (one[index] !== other[index]) return index
  return shorter
}

/** Words that began before the character, less the one that it stands in. */
function wordAt(characters: readonly string[], index: number): number {
  const before = characters.slice(0, index).join('')
  const begun = before.match(/\S+/g)?.length ?? 0
  return begun > 0 && /\S$/.test(before) ? begun - 1 : begun
}

/** Each distinct unit becomes one character, so that one edit is one unit. */
export function similarityOf(one: readonly string[], other: readonly string[]): number {
  const names = new Map<string, string>()
  const encode = (units: readonly string[]): string =>
    units
      .slice(0, MOST_UNITS)
      .map((unit) => {
        const known = names.get(unit) ?? String.fromCharCode(names.size + 1)
        names.set(unit, known)
        return known
      })
      .join('')
  const [a, b] = [encode(one), encode(other)]
  const longer = Math.max(a.length, b.length)
  return longer === 0 ? 1 : 1 - editDistance(a, b) / longer
}
