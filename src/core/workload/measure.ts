/** Where lengths in tokens come from: the server's own count, a local tokenizer, the server's `usage`, or a guess, in this order. */
import type { Call } from '../call.ts'
import { remember } from './remember.ts'
import { makeSynthetic, type SyntheticPlan } from './synthetic.ts'
import type { WorkloadTools } from './tools.ts'
import { askUsage } from './usage.ts'
import {
  type CountText,
  guessVocabulary,
  isPlausible,
  mapLimited,
  measureVocabulary,
  type Vocabulary,
} from './vocabulary.ts'
import { WORDS } from './words.ts'

/** `usage`: a guess, corrected by what the server said about a few prompts. */
type LengthSource = 'server' | 'tokenizer' | 'usage' | 'estimate'

export interface Lengths {
  readonly vocabulary: Vocabulary
  readonly source: LengthSource
  /** Every prompt that was checked had just the length asked for. */
  readonly exact: boolean
  /** What the server's chat template, or its token for the beginning, adds to each prompt; absent: not known. */
  readonly addedTokens?: number
}

/** Prompts of the plan that are counted to see whether what was found about words holds for whole prompts. */
const CHECKED_PROMPTS = 4

export async function measureLengths(plan: SyntheticPlan, tools: WorkloadTools): Promise<Lengths> {
  return (
    (await measureByServer(plan, tools)) ??
    (await measureByTokenizer(plan, tools)) ??
    (await estimateByUsage(tools)) ?? { vocabulary: guessVocabulary(), source: 'estimate', exact: false }
  )
}

async function measureByServer(plan: SyntheticPlan, tools: WorkloadTools): Promise<Lengths | undefined> {
  const { countTokens } = tools
  if (countTokens === undefined) return undefined
  const count: CountText = (text) => countTokens({ text })
  const measured = await remember(countTokens, () => measureVocabulary(count))
  if (measured === undefined) return undefined
  const checked = await checkVocabulary(plan, tools, measured, count)
  if (checked === undefined) return undefined
  const { vocabulary } = checked
  const addedTokens = tools.kind === 'chat' ? await measureTemplate(plan, tools, vocabulary) : vocabulary.overhead
  return { ...checked, source: 'server', ...(addedTokens !== undefined && { addedTokens }) }
}

async function measureByTokenizer(plan: SyntheticPlan, tools: WorkloadTools): Promise<Lengths | undefined> {
  const { tokenizer } = tools
  if (tokenizer === undefined) return undefined
  const count: CountText = async (text) => tokenizer.count(text)
  const measured = await remember(tokenizer, () => measureVocabulary(count))
  if (measured === undefined) return undefined
  const checked = await checkVocabulary(plan, tools, measured, count)
  if (checked === undefined) return undefined
  const usage = await askUsage(tools)
  if (usage === undefined) return { ...checked, source: 'tokenizer' }
  const [ours, theirs] = [
    tokenizer.count(usage.twice) - tokenizer.count(usage.once),
    usage.twiceTokens - usage.onceTokens,
  ]
  // A word at the seam may count one more or less; another model's tokenizer is off by tens.
  if (Math.abs(ours - theirs) > 2) {
    tools.notes(
      `tokenizer: it counts ${ours} tokens where the server counts ${theirs}; is it the tokenizer.json of this model?`,
    )
    return { ...checked, source: 'tokenizer' }
  }
  return { ...checked, source: 'tokenizer', addedTokens: usage.onceTokens - tokenizer.count(usage.once) }
}

/** All words once, then twice: the difference is what all words make, and the rest is what a template adds. */
async function estimateByUsage(tools: WorkloadTools): Promise<Lengths | undefined> {
  const usage = await askUsage(tools)
  if (usage === undefined) return undefined
  const tokensPerWord = (usage.twiceTokens - usage.onceTokens) / WORDS.length
  if (!isPlausible(tokensPerWord)) {
    tools.notes(
      'prompt lengths: the prompt tokens that the server reports do not grow with the prompt; estimated instead',
    )
    return undefined
  }
  const overhead = Math.max(0, 2 * usage.onceTokens - usage.twiceTokens)
  const vocabulary = { ...guessVocabulary(), tokensPerWord, overhead }
  return { vocabulary, source: 'usage', exact: false, addedTokens: overhead }
}

/** Counts whole prompts of the plan, and corrects the words' count by them; undefined when the counter makes no sense. */
async function checkVocabulary(
  plan: SyntheticPlan,
  tools: WorkloadTools,
  vocabulary: Vocabulary,
  count: CountText,
): Promise<Pick<Lengths, 'vocabulary' | 'exact'> | undefined> {
  const workload = makeSynthetic(plan, tools, vocabulary, 'check', {})
  const calls = Array.from({ length: CHECKED_PROMPTS }, (_, n) => workload.call(n))
  const counts = await mapLimited(calls, CHECKED_PROMPTS, async (call) => await count(promptText(call)))
  if (counts.some((tokens) => tokens === undefined)) return undefined
  const asked = calls.map((call) => call.askedInputTokens!)
  const found = counts.map((tokens) => tokens! - vocabulary.overhead)
  if (found.every((tokens, at) => tokens === asked[at])) return { vocabulary, exact: true }
  const ratio = sum(found) / sum(asked)
  const tokensPerWord = vocabulary.tokensPerWord * ratio
  if (!isPlausible(tokensPerWord)) return undefined
  const percent = Math.max(...found.map((tokens, at) => (100 * Math.abs(tokens - asked[at]! * ratio)) / asked[at]!))
  tools.notes(
    `prompt lengths: right within about ${percent.toFixed(1)} %, since this tokenizer joins words or splits them unevenly`,
  )
  return { vocabulary: { ...vocabulary, tokensPerWord }, exact: false }
}

/** What the template adds around the same prompts; undefined when the server does not count conversations. */
async function measureTemplate(
  plan: SyntheticPlan,
  tools: WorkloadTools,
  vocabulary: Vocabulary,
): Promise<number | undefined> {
  const workload = makeSynthetic(plan, tools, vocabulary, 'check', {})
  const added: number[] = []
  for (const n of [0, 1]) {
    const text = promptText(workload.call(n))
    const alone = await tools.countTokens?.({ text })
    const within = await tools.countTokens?.({ messages: [{ role: 'user', content: text }] })
    if (alone === undefined || within === undefined) return undefined
    added.push(within - (alone - vocabulary.overhead))
  }
  return Math.round(sum(added) / added.length)
}

function promptText(call: Call): string {
  return call.kind === 'chat' ? call.messages[0]!.content : String(call.prompt)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
