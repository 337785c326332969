/**
 * The OpenAI dialect's answers, streamed or whole, as some twenty servers speak it. Every reading is lenient: what is
 * missing, null or of another type says nothing, and what is unknown is passed over.
 */
import {
  asAmount,
  asArray,
  asCount,
  asObject,
  asText,
  type Decoder,
  type JsonObject,
  parseJson,
  parsePythonJson,
  type ServerTimings,
  type StreamEvent,
  type Usage,
  type WireMessage,
} from 'inferbench'

const DONE = '[DONE]'
/** No server answers a request with more choices than this; a larger index is nonsense. */
const MAX_CHOICES = 1024
const MAX_ERROR = 500

/** Keeps, per answer, who serves and the tokens of events that had no text yet. Its parts append to one list of events. */
export function createOpenaiDecoder(): Decoder {
  const served: Served = {}
  const heldTokens = new Map<number, number>()

  function decode(message: WireMessage): StreamEvent[] {
    const data = message.data.trim()
    if (data === DONE && message.framing !== 'json') return [{ type: 'done' }]
    // An event without data keeps the connection alive, no more.
    if (data === '') return []
    const strict = parseJson(data)
    const parsed = strict ?? parsePythonJson(data)
    const body = asObject(parsed) ?? {}
    if (message.event === 'error' || isError(body)) return [readError(body, data)]
    if (parsed === undefined) return [{ type: 'error', reason: 'malformed', message: `no JSON: ${excerpt(data)}` }]
    const events: StreamEvent[] = []
    if (strict === undefined) events.push({ type: 'note', note: 'not_finite' })
    readServed(body, served, events)
    const choices = asArray(body.choices)
    for (const choice of choices) readChoice(asObject(choice) ?? {}, heldTokens, events)
    readUsage(body, choices, events)
    readServerTimings(body, events)
    readTrace(body, events)
    return events
  }

  return neverThrow(decode)
}

/** Only nesting deeper than the stack makes a lenient reader throw. */
export function neverThrow(decode: Decoder): Decoder {
  return (message) => {
    try {
      return decode(message)
    } catch (thrown) {
      return [{ type: 'error', reason: 'malformed', message: `cannot be read: ${String(thrown)}` }]
    }
  }
}

function excerpt(text: string): string {
  return text.slice(0, 256)
}

function isError(body: JsonObject): boolean {
  return Boolean(body.error) || body.object === 'error'
}

function readError(body: JsonObject, data: string): StreamEvent {
  const error = asObject(body.error) ?? body
  const message = asText(error.message) ?? asText(body.error) ?? asText(body.message) ?? data
  const status = [error.code, error.http_status_code, error.status, body.code].map(asCount).find(isStatus)
  return { type: 'error', message: message.slice(0, MAX_ERROR), ...(status === undefined ? {} : { status }) }
}

function isStatus(code: number | undefined): boolean {
  return code !== undefined && code >= 400 && code <= 599
}

interface Served {
  id?: string
  model?: string
  fingerprint?: string
}

/** Said once, and again when it changes in the middle of an answer. */
function readServed(body: JsonObject, served: Served, events: StreamEvent[]): void {
  const id = asText(body.id) ?? served.id
  const model = asText(body.model) ?? served.model
  const fingerprint = asText(body.system_fingerprint) ?? served.fingerprint
  if (id === served.id && model === served.model && fingerprint === served.fingerprint) return
  if (id !== undefined) served.id = id
  if (model !== undefined) served.model = model
  if (fingerprint !== undefined) served.fingerprint = fingerprint
  events.push({ type: 'served', ...served })
}

function readChoice(entry: JsonObject, heldTokens: Map<number, number>, events: StreamEvent[]): void {
  const choice = entry.index === undefined || entry.index === null ? 0 : asCount(entry.index)
  if (choice === undefined || choice >= MAX_CHOICES) {
    events.push({ type: 'note', note: 'choice_out_of_range' })
    return
  }
  const first = events.length
  readPieces(entry, choice, events)
  const tokens = countTokens(entry)
  if (tokens !== undefined) {
    // A token may have no text yet (half a character, a held-back stop word): it arrives with the text that it becomes.
    const sum = tokens + (heldTokens.get(choice) ?? 0)
    const carrier = events[first]
    heldTokens.set(choice, carrier === undefined ? sum : 0)
    if (carrier !== undefined && sum > 0) events[first] = { ...carrier, tokens: sum } as StreamEvent
  }
  // TGI says "" for "not yet".
  const reason = asText(entry.finish_reason)
  if (reason !== undefined) events.push({ type: 'finish', reason, choice })
}

