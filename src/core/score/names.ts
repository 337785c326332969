/** Names of runtimes: probador's users write the concurrency behind them. */

/** `vllm-c4` is `vllm`: takes one `-c<digits>` off the end. */
export function stripConcurrency(name: string): string {
  return name.replace(/-c[0-9]+$/, '')
}

export type PromptCategory = 'micro' | 'short' | 'medium' | 'long'

export const PROMPT_CATEGORIES: readonly PromptCategory[] = ['micro', 'short', 'medium', 'long']

/** By mean tokens of a prompt. */
export function promptCategory(tokens: number): PromptCategory {
  if (tokens < 15) return 'micro'
  if (tokens < 64) return 'short'
  return tokens < 256 ? 'medium' : 'long'
}

export type OutputCategory = 'short' | 'medium' | 'long'

export const OUTPUT_CATEGORIES: readonly OutputCategory[] = ['short', 'medium', 'long']

/** By tokens of an answer. */
export function outputCategory(tokens: number): OutputCategory {
  if (tokens < 32) return 'short'
  return tokens <= 128 ? 'medium' : 'long'
}
