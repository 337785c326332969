/** Prompts of random words with a given number of tokens. */
import type { Call } from '../call.ts'
import type { PromptPlan } from '../plan.ts'
import { makeRandom, type Random, shuffle } from '../stats/random.ts'
import type { Workload } from '../workload.ts'
import { hashText } from './hash.ts'
import { describeSpread, drawLength } from './lengths.ts'
import type { WorkloadSettings } from './tools.ts'
import type { Vocabulary } from './vocabulary.ts'

export type SyntheticPlan = Extract<PromptPlan, { kind: 'synthetic' }>

/** So many words after the first spell the prompt's number: 100 words give 10^8 prompts that differ there. */
const SPELLED_WORDS = 3

/**
 * Every prompt is another one from its beginning on: the first word and {@link SPELLED_WORDS} more spell its number in seeded
 * orders of the words, the others are random. Prompts that follow each other differ in the first word already; any two within
 * the first four. With a shared prefix all this comes after the prefix.
 */
export function makeSynthetic(
  plan: SyntheticPlan,
  settings: WorkloadSettings,
  vocabulary: Vocabulary,
  stream: string,
  description: Workload['description'],
): Workload {
  const write = makeWriter(plan, settings.seed, vocabulary, stream)
  const sampling = plan.sampling === undefined ? {} : { body: plan.sampling }
  return {
    name: `synthetic, ${describeSpread(plan.inputTokens)} tokens in, ${describeSpread(plan.outputTokens)} out`,
    description,
    call: (n) => {
      const random = makeRandom(settings.seed, stream, n)
      const asked = Math.max(drawLength(plan.inputTokens, random), plan.sharedPrefixTokens)
      const maxTokens = drawLength(plan.outputTokens, random)
      return { ...makeCall(settings, write(n, asked, random), asked, maxTokens), ...sampling }
    },
  }
}

function makeCall(settings: WorkloadSettings, prompt: string, askedInputTokens: number, maxTokens: number): Call {
  const common = {
    item: hashText(prompt),
    maxTokens,
    forceLength: settings.forceLength,
    askedInputTokens,
    ...(settings.temperature !== undefined && { temperature: settings.temperature }),
  }
  return settings.kind === 'chat'
    ? { kind: 'chat', messages: [{ role: 'user', content: prompt }], ...common }
    : { kind: 'completion', prompt, ...common }
}

type Writer = (n: number, tokens: number, random: Random) => string

/** How a prompt begins, and what that leaves to be said. */
interface Beginning {
  readonly text: string
  readonly tokens: number
  /** What of the prompt's number the beginning does not tell. */
  readonly number: number
}

function makeWriter(plan: SyntheticPlan, seed: number, vocabulary: Vocabulary, stream: string): Writer {
  const starts = shuffle(vocabulary.starts, makeRandom(seed, `${stream} starts`))
  const words = shuffle(vocabulary.words, makeRandom(seed, `${stream} words`)).map((word) => ` ${word}`)
  const prefix = plan.sharedPrefixTokens > 0 ? writePrefix(plan.sharedPrefixTokens, seed, vocabulary) : undefined

  const begin = (n: number): Beginning => {
    if (prefix !== undefined) return { text: prefix, tokens: plan.sharedPrefixTokens, number: n }
    const start = starts[n % starts.length]!
    return { text: start.word, tokens: start.tokens, number: Math.floor(n / starts.length) }
  }

  return (n, tokens, random) => {
    const beginning = begin(n)
    const count = Math.round((tokens - beginning.tokens) / vocabulary.tokensPerWord)
    let { text, number } = beginning
    let index = 0
    for (let at = 0; at < count; at++) {
      if (at < SPELLED_WORDS) {
        // A digit counts from the word before it: one to one as well, and small numbers do not repeat a word.
        index = (index + 1 + (number % words.length)) % words.length
        number = Math.floor(number / words.length)
      } else index = random.integer(words.length)
      text += words[index]
    }
    return text
  }
}

/** The same for every stream of a seed: the warm-up brings it into the cache, as the first users would. */
function writePrefix(tokens: number, seed: number, vocabulary: Vocabulary): string {
  const random = makeRandom(seed, 'prefix')
  const start = vocabulary.starts[random.integer(vocabulary.starts.length)]!
  const count = Math.round((tokens - start.tokens) / vocabulary.tokensPerWord)
  let text = start.word
  for (let at = 0; at < count; at++) text += ` ${vocabulary.words[random.integer(vocabulary.words.length)]}`
  return text
}
