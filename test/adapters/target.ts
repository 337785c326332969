/** A server to make requests for, and the body that an adapter sends it. */
import type { Adapter, Call, ChatMessage, Target } from 'inferbench'

export const target: Target = {
  baseUrl: 'http://localhost:8000',
  model: 'm',
  endpoint: 'chat',
  stream: true,
  includeUsage: true,
  headers: [],
  body: {},
}

export const messages: readonly ChatMessage[] = [{ role: 'user', content: 'hi' }]

export const chat: Call = {
  kind: 'chat',
  item: 'a',
  messages,
  maxTokens: 8,
  temperature: 0,
}

export function bodyOf(adapter: Adapter, call: Call, change: Partial<Target> = {}): unknown {
  return JSON.parse(adapter.encode(call, { ...target, ...change }).body!)
}
