/** What a workload is prepared with, and what comes out. */
import type { Call, ChatMessage } from '../call.ts'
import type { Workload } from '../workload.ts'
import type { WorkloadRecipe } from './recipe.ts'
import type { LocalTokenizer } from './tokenizer.ts'

/** What a workload is made with, as data. */
export interface WorkloadSettings {
  readonly kind: Call['kind']
  readonly seed: number
  /**
   * Names the scenario (and repetition) within the run: workloads of different streams share no prompt, so that no scenario is
   * answered from what an earlier one left in the server's prefix cache.
   */
  readonly stream?: string
  readonly forceLength: boolean
  readonly temperature?: number
}

export interface WorkloadTools extends WorkloadSettings {
  /**
   * The server's `/tokenize`. undefined: it has none. Called some tens of times, at most 8 at once. Give every scenario the same
   * function (and tokenizer, and probe): what it said about words is remembered by it.
   */
  countTokens?(
    input: { readonly text: string } | { readonly messages: readonly ChatMessage[] },
  ): Promise<number | undefined>
  readonly tokenizer?: LocalTokenizer
  /** Sends a request for one token and gives the server's `usage.prompt_tokens`. Called at most twice, with about 150 and 300 tokens. */
  usageProbe?(text: string): Promise<number | undefined>
  /** One line for the manifest about what was found while preparing. */
  notes(line: string): void
}

export interface PreparedWorkload extends Workload {
  /**
   * What the warm-up sends, from its own index 0. Shares no prompt with the measured calls, else a prefix cache would answer
   * those; only a data set with fewer rows than the phases send overlaps.
   */
  readonly warmup: Workload
  /** Both as data. */
  readonly recipe: WorkloadRecipe
}
