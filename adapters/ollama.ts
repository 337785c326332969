/**
 * Ollama by its own API: `/api/chat` and `/api/generate`, a line of JSON for each piece. Unlike its OpenAI mode it counts
 * tokens always, says when the engine failed, and tells how long it loaded the model. (`docs/api.md`, `server/routes.go`)
 */
import {
  type Adapter,
  asArray,
  asCount,
  asObject,
  asText,
  type Call,
  type Decoder,
  type HttpSpec,
  type JsonObject,
  type Probe,
  parseJson,
  type ServerFacts,
  type StreamEvent,
  type Target,
  type WireMessage,
} from 'inferbench'
import { neverThrow, pushTimings, readTools } from './_openai-decoder.ts'
import { explainError, readHealth, requestOf } from './openai.ts'

function encode(call: Call, target: Target): HttpSpec {
  const { options: ownOptions, ...own } = { ...target.body, ...call.body }
  const options = {
    ...(call.maxTokens === undefined ? {} : { num_predict: call.maxTokens }),
    ...(call.temperature === undefined ? {} : { temperature: call.temperature }),
    ...asObject(ownOptions),
  }
  const body: Readonly<Record<string, unknown>> = {
    model: target.model,
    // Raw: as it stands, without the model's template; and without the token ids of the conversation at the end.
    ...(call.kind === 'chat' ? { messages: call.messages } : { prompt: call.prompt, raw: true }),
    // Absent would mean true here.
    stream: target.stream,
    ...(Object.keys(options).length === 0 ? {} : { options }),
    ...own,
  }
  const path = call.kind === 'chat' ? '/api/chat' : '/api/generate'
  return requestOf(target, 'POST', path, body, body.stream === false ? 'json' : 'ndjson')
}

function createOllamaDecoder(): Decoder {
  let model: string | undefined

  return neverThrow(({ data }: WireMessage): StreamEvent[] => {
    const parsed = parseJson(data)
    const line = asObject(parsed) ?? {}
    if (line.error !== undefined && line.error !== null)
      return [{ type: 'error', message: explainError(500, data) ?? data }]
    if (parsed === undefined) return [{ type: 'error', reason: 'malformed', message: `no JSON: ${data.slice(0, 256)}` }]
    const events: StreamEvent[] = []
    const said = asText(line.model)
    if (said !== undefined && said !== model) events.push({ type: 'served', model: said })
    model = said ?? model
    readPieces(line, events)
    if (line.done === true) readEnd(line, events)
    return events
  })
}

/** With `logprobs` a line names its tokens; else a line is a token, or what the parser of a thinking model held back. */
function readPieces(line: JsonObject, events: StreamEvent[]): void {
  const message = asObject(line.message) ?? line
  const named = asArray(line.logprobs).length
  const first = events.length
  const pieces = [
    ['reasoning', asText(message.thinking)],
    ['text', asText(message.content) ?? asText(line.response)],
    ['tool', readTools(message)],
  ] as const
  for (const [type, text] of pieces) if (text) events.push({ type, text, choice: 0 })
  const carrier = events[first]
  if (carrier !== undefined && named > 0) events[first] = { ...carrier, tokens: named } as StreamEvent
}

const NS_PER_MS = 1e6

/** Durations are nanoseconds. A member that is missing may be 0 (a prompt found whole in the cache): no count, not none. */
function readEnd(line: JsonObject, events: StreamEvent[]): void {
  const [inputTokens, outputTokens] = [asCount(line.prompt_eval_count), asCount(line.eval_count)]
  const usage = {
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
  }
  if (Object.keys(usage).length > 0) events.push({ type: 'usage', usage, final: true })
  pushTimings(events, {
    loadMs: readMs(line.load_duration),
    prefillMs: readMs(line.prompt_eval_duration),
    decodeMs: readMs(line.eval_duration),
    totalMs: readMs(line.total_duration),
  })
  // Older releases give no reason.
  events.push({ type: 'finish', reason: asText(line.done_reason) ?? 'done', choice: 0 })
}

function readMs(ns: unknown): number | undefined {
  const count = asCount(ns)
  return count === undefined ? undefined : count / NS_PER_MS
}

const version: Probe<ServerFacts> = {
  request: (target) => requestOf(target, 'GET', '/api/version'),
  read: (reply) => {
    const found = reply.status === 200 ? asText(asObject(parseJson(reply.body))?.version) : undefined
    return found === undefined ? undefined : { version: found }
  },
}

/** What is installed; what is loaded is not asked for, since the first request loads its model. */
const tags: Probe<ServerFacts> = {
  request: (target) => requestOf(target, 'GET', '/api/tags'),
  read: (reply) => {
    const entries = reply.status === 200 ? asArray(asObject(parseJson(reply.body))?.models) : []
    const models = entries.map((entry) => asText(asObject(entry)?.name)).filter((name) => name !== undefined)
    return models.length === 0 ? undefined : { models }
  },
}

const ollama: Adapter = {
  name: 'ollama',
  summary: 'Ollama by its own API: /api/chat and /api/generate, with load time and token counts',
  // The last line says `done: true` and why: the end of the body follows, there is no mark beside it.
  flags: { sendsDone: false, usage: true, forcesLength: false },
  encode,
  decoder: createOllamaDecoder,
  ready: [{ request: (target) => requestOf(target, 'GET', '/api/version'), read: readHealth }],
  facts: [version, tags],
  explain: explainError,
  launch: ({ port }) => ({ command: 'ollama', args: ['serve'], env: { OLLAMA_HOST: `127.0.0.1:${port}` } }),
}

export default ollama
