/**
 * What the mock says, and how likely it says it is: a language model without a model. The next token is a function of
 * the seed and of all tokens before it, so the same prompt is answered alike, what it generates is what it scores as most
 * likely, and `echo` with `logprobs` (lm-eval's log-likelihoods) is consistent with generation.
 */
import { hash, uniform } from './random.ts'
import { tokenize } from './tokenizer.ts'

/** 128 words of three letters: with the space before it, each is one token. */
const words =
  'sea fog low tide bay oak elm ash fir yew hay rye oat bee ant owl hen jay cod eel ray cat dog fox cow pig ram ewe bat elk ape ' +
  'sun sky dew ice mud dam bog fen cay key map log bow arm leg eye ear lip toe rib hip cup jar jug pot pan lid tin can box bag net ' +
  'rod rug mat bed cot hat cap tie bib hem zip pin peg nut cog cam gas oil tar gum ink dye red tan dun old new raw dry wet hot big ' +
  'fat fit shy sly odd few two six ten run hop fly row dig mow sew sit lie nap eat sip cut mix fix try ask say see hum and but for ' +
  'the her his its our you'

const vocabulary: readonly number[] = words
  .split(' ')
  .filter((word) => word.length === 3)
  .slice(0, 128)
  .map((word) => tokenize(` ${word}`)[0]!)
const rankOf: ReadonlyMap<number, number> = new Map(vocabulary.map((id, index) => [id, index]))

/** The state after some tokens. Not a probability: a number that stands for everything said so far. */
export type Context = number

export function openContext(seed: number, choice: number): Context {
  return hash(seed, choice, 0x70)
}

export function extendContext(context: Context, id: number): Context {
  return hash(context, id)
}

export function nextToken(context: Context): number {
  return vocabulary[hash(context, 0x6e) % vocabulary.length]!
}

/** The next most likely one. */
export function secondToken(context: Context): number {
  return vocabulary[(hash(context, 0x6e) + 1) % vocabulary.length]!
}

export interface TokenScore {
  readonly id: number
  readonly logprob: number
  /** 1 is the most likely token. */
  readonly rank: number
}

/** How likely a token is, and the `count` most likely ones, best first. */
export function scoreToken(
  context: Context,
  id: number,
  count: number,
): TokenScore & { readonly top: readonly TokenScore[] } {
  const best = hash(context, 0x6e) % vocabulary.length
  const index = rankOf.get(id)
  const rank = index === undefined ? vocabulary.length : (index - best + vocabulary.length) % vocabulary.length
  const top = Array.from({ length: Math.min(count, vocabulary.length) }, (_, place) => ({
    id: vocabulary[(best + place) % vocabulary.length]!,
    logprob: logprobOfRank(context, place),
    rank: place + 1,
  }))
  return { id, logprob: logprobOfRank(context, rank), rank: rank + 1, top }
}

/** The best token has 30 to 70 %; each next one has half of what is left, down to a floor. */
function logprobOfRank(context: Context, rank: number): number {
  const best = 0.3 + 0.4 * uniform(context, 0x70)
  return rank === 0 ? Math.log(best) : Math.log(1 - best) - Math.min(rank, 24) * Math.LN2
}