/** Tokens that a server names one by one; log-probabilities in the chat form have an entry for each. */
function countTokens(entry: JsonObject): number | undefined {
  const named = [entry.token_ids, entry.output_ids, asObject(entry.logprobs)?.content].find(Array.isArray)
  return named?.length
}

/** Appends what the choice says; notes come last, so that the first event carries its tokens. */
function readPieces(entry: JsonObject, choice: number, events: StreamEvent[]): void {
  const delta = asObject(entry.delta) ?? asObject(entry.message)
  const content = readContent(delta?.content)
  // Some servers send the same words under two names.
  const reasoning =
    asText(delta?.reasoning) ?? asText(delta?.reasoning_content) ?? asText(delta?.thinking) ?? content.reasoning
  const text = (asText(entry.text) ?? '') + content.text + (asText(delta?.refusal) ?? '')
  const tool = readTools(delta)
  if (reasoning) events.push({ type: 'reasoning', text: reasoning, choice })
  if (text) events.push({ type: 'text', text, choice })
  if (tool) events.push({ type: 'tool', text: tool, choice })
  if (content.odd) events.push({ type: 'note', note: 'content_not_text' })
}

/** A string, or a list of parts; anything else is kept as its JSON, so that its length still counts. */
function readContent(content: unknown): { text: string; reasoning?: string; odd?: boolean } {
  if (typeof content === 'string') return { text: content }
  if (content === undefined || content === null) return { text: '' }
  const parts = asArray(content)
  const [text, reasoning] = [joinParts(parts), joinParts(parts, 'thinking')]
  const isOdd = !Array.isArray(content) || (content.length > 0 && !content.some(isPart))
  return isOdd ? { text: JSON.stringify(content), odd: true } : { text, reasoning }
}

function isPart(part: unknown): boolean {
  return typeof part === 'string' || ['text', 'thinking'].some((member) => asObject(part)?.[member] !== undefined)
}

function joinParts(parts: readonly unknown[], member: 'text' | 'thinking' = 'text'): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return member === 'text' ? part : ''
      const value = asObject(part)?.[member]
      return Array.isArray(value) ? joinParts(value) : (asText(value) ?? '')
    })
    .join('')
}

/** Names and arguments as they come. Arguments are never parsed: a piece of them is no JSON. */
export function readTools(delta: JsonObject | undefined): string {
  if (delta === undefined || (delta.tool_calls === undefined && delta.function_call === undefined)) return ''
  return [...asArray(delta.tool_calls), delta.function_call].map(readTool).join('')
}

function readTool(item: unknown): string {
  const call = asObject(item)
  const made = asObject(call?.function) ?? asObject(call?.custom) ?? call
  const input = made?.arguments ?? made?.input
  const words = typeof input === 'object' && input !== null ? JSON.stringify(input) : asText(input)
  return (asText(made?.name) ?? '') + (words ?? '')
}

/** Usage under any name in any of its places; cumulative, so the engine keeps the largest. */
function readUsage(body: JsonObject, choices: readonly unknown[], events: StreamEvent[]): void {
  const found =
    asObject(body.usage) ??
    asObject(body.usageMetadata) ??
    asObject(asObject(body.x_groq)?.usage) ??
    asObject(asObject(choices.at(-1))?.usage)
  const counts = found === undefined ? countByTimings(asObject(body.timings)) : readCounts(found)
  if (counts === undefined) return
  const final = choices.every((choice) => asText(asObject(choice)?.finish_reason) !== undefined)
  if (Object.keys(counts.usage).length > 0) events.push({ type: 'usage', usage: counts.usage, final })
  if (counts.suspect) events.push({ type: 'note', note: 'usage_suspect' })
}

interface Counts {
  readonly usage: Usage
  readonly suspect: boolean
}

