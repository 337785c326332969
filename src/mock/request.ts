/** Reads the body of a generation request, and refuses it as vLLM does. */
import * as v from 'valibot'
import type { MockSettings } from './options.ts'
import { renderChat, tokenize, vocabularySize } from './tokenizer.ts'

export interface GenerationRequest {
  readonly kind: 'chat' | 'completion'
  readonly stream: boolean
  /** One for chat; as many as were sent for completions. */
  readonly prompts: readonly (readonly number[])[]
  readonly maxTokens: number
  readonly minTokens: number
  readonly ignoreEos: boolean
  /** Answers a prompt. */
  readonly answers: number
  readonly stop: readonly string[]
  readonly echo: boolean
  /** How many likely tokens to name at each position; undefined: no log-probabilities. */
  readonly logprobs: number | undefined
  readonly tool: string | undefined
  readonly includeUsage: boolean
  readonly continuousUsage: boolean
  readonly tokensPerChunk: number
}

/** A request that is refused. Caught by the app, which gives it the profile's shape. */
export class RequestProblem extends Error {
  readonly status: 400 | 404
  readonly param: string | null

  constructor(status: 400 | 404, message: string, param: string | null = null) {
    super(message)
    this.status = status
    this.param = param
  }
}

const wholeNumber = v.pipe(v.number(), v.integer())
const common = {
  model: v.nullish(v.string()),
  max_tokens: v.nullish(wholeNumber),
  min_tokens: v.nullish(wholeNumber),
  ignore_eos: v.nullish(v.boolean()),
  n: v.nullish(v.pipe(wholeNumber, v.minValue(1), v.maxValue(128))),
  stream: v.nullish(v.boolean()),
  stream_options: v.nullish(
    v.looseObject({ include_usage: v.nullish(v.boolean()), continuous_usage_stats: v.nullish(v.boolean()) }),
  ),
  stream_interval: v.nullish(v.pipe(wholeNumber, v.minValue(1))),
  stop: v.nullish(v.union([v.string(), v.array(v.string())])),
  temperature: v.nullish(v.number()),
  top_p: v.nullish(v.number()),
  seed: v.nullish(wholeNumber),
}

const message = v.looseObject({
  role: v.string(),
  content: v.nullish(
    v.union([v.string(), v.array(v.looseObject({ type: v.string(), text: v.optional(v.string(), '') }))]),
    '',
  ),
})

const chatBody = v.looseObject({
  ...common,
  messages: v.pipe(v.array(message), v.minLength(1)),
  max_completion_tokens: v.nullish(wholeNumber),
  logprobs: v.nullish(v.boolean()),
  top_logprobs: v.nullish(v.pipe(wholeNumber, v.minValue(0), v.maxValue(20))),
  tools: v.nullish(v.array(v.looseObject({ function: v.looseObject({ name: v.string() }) }))),
  tool_choice: v.nullish(v.unknown()),
})

const tokenIds = v.pipe(v.array(wholeNumber), v.minLength(1))
const completionBody = v.looseObject({
  ...common,
  prompt: v.union([
    v.string(),
    tokenIds,
    v.pipe(v.array(v.string()), v.minLength(1)),
    v.pipe(v.array(tokenIds), v.minLength(1)),
  ]),
  echo: v.nullish(v.boolean()),
  logprobs: v.nullish(v.pipe(wholeNumber, v.minValue(0), v.maxValue(20))),
})

type Common = v.InferOutput<v.LooseObjectSchema<typeof common, undefined>>

/** Throws a {@link RequestProblem}. `text` is the body as it came. */
export function readRequest(kind: 'chat' | 'completion', text: string, settings: MockSettings): GenerationRequest {
  const body = parseJson(text)
  const request = kind === 'chat' ? readChat(body, settings) : readCompletion(body, settings)
  checkLength(request, settings)
  return request
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new RequestProblem(400, 'the body is not JSON', 'body')
  }
}

function readChat(body: unknown, settings: MockSettings): GenerationRequest {
  const input = check(chatBody, body)
  checkModel(input.model, settings)
  return {
    kind: 'chat',
    ...readCommon(input, input.max_completion_tokens ?? input.max_tokens, settings, 1),
    prompts: [tokenize(renderChat(input.messages.map(({ role, content }) => ({ role, content: plainText(content) }))))],
    echo: false,
    logprobs: input.logprobs ? (input.top_logprobs ?? 0) : undefined,
    tool: settings.toolCalls && input.tool_choice !== 'none' ? input.tools?.[0]?.function.name : undefined,
  }
}

