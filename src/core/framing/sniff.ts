import type { Framing } from '../call.ts'

/** What a body turned out to be. `wait`: too little of it has come. `unknown`: nothing that an answer could be. */
export type Sniffed = Framing | 'unknown' | 'wait'

/** Names of fields that an SSE body may begin with, and the comment. */
const SSE_START = /^(?::|data[:\r\n]|event[:\r\n]|id[:\r\n]|retry[:\r\n])/
const LONGEST_START = 'retry:'.length

/**
 * Decides by what the body begins with, and by its content type only where that says nothing: servers and proxies send
 * SSE as `application/json` or without a type, and JSON where a stream was asked for.
 */
export function sniffFraming(start: string, contentType: string, asked: Framing, ended: boolean): Sniffed {
  const text = start.trimStart()
  const typed = readContentType(contentType)
  if (text === '') return ended ? (typed ?? asked) : 'wait'
  if (text[0] === '{' || text[0] === '[') return typed === 'ndjson' || asked === 'ndjson' ? 'ndjson' : 'json'
  if (SSE_START.test(text)) return 'sse'
  if (text.length < LONGEST_START && !/[\r\n]/.test(text) && !ended) return 'wait'
  return text[0] === '<' ? 'unknown' : (typed ?? 'unknown')
}

/** The framing that a content type stands for; undefined when it stands for none. */
export function readContentType(contentType: string): Framing | undefined {
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  if (type === 'text/event-stream') return 'sse'
  if (/^application\/(?:x-ndjson|ndjson|jsonl|x-jsonlines|jsonlines)$/.test(type)) return 'ndjson'
  if (/^application\/(?:[\w.+-]+\+)?json$/.test(type)) return 'json'
  return undefined
}