const INPUT = ['prompt_tokens', 'input_tokens', 'inputTokens', 'promptTokenCount', 'input_token_count']
const OUTPUT = ['completion_tokens', 'output_tokens', 'outputTokens', 'candidatesTokenCount', 'generated_token_count']
const TOTAL = ['total_tokens', 'totalTokens', 'totalTokenCount', 'total_token_count']
const REASONING = ['reasoning_tokens', 'thoughtsTokenCount']
const CACHED = [
  'cached_tokens',
  'cache_read_input_tokens',
  'cacheReadInputTokens',
  'cachedContentTokenCount',
  'prompt_cache_hit_tokens',
]

function readCounts(found: JsonObject): Counts {
  let suspect = false
  const read = (names: readonly string[], ...places: readonly (JsonObject | undefined)[]): number | undefined => {
    const values = places.flatMap((place) => names.map((name) => place?.[name])).filter((value) => value != null)
    const count = asCount(values[0])
    if (values.length > 0 && count === undefined) suspect = true
    return count
  }
  const inputTokens = read(INPUT, found)
  const outputTokens = read(OUTPUT, found)
  const totalTokens = read(TOTAL, found)
  const reasoningTokens = read(
    REASONING,
    asObject(found.completion_tokens_details),
    asObject(found.output_tokens_details),
    found,
  )
  const cachedTokens = read(CACHED, asObject(found.prompt_tokens_details), asObject(found.input_tokens_details), found)
  const details = {
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
  }
  if (totalTokens !== undefined && inputTokens !== undefined && outputTokens !== undefined) {
    // Some count reasoning beside the completion, and into the total.
    const apart = totalTokens - inputTokens - outputTokens
    if (apart !== 0 && apart !== reasoningTokens) return { usage: details, suspect: true }
  }
  return {
    usage: {
      ...(inputTokens === undefined ? {} : { inputTokens }),
      ...(outputTokens === undefined ? {} : { outputTokens }),
      ...details,
    },
    suspect,
  }
}

/** llama.cpp counts in its timings even when nobody asked for usage; its `prompt_n` leaves out what was cached. */
function countByTimings(timings: JsonObject | undefined): Counts | undefined {
  const outputTokens = asCount(timings?.predicted_n)
  const prompt = asCount(timings?.prompt_n)
  if (outputTokens === undefined || prompt === undefined) return undefined
  const cachedTokens = asCount(timings?.cache_n) ?? 0
  return { usage: { inputTokens: prompt + cachedTokens, outputTokens, cachedTokens }, suspect: false }
}

/** llama.cpp's `timings`; vLLM's `metrics` (`--enable-per-request-metrics`), whose first token counts from the end of queueing. */
function readServerTimings(body: JsonObject, events: StreamEvent[]): void {
  const [timings, metrics] = [asObject(body.timings), asObject(body.metrics)]
  if (timings === undefined && metrics === undefined) return
  pushTimings(events, {
    queueMs: metrics?.queue_time_ms,
    prefillMs: timings?.prompt_ms ?? metrics?.time_to_first_token_ms,
    decodeMs: timings?.predicted_ms ?? metrics?.generation_time_ms,
    tokensPerSecond: timings?.predicted_per_second ?? metrics?.tokens_per_second,
  })
}

/** Of more operations than this the rest is left out: names are the server's, and every record keeps them. */
const MAX_OPERATIONS = 64

/** `brick_trace`, which servers that probador is made for add to whole answers when `X-Trace-Level` asks for it. */
function readTrace(body: JsonObject, events: StreamEvent[]): void {
  const trace = asObject(body.brick_trace)
  const totalUs = asAmount(trace?.total_time_us)
  if (totalUs === undefined) return
  const operations = asArray(trace?.breakdown).flatMap((entry) => {
    const [name, us] = [asText(asObject(entry)?.name), asAmount(asObject(entry)?.time_us)]
    return name === undefined || us === undefined ? [] : [{ name: excerpt(name), us }]
  })
  events.push({ type: 'trace', trace: { totalUs, operations: operations.slice(0, MAX_OPERATIONS) } })
}

/** Appends what of it is an amount. */
export function pushTimings(events: StreamEvent[], said: { readonly [K in keyof ServerTimings]: unknown }): void {
  const timings = Object.fromEntries(Object.entries(said).filter(([, value]) => asAmount(value) !== undefined))
  if (Object.keys(timings).length > 0) events.push({ type: 'timings', timings })
}
