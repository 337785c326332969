/** Workloads: what is sent. See `workload.ts` for the contract. */
import type { PromptPlan } from '../plan.ts'
import { describeSpread } from './lengths.ts'
import { makeRows } from './rows.ts'
import { makeSynthetic, type SyntheticPlan } from './synthetic.ts'
import type { PreparedWorkload, WorkloadTools } from './tools.ts'
import { guessVocabulary } from './vocabulary.ts'

export { parseDataset, shuffleDataset } from './dataset.ts'
export { digestText } from './hash.ts'
export type { LocalTokenizer } from './tokenizer.ts'
export { loadTokenizer } from './tokenizer.ts'
export type { PreparedWorkload, WorkloadTools } from './tools.ts'

/**
 * Makes a scenario's calls ready: measured ones, and `warmup` with its own. Asks the server about lengths of tokens where it
 * can be asked; after that, calls are made without asking anybody. Throws `BenchError('usage')` for a plan that cannot be.
 *
 * The input tokens of a call are those of the user's words alone. The server's own count, which includes its chat template and a
 * token for the beginning of the text, is reported beside it, never mixed with it.
 */
export async function prepareWorkload(plan: PromptPlan, tools: WorkloadTools): Promise<PreparedWorkload> {
  return plan.kind === 'dataset' ? makeRows(plan, tools) : await prepareSynthetic(plan, tools)
}

async function prepareSynthetic(plan: SyntheticPlan, tools: WorkloadTools): Promise<PreparedWorkload> {
  const vocabulary = guessVocabulary()
  const description = {
    kind: plan.kind,
    inputTokens: describeSpread(plan.inputTokens),
    outputTokens: describeSpread(plan.outputTokens),
    sharedPrefixTokens: plan.sharedPrefixTokens,
    lengths: 'estimate',
  }
  const stream = tools.stream ?? ''
  return {
    ...makeSynthetic(plan, tools, vocabulary, `measure ${stream}`, description),
    warmup: makeSynthetic(plan, tools, vocabulary, `warmup ${stream}`, description),
  }
}
