/** Feeds an answer to the reader that a run uses, and reads the fields of the record. */
import openai from 'inferbench/adapters/openai'
import {
  type AnswerContext,
  type AnswerEnd,
  type AnswerReader,
  createAnswerReader,
} from '../../src/core/engine/answer.ts'
import type { AnswerPart, FailurePart } from '../../src/core/record.ts'

export interface Arrival {
  /** Milliseconds since the request was sent. */
  readonly at: number
  readonly data: string | Uint8Array
}

export interface AnswerSettings extends Partial<Omit<AnswerContext, 'headers' | 'asked'>> {
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly asked?: Partial<AnswerContext['asked']>
  readonly end?: AnswerEnd
}

/** Fields as plain members, so that a test may look at any of them. */
export interface AnyFields extends Partial<AnswerPart>, Partial<FailurePart> {
  readonly outcome?: string
  readonly notes?: readonly string[]
}

const SENT_AT = 5000.25

export function openReader(settings: AnswerSettings = {}): AnswerReader {
  const { contentType = 'text/event-stream', headers = {}, asked = {}, end: _end, ...rest } = settings
  return createAnswerReader({
    sentAt: SENT_AT,
    headersAt: SENT_AT + 1,
    status: 200,
    headers: new Map(Object.entries({ 'content-type': contentType, ...headers })),
    asked: { framing: 'sse', stream: true, ...asked },
    adapter: openai,
    manifestModel: 'm',
    saveText: true,
    toRunMs: (at) => Math.round((at - 4000) * 1000) / 1000,
    ...rest,
  })
}

export function feedAll(reader: AnswerReader, arrivals: readonly Arrival[]): void {
  const encoder = new TextEncoder()
  for (const { at, data } of arrivals) {
    reader.feed(SENT_AT + at, typeof data === 'string' ? encoder.encode(data) : data)
  }
}

/** Each part arrives 10 ms after the one before, unless it says when. */
export function readAnswer(
  parts: readonly (string | Uint8Array | Arrival)[],
  settings: AnswerSettings = {},
): AnyFields {
  const reader = openReader(settings)
  feedAll(
    reader,
    parts.map((part, n) =>
      typeof part === 'object' && 'at' in part && 'data' in part ? part : { at: 10 * (n + 1), data: part },
    ),
  )
  return reader.finish(settings.end ?? { how: 'complete' })
}

export const sse = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
export const DONE = 'data: [DONE]\n\n'

/** A chat chunk with one choice. */
export const chunk = (delta: object, more: object = {}, finish: string | null = null): string =>
  sse({ id: 'c1', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }], ...more })
export const text = (content: unknown, more: object = {}): string => chunk({ content }, more)
export const finish = (reason = 'stop', more: object = {}): string => chunk({}, more, reason)
export const usage = (prompt: unknown, completion: unknown, more: object = {}): object => ({
  usage: { prompt_tokens: prompt, completion_tokens: completion, ...more },
})
