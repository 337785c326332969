/** What the adapter suite asks and feeds, and how it reads what comes out. */
import {
  type Adapter,
  type AnswerEnd,
  type AnswerFields,
  type Call,
  createAnswerReader,
  type StreamEvent,
  type Target,
  type WireMessage,
} from 'inferbench'
import type { AnswerDialect, AnswerScript } from './openai-dialect.ts'

/** Registers one test, or skips it where the options say why. */
export type Register = (name: string, body: () => void) => void

export const SECRET: string = 'secret-key-4711'
export const MAX_TOKENS: number = 137

export const chat: Call = {
  kind: 'chat',
  item: 'row:0',
  messages: [{ role: 'user', content: 'Hä? 😀' }],
  maxTokens: MAX_TOKENS,
}
export const completion: Call = { kind: 'completion', item: 'row:1', prompt: 'Once "upon"\n', maxTokens: MAX_TOKENS }

export const target: Target = {
  baseUrl: 'http://localhost:8000/prefix',
  model: 'org/model-1',
  endpoint: 'chat',
  stream: true,
  includeUsage: true,
  apiKey: SECRET,
  headers: [['x-custom', 'from the user']],
  body: { top_k: 7 },
}

/** Characters of one to four bytes, quotes, line ends and a surrogate pair: all that a cut could hurt. */
export const script: AnswerScript = {
  endpoint: 'chat',
  pieces: ['Once ', 'ä', 'ø€', '😀', ' "up\\on"', '\r\n', 'a\u2028time', ' and so on'].map((text) => ({
    kind: 'text',
    text,
  })),
  finish: 'length',
  usage: { inputTokens: 12, outputTokens: 21 },
}
export const TEXT: string = script.pieces.map(({ text }) => text).join('')

export const CUTS: readonly number[] = [1, 3, 7, 64, 4096]

export interface ReadSettings {
  readonly cut?: number
  readonly status?: number
  readonly contentType?: string
  readonly stream?: boolean
  readonly end?: AnswerEnd
}

export interface Reading {
  readonly fields: AnswerFields
  /** What the decoder emitted, in order. */
  readonly events: readonly StreamEvent[]
  readonly firstTokenAt: number | undefined
}

/** All chunks have one instant, so that readings of different cuts can be compared. */
export function readAnswer(
  adapter: Adapter,
  dialect: AnswerDialect,
  body: string | Uint8Array,
  settings: ReadSettings,
): Reading {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const events: StreamEvent[] = []
  const reader = createAnswerReader({
    sentAt: 1000,
    headersAt: 1001,
    status: settings.status ?? 200,
    headers: new Map([['content-type', settings.contentType ?? dialect.streamType]]),
    asked: {
      framing: settings.stream === false ? 'json' : adapter.encode(chat, target).framing,
      stream: settings.stream ?? adapter.flags.streams !== false,
      maxTokens: MAX_TOKENS,
    },
    adapter: { ...adapter, decoder: () => spyOn(adapter, events) },
    manifestModel: 'model-1',
    saveText: true,
    toRunMs: (at) => Math.round((at - 1000) * 1000) / 1000,
  })
  const cut = settings.cut ?? bytes.length
  for (let offset = 0; offset < bytes.length; offset += cut) {
    reader.feed(1002, bytes.slice(offset, offset + cut))
  }
  const fields = reader.finish(settings.end ?? { how: 'complete' })
  return { fields, events, firstTokenAt: reader.firstTokenAt }
}

function spyOn(adapter: Adapter, events: StreamEvent[]): (message: WireMessage) => readonly StreamEvent[] {
  const decode = adapter.decoder()
  return (message) => {
    const made = decode(message)
    events.push(...made)
    return made
  }
}

/** A decoder or an encoder that changes what it was given fails loudly. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member)
    Object.freeze(value)
  }
  return value
}

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

/** Bodies and messages that no server should send, and some do. */
export const NONSENSE: readonly string[] = [
  '',
  ' ',
  'null',
  '1',
  '"text"',
  '[]',
  '{}',
  '{',
  'NaN',
  '[DONE',
  '\u0000',
  '{"choices":null}',
  '{"choices":{}}',
  '{"choices":[null,1,"a",[],{}]}',
  '{"choices":[{"index":1000000000,"delta":{"content":"x"}}]}',
  '{"choices":[{"index":-1,"delta":null},{"index":"0","delta":{"content":"x"}}]}',
  '{"choices":[{"delta":{"content":[{"type":"text","text":1},null,{"text":"ok"}],"tool_calls":[null,{"function":{"arguments":{}}}]}}]}',
  '{"choices":[{"delta":{"content":{"a":1}},"finish_reason":7,"token_ids":"x"}],"usage":"many"}',
  '{"choices":[],"usage":{"prompt_tokens":"12","completion_tokens":-1,"total_tokens":1e400}}',
  '{"__proto__":{"choices":[{"delta":{"content":"x"}}]},"constructor":1,"toString":null}',
  '{"error":{}}',
  '{"error":[]}',
  '{"error":null}',
  '{"object":"error"}',
  '{"message":{},"detail":[null,{"loc":1,"msg":{}}]}',
  `{"choices":${deep(5000)}}`,
  `{"choices":[{"delta":{"content":{"a":${deep(5000)}}}}]}`,
  '{"data":[{"id":1},{"id":"m","max_model_len":"x"},null]}',
  '{"count":-1,"tokens":"x"}',
]