function readCompletion(body: unknown, settings: MockSettings): GenerationRequest {
  const input = check(completionBody, body)
  checkModel(input.model, settings)
  const echo = input.echo ?? false
  const prompts = readPrompts(input.prompt)
  if (prompts.flat().some((id) => id < 0 || id >= vocabularySize)) {
    throw new RequestProblem(400, `a token id is outside the vocabulary of ${vocabularySize}`, 'prompt')
  }
  return {
    kind: 'completion',
    ...readCommon(input, input.max_tokens, settings, echo ? 0 : 1),
    prompts,
    echo,
    logprobs: input.logprobs ?? undefined,
    tool: undefined,
  }
}

function readCommon(
  input: Common,
  askedTokens: number | null | undefined,
  settings: MockSettings,
  leastTokens: number,
): Omit<GenerationRequest, 'kind' | 'prompts' | 'echo' | 'logprobs' | 'tool'> {
  const stream = input.stream ?? false
  const rust = settings.profile === 'vllm-rust'
  // OpenAI's default for completions is 16, vllm-rust's is 64.
  const maxTokens = askedTokens ?? (rust ? 64 : 16)
  const minTokens = input.min_tokens ?? 0
  if (maxTokens < leastTokens) {
    throw new RequestProblem(400, `max_tokens must be at least ${leastTokens}, got ${maxTokens}.`, 'max_tokens')
  }
  if (minTokens < 0 || minTokens > maxTokens) {
    throw new RequestProblem(400, `min_tokens must lie between 0 and max_tokens, got ${minTokens}.`, 'min_tokens')
  }
  if (!stream && input.stream_options) {
    throw new RequestProblem(400, 'stream_options is only allowed with stream: true.', 'stream_options')
  }
  if (rust && typeof input.stop === 'string') throw new RequestProblem(400, 'stop must be a list of strings.', 'stop')
  if (rust && stream && (input.n ?? 1) > 1) throw new RequestProblem(400, 'n must be 1 when streaming.', 'n')
  const includeUsage =
    settings.usage === 'asked' ? (input.stream_options?.include_usage ?? false) : settings.usage !== 'never'
  const continuous = settings.usage === 'continuous' || (input.stream_options?.continuous_usage_stats ?? false)
  return {
    stream,
    maxTokens,
    minTokens,
    ignoreEos: input.ignore_eos ?? false,
    answers: input.n ?? 1,
    stop: typeof input.stop === 'string' ? [input.stop] : (input.stop ?? []),
    includeUsage,
    continuousUsage: includeUsage && continuous && settings.profile !== 'openai',
    tokensPerChunk: input.stream_interval ?? settings.tokensPerChunk,
  }
}

function check<const Schema extends v.GenericSchema>(schema: Schema, body: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body)
  if (result.success) return result.output
  const path = `body.${v.getDotPath(result.issues[0]) ?? ''}`.replace(/\.$/, '')
  throw new RequestProblem(400, `1 validation error: ${path}: ${result.issues[0].message}`, path)
}

function checkModel(model: string | null | undefined, settings: MockSettings): void {
  if (model === undefined || model === null || model === settings.model) return
  throw new RequestProblem(404, `The model \`${model}\` does not exist. Served here: ${settings.model}.`, 'model')
}

function checkLength(request: GenerationRequest, settings: MockSettings): void {
  for (const prompt of request.prompts) {
    if (prompt.length + request.maxTokens <= settings.maxModelLength) continue
    throw new RequestProblem(
      400,
      `The model's maximum context length is ${settings.maxModelLength} tokens; the prompt has ${prompt.length} and max_tokens is ${request.maxTokens}.`,
      'input_tokens',
    )
  }
}

function readPrompts(prompt: string | number[] | string[] | number[][]): number[][] {
  if (typeof prompt === 'string') return [tokenize(prompt)]
  if (typeof prompt[0] === 'number') return [prompt as number[]]
  return (prompt as (string | number[])[]).map((item) => (typeof item === 'string' ? tokenize(item) : item))
}

function plainText(content: string | readonly { readonly text: string }[]): string {
  return typeof content === 'string' ? content : content.map((part) => part.text).join('')
}

const tokenizeBody = v.union([
  v.looseObject({ prompt: v.string() }),
  v.looseObject({ messages: v.array(message), add_generation_prompt: v.nullish(v.boolean(), true) }),
])

export function readTokenize(text: string): { readonly ids: readonly number[]; readonly strings: boolean } {
  const body = parseJson(text)
  const input = check(tokenizeBody, body)
  const prompt =
    'prompt' in input && typeof input.prompt === 'string'
      ? input.prompt
      : renderChat(
          (input as { messages: v.InferOutput<typeof message>[] }).messages.map(({ role, content }) => ({
            role,
            content: plainText(content),
          })),
          (input as { add_generation_prompt: boolean }).add_generation_prompt,
        )
  return { ids: tokenize(prompt), strings: (body as { return_token_strs?: unknown }).return_token_strs === true }
}

export function readDetokenize(text: string): readonly number[] {
  return check(v.looseObject({ tokens: v.array(wholeNumber) }), parseJson(text)).tokens
}
