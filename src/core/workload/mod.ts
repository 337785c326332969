/** Workloads: what is sent. See `workload.ts` for the contract. */
import { BenchError } from '../errors.ts'
import type { PromptPlan } from '../plan.ts'
import { describeSpread } from './lengths.ts'
import { measureLengths } from './measure.ts'
import { makeWorkload } from './recipe.ts'
import type { SyntheticPlan } from './synthetic.ts'
import type { PreparedWorkload, WorkloadSettings, WorkloadTools } from './tools.ts'

export { parseDataset, shuffleDataset } from './dataset.ts'
export { makeWorkload, type WorkloadRecipe } from './recipe.ts'
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
  return plan.kind === 'dataset'
    ? makeWorkload({ kind: 'dataset', plan, settings: settingsOf(tools) })
    : await prepareSynthetic(plan, tools)
}

async function prepareSynthetic(plan: SyntheticPlan, tools: WorkloadTools): Promise<PreparedWorkload> {
  requirePrefixFits(plan)
  const lengths = await measureLengths(plan, tools)
  const description = {
    kind: plan.kind,
    inputTokens: describeSpread(plan.inputTokens),
    outputTokens: describeSpread(plan.outputTokens),
    sharedPrefixTokens: plan.sharedPrefixTokens,
    ...(plan.sampling === undefined ? {} : { sampling: plan.sampling }),
    lengths: lengths.source,
    exact: lengths.exact,
    tokensPerWord: Number(lengths.vocabulary.tokensPerWord.toPrecision(4)),
    ...(lengths.addedTokens !== undefined && { addedTokens: lengths.addedTokens }),
    ...(lengths.source === 'tokenizer' && { tokenizer: tools.tokenizer?.hash }),
  }
  return makeWorkload({
    kind: 'synthetic',
    plan,
    settings: settingsOf(tools),
    vocabulary: lengths.vocabulary,
    description,
  })
}

function settingsOf(tools: WorkloadTools): WorkloadSettings {
  const { kind, seed, stream, forceLength, temperature } = tools
  return {
    kind,
    seed,
    forceLength,
    ...(stream === undefined ? {} : { stream }),
    ...(temperature === undefined ? {} : { temperature }),
  }
}

function requirePrefixFits(plan: SyntheticPlan): void {
  if (plan.sharedPrefixTokens > plan.inputTokens.mean) {
    throw new BenchError(
      'usage',
      `a shared prefix of ${plan.sharedPrefixTokens} tokens does not fit into prompts of ${plan.inputTokens.mean}; ` +
        'ask for longer prompts (their length includes the prefix)',
    )
  }
}
