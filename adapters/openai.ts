/**
 * Any server that speaks the OpenAI dialect: chat and text completions, streamed or whole. Others derive from it, so it
 * sends only what every server takes.
 */
import {
  type Adapter,
  asArray,
  asCount,
  asObject,
  asText,
  type Call,
  type Framing,
  type HttpSpec,
  type Probe,
  type ProbeReply,
  parseJson,
  type Readiness,
  type ServerFacts,
  type Target,
} from 'inferbench'
import { createOpenaiDecoder } from './_openai-decoder.ts'

const openai: Adapter = {
  name: 'openai',
  summary: 'any OpenAI-compatible server: /v1/chat/completions and /v1/completions',
  flags: { sendsDone: true, usage: true, forcesLength: false },
  encode: encodeOpenai,
  decoder: createOpenaiDecoder,
  ready: [{ request: (target) => requestOf(target, 'GET', '/health'), read: readHealth }],
  facts: [{ request: (target) => requestOf(target, 'GET', '/v1/models'), read: readModels }],
  countTokens: {
    request: (input, target) => {
      // llama.cpp reads `content`, vLLM and its kin read `prompt` or `messages`; each passes over the other's member.
      const asked = 'text' in input ? { prompt: input.text, content: input.text, add_special: true } : input
      return requestOf(target, 'POST', '/tokenize', { model: target.model, ...asked })
    },
    read: readTokenCount,
  },
  explain: explainError,
}

export default openai

/** The request of a measured call. `extra` is what a derived adapter adds; what the user asks for wins over it. */
export function encodeOpenai(call: Call, target: Target, extra: Readonly<Record<string, unknown>> = {}): HttpSpec {
  const body: Record<string, unknown> = {
    model: target.model,
    ...(call.kind === 'chat' ? { messages: call.messages } : { prompt: call.prompt }),
    // Not `max_completion_tokens`: servers that do not know it generate without a limit, for minutes.
    ...(call.maxTokens === undefined ? {} : { max_tokens: call.maxTokens }),
    ...(call.temperature === undefined ? {} : { temperature: call.temperature }),
    stream: target.stream,
    // Asked without streaming it is an error (vLLM: 400).
    ...(target.stream && target.includeUsage ? { stream_options: { include_usage: true } } : {}),
    ...extra,
    ...target.body,
    ...call.body,
  }
  const path = call.kind === 'chat' ? '/v1/chat/completions' : '/v1/completions'
  return { ...requestOf(target, 'POST', path, body), choices: countChoices(body) }
}

/** A prompt that is a list of texts, or of lists of token ids, is as many prompts; each has `n` answers. */
function countChoices({ prompt, n }: Readonly<Record<string, unknown>>): number {
  const isOne = !Array.isArray(prompt) || prompt.length === 0 || typeof prompt[0] === 'number'
  return (isOne ? 1 : prompt.length) * (asCount(n) || 1)
}

const accepted: Readonly<Record<Framing, string>> = {
  sse: 'text/event-stream, application/json',
  ndjson: 'application/x-ndjson, application/json',
  json: 'application/json, */*',
}

/** A request with the target's key and headers. Later headers of the same name win, whatever their case. */
export function requestOf(
  target: Target,
  method: 'GET' | 'POST',
  path: string,
  body?: Readonly<Record<string, unknown>>,
  framing: Framing = body?.stream === true ? 'sse' : 'json',
): HttpSpec {
  const headers: readonly (readonly [string, string])[] = [
    ['accept', accepted[framing]],
    ...(body === undefined ? [] : [['content-type', 'application/json'] as const]),
    ...(target.apiKey === undefined ? [] : [['authorization', `Bearer ${target.apiKey}`] as const]),
    ...target.headers,
  ]
  const last = new Map(headers.map((header) => [header[0].toLowerCase(), header]))
  return {
    method,
    url: target.baseUrl + path,
    headers: [...last.values()],
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    framing,
  }
}

/** 503 is "not yet" everywhere; a server without the route says nothing about itself. */
export function readHealth(reply: ProbeReply): Readiness | undefined {
  if (reply.status === 200) return { ready: true }
  if (reply.status !== 503) return undefined
  return { ready: false, why: explainError(reply.status, reply.body) ?? 'GET /health answers 503' }
}

export function readModels(reply: ProbeReply): ServerFacts | undefined {
  if (reply.status !== 200) return undefined
  const entries = asArray(asObject(parseJson(reply.body))?.data).map((entry) => asObject(entry) ?? {})
  const models = entries.map((entry) => asText(entry.id)).filter((id) => id !== undefined)
  const lengths = entries.map((entry) => asCount(entry.max_model_len) ?? asCount(asObject(entry.meta)?.n_ctx))
  const maxModelLength = lengths.find((length) => length !== undefined)
  return models.length === 0 ? undefined : { models, ...(maxModelLength === undefined ? {} : { maxModelLength }) }
}

/** `GET /version`, which vLLM and its kin have. */
export const versionProbe: Probe<ServerFacts> = {
  request: (target) => requestOf(target, 'GET', '/version'),
  read: (reply) => {
    const version = reply.status === 200 ? asText(asObject(parseJson(reply.body))?.version) : undefined
    return version === undefined ? undefined : { version }
  },
}

/** A count of 0 is no answer: llama.cpp gives it for members that it does not know. */
function readTokenCount(reply: ProbeReply): number | undefined {
  const body = reply.status === 200 ? asObject(parseJson(reply.body)) : undefined
  return (asCount(body?.count) ?? asArray(body?.tokens).length) || undefined
}

/** `error.message`, `error`, `message`, `detail`: the four places where servers put their words, in this order. */
export function explainError(_status: number, body: string): string | undefined {
  const parsed = asObject(parseJson(body))
  const error = asObject(parsed?.error)
  return (
    asText(error?.message) ?? asText(parsed?.error) ?? asText(parsed?.message) ?? asText(readDetail(parsed?.detail))
  )
}

/** FastAPI: a string, or a list of what is wrong where. */
function readDetail(detail: unknown): string | undefined {
  if (typeof detail === 'string') return detail
  const lines = asArray(detail).map((item) => {
    const entry = asObject(item)
    const place = asArray(entry?.loc).join('.')
    return [place, asText(entry?.msg)].filter(Boolean).join(': ')
  })
  return lines.filter(Boolean).join('; ')
}
