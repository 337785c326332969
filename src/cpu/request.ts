/** Reads what a client asks, and refuses what this server cannot do. */
import * as v from 'valibot'
import type { ChatMessage } from '../core/call.ts'
import type { Engine, GenerateOptions } from './engine.ts'

export interface GenerationRequest extends GenerateOptions {
  readonly kind: 'chat' | 'completion'
  readonly model: string | undefined
  readonly stream: boolean
  readonly includeUsage: boolean
}

/** A request that is refused. */
export class RequestProblem extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const amount = v.pipe(v.number(), v.minValue(0))
const common = {
  model: v.nullish(v.string()),
  max_tokens: v.nullish(v.pipe(count, v.minValue(1))),
  max_completion_tokens: v.nullish(v.pipe(count, v.minValue(1))),
  temperature: v.nullish(amount),
  top_p: v.nullish(amount),
  top_k: v.nullish(count),
  min_p: v.nullish(amount),
  seed: v.nullish(count),
  n: v.nullish(v.literal(1, 'only one answer a request')),
  ignore_eos: v.nullish(v.boolean()),
  stop: v.nullish(v.union([v.string(), v.array(v.string())])),
  stream: v.nullish(v.boolean()),
  stream_options: v.nullish(v.looseObject({ include_usage: v.nullish(v.boolean()) })),
}
const part = v.looseObject({ type: v.literal('text', 'only text'), text: v.string() })
const message = v.looseObject({
  role: v.string(),
  content: v.pipe(
    v.union([v.string(), v.array(part)]),
    v.transform((content) => (typeof content === 'string' ? content : content.map(({ text }) => text).join(''))),
  ),
})
const messages = v.pipe(v.array(message), v.minLength(1))
const chatBody = v.looseObject({ ...common, messages })
const completionBody = v.looseObject({
  ...common,
  prompt: v.union([v.string(), v.pipe(v.array(count), v.minLength(1))], 'must be a text or a list of token ids'),
})
const tokenizeBody = v.union([
  v.looseObject({ messages }),
  v.looseObject({ prompt: v.string(), add_special: v.nullish(v.boolean(), true) }),
  v.looseObject({ content: v.string(), add_special: v.nullish(v.boolean(), false) }),
])

/** Throws a {@link RequestProblem}. */
export function readGeneration(kind: 'chat' | 'completion', text: string, engine: Engine): GenerationRequest {
  const body = parse(text)
  const input = kind === 'chat' ? check(chatBody, body) : check(completionBody, body)
  const prompt = readPrompt(input, engine)
  const room = engine.contextSize - prompt.length
  const wanted = input.max_completion_tokens ?? input.max_tokens
  if (room < 1 || (wanted ?? 0) > room) {
    const asked = wanted === null || wanted === undefined ? '' : ` and ${wanted} were asked for`
    throw new RequestProblem(
      400,
      `the context holds ${engine.contextSize} tokens; the prompt has ${prompt.length}${asked}`,
    )
  }
  const sampling = { seed: input.seed, topK: input.top_k, topP: input.top_p, minP: input.min_p }
  return {
    kind,
    model: input.model ?? undefined,
    stream: input.stream ?? false,
    includeUsage: input.stream_options?.include_usage ?? false,
    prompt,
    maxTokens: wanted ?? room,
    sampling: {
      temperature: input.temperature ?? 1,
      ...Object.fromEntries(Object.entries(sampling).filter(([, value]) => typeof value === 'number')),
    },
    ignoreEos: input.ignore_eos ?? false,
    stop: typeof input.stop === 'string' ? [input.stop] : (input.stop ?? []),
  }
}

function readPrompt(
  input: { readonly messages: readonly ChatMessage[] } | { readonly prompt: string | readonly number[] },
  engine: Engine,
): readonly number[] {
  if ('messages' in input) return engine.tokenizeChat(input.messages)
  return typeof input.prompt === 'string' ? engine.tokenize(input.prompt, true) : input.prompt
}

/** As vLLM (`prompt`, `messages`) and as llama.cpp (`content`) is asked. */
export function readTokenize(text: string, engine: Engine): readonly number[] {
  const input = check(tokenizeBody, parse(text))
  if ('messages' in input) return engine.tokenizeChat(input.messages as readonly ChatMessage[])
  return engine.tokenize(String('prompt' in input ? input.prompt : input.content), input.add_special)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new RequestProblem(400, 'the body is no JSON')
  }
}

function check<const Schema extends v.GenericSchema>(schema: Schema, body: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body)
  if (result.success) return result.output
  const [issue] = result.issues
  const place = v.getDotPath(issue)
  throw new RequestProblem(400, `${place === null ? 'body' : place}: ${issue.message}`)
}
