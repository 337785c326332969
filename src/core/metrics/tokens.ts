/** Tokens an answer, by kind. */
import type { OkRecord } from '../record.ts'
import { type AnswerMetric, single, type Words } from './contract.ts'

/** Tokens of one kind an answer. */
function tokenCount(
  id: string,
  title: string,
  formula: string,
  source: string,
  of: (record: OkRecord) => number | undefined,
): AnswerMetric {
  const words: Words = { id, title, unit: 'tokens', direction: 'neutral', formula, source }
  return single(words, of, { whenEmpty: 'not counted' })
}

const INPUT_TOKENS = tokenCount(
  'input_tokens',
  'tokens in',
  'inputTokens an answer: prompt with chat template, as counted by the server',
  'usage.prompt_tokens of the OpenAI API',
  (record) => record.inputTokens,
)

const ASKED_INPUT_TOKENS = tokenCount(
  'asked_input_tokens',
  'tokens in, asked',
  'askedInputTokens an answer: what the workload aimed at, before the chat template',
  "the workload's own; differs from input_tokens by the template and by the tokenizer used",
  (record) => record.askedInputTokens,
)

const OUTPUT_TOKENS = tokenCount(
  'output_tokens',
  'tokens out',
  'outputTokens an answer, reasoning included',
  'usage.completion_tokens of the OpenAI API, else a tokenizer, else the number of events with tokens',
  (record) => record.outputTokens,
)

const REASONING_TOKENS = tokenCount(
  'reasoning_tokens',
  'reasoning tokens',
  'reasoningTokens an answer, a part of outputTokens',
  'usage.completion_tokens_details.reasoning_tokens of the OpenAI API',
  (record) => record.reasoningTokens,
)

const CACHED_TOKENS = tokenCount(
  'cached_tokens',
  'cached tokens',
  'cachedTokens an answer: the part of inputTokens that came from a prefix cache',
  'usage.prompt_tokens_details.cached_tokens of the OpenAI API',
  (record) => record.cachedTokens,
)

export const tokenMetrics: readonly AnswerMetric[] = [
  INPUT_TOKENS,
  ASKED_INPUT_TOKENS,
  OUTPUT_TOKENS,
  REASONING_TOKENS,
  CACHED_TOKENS,
]
