/** Sets of tasks by name, and what a task needs from an endpoint. */
import { BenchError } from '../errors.ts'

export type Endpoint = 'chat' | 'completions'

export type SuiteName = 'quick' | 'standard' | 'full'

/** Those of vllm-rust's `quality_eval.py`; all multiple choice. */
export const suites: Readonly<Record<SuiteName, readonly string[]>> = {
  quick: ['hellaswag'],
  standard: ['hellaswag', 'arc_easy', 'truthfulqa_mc2'],
  full: ['hellaswag', 'arc_easy', 'truthfulqa_mc2', 'mmlu'],
}

/** Everything but generated text is judged by the log-likelihoods of given answers. */
export function needsLikelihoods(outputType: string): boolean {
  return outputType !== 'generate_until'
}

/** By task, its `output_type`: of the suites, and of task files of the user's own. */
export type OutputTypes = ReadonlyMap<string, string>

export function knownTypes(own: OutputTypes): OutputTypes {
  return new Map([...suites.full.map((name) => [name, 'multiple_choice'] as const), ...own])
}

/** Throws `BenchError('unsupported')` for a task that this endpoint cannot do, as far as its type is known. */
export function checkEndpoint(tasks: readonly string[], types: OutputTypes, endpoint: Endpoint): void {
  if (endpoint === 'completions') return
  const impossible = tasks.filter((name) => needsLikelihoods(types.get(name) ?? 'generate_until'))
  if (impossible.length === 0) return
  throw new BenchError(
    'unsupported',
    `${impossible.join(', ')}: judged by log-likelihoods (${types.get(impossible[0]!)}), which a chat endpoint does not give; use --endpoint completions, or tasks that generate text, such as --tasks gsm8k`,
  )
}
