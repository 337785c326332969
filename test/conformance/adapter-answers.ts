import type { Adapter, StreamEvent } from 'inferbench'
import { expect } from 'vitest'
import {
  CUTS,
  chat,
  NONSENSE,
  type Reading,
  type ReadSettings,
  type Register,
  readAnswer,
  script,
  TEXT,
  target,
} from './adapter-script.ts'
import type { AnswerDialect } from './openai-dialect.ts'

type Read = (messages: readonly string[], settings?: ReadSettings) => Reading

/** Answers as they should be. */
export function registerAnswerTests(adapter: Adapter, dialect: AnswerDialect, test: Register): void {
  const read: Read = (messages, settings = {}) => readAnswer(adapter, dialect, messages.join(''), settings)
  const finish = dialect.finish ?? script.finish

  // Before all others, while a state that is shared is still clean.
  test('answers do not share state', () => {
    const { events, fields } = read(dialect.stream(script))
    read(dialect.stream(script).slice(0, 3))
    const again = read(dialect.stream(script))
    expect(again.fields).toEqual(fields)
    expect(again.events).toEqual(events)
  })
  for (const endpoint of ['chat', 'completions'] as const) {
    const asked = { ...script, endpoint }
    test(`${endpoint}: a stream is the text that the server wrote`, () => {
      const { fields, events } = read(dialect.stream(asked))
      expect(fields).toMatchObject({ outcome: 'ok', text: TEXT, finish })
      expect(fields.notes ?? []).toEqual([])
      expect(joinText(events)).toBe(TEXT)
    })
    test(`${endpoint}: a stream is read the same however its bytes are cut`, () => {
      const whole = read(dialect.stream(asked)).fields
      for (const cut of CUTS) expect(read(dialect.stream(asked), { cut }).fields).toEqual(whole)
    })
    test(`${endpoint}: a body that is not streamed is read`, () => {
      const settings = { contentType: dialect.bodyType, stream: false }
      expect(read([dialect.body(asked)], settings).fields).toMatchObject({
        outcome: 'ok',
        text: TEXT,
        finish,
      })
    })
    test(`${endpoint}: a body where a stream was asked for has no first token`, () => {
      // Where lines were asked for, a body of one line is a stream of one line.
      if (adapter.encode(chat, target).framing === 'ndjson') return
      const { fields, firstTokenAt } = read([dialect.body(asked)], { contentType: dialect.bodyType })
      expect(fields).toMatchObject({ outcome: 'ok', text: TEXT, notes: ['not_streamed'] })
      expect(firstTokenAt).toBeUndefined()
    })
  }
  test('each piece is one event, and nothing comes after the end', () => {
    const { events, fields } = read(dialect.stream(script))
    expect(events.filter(({ type }) => type === 'text')).toHaveLength(script.pieces.length)
    expect(events.filter(({ type }) => type === 'finish')).toEqual([{ type: 'finish', reason: 'length', choice: 0 }])
    expect(events.filter(({ type }) => type === 'done')).toHaveLength(adapter.flags.sendsDone ? 1 : 0)
    if (adapter.flags.sendsDone) expect(events.at(-1)).toEqual({ type: 'done' })
    expect(fields).toMatchObject({ outcome: 'ok' })
  })
  test('an empty piece is no token', () => {
    const { events, fields } = read([dialect.empty(script), dialect.empty(script), ...dialect.stream(script)])
    expect(events.filter((event) => 'text' in event && event.text === '')).toEqual([])
    expect(fields).toMatchObject({ outcome: 'ok', text: TEXT })
  })
  test('reasoning is kept apart from the answer', () => {
    const pieces = [
      { kind: 'reasoning', text: 'let me ' },
      { kind: 'reasoning', text: 'see' },
      ...script.pieces,
    ] as const
    const { fields } = read(dialect.stream({ ...script, pieces }))
    expect(fields).toMatchObject({ outcome: 'ok', reasoning: 'let me see', text: TEXT })
  })
  test("counts are the server's where it counts: several tokens in one piece are not one", () => {
    const { fields } = read(dialect.stream(script))
    if (adapter.flags.usage) {
      expect(fields).toMatchObject({ inputTokens: 12, outputTokens: 21, tokenSource: 'server' })
    } else expect(fields).toMatchObject({ outputTokens: script.pieces.length, tokenSource: 'chunks' })
  })
  test('messages and fields that nobody knows yet are passed over', () => {
    const [first, ...rest] = dialect.stream(script)
    const { fields, events } = read([dialect.unknown, first!, dialect.unknown, ...rest])
    expect(fields).toMatchObject({ outcome: 'ok', text: TEXT })
    expect(fields.notes ?? []).toEqual([])
    expect(events).toEqual(read(dialect.stream(script)).events)
  })
}

/** Answers that went wrong: each becomes the right outcome, with evidence. */
export function registerFaultTests(adapter: Adapter, dialect: AnswerDialect, test: Register): void {
  const read: Read = (messages, settings = {}) => readAnswer(adapter, dialect, messages.join(''), settings)
  const stream = dialect.stream(script)
  const half = stream.slice(0, 4)

  test('an unreadable message is an error event, never a throw', () => {
    const { events, fields } = read([...half, dialect.malformed, ...stream.slice(4)])
    expect(events.filter(({ type }) => type === 'error')).toHaveLength(1)
    expect(fields).toMatchObject({ outcome: 'stream-error', reason: 'malformed' })
  })
  test('nonsense never makes the decoder throw', () => {
    for (const data of NONSENSE) {
      for (const framing of ['sse', 'ndjson', 'json'] as const) {
        expect(() => adapter.decoder()({ data, framing })).not.toThrow()
      }
    }
  })
  test('an error in the middle fails the answer, whatever follows', () => {
    const { fields } = read([...half, dialect.error('the engine died'), ...stream.slice(4)])
    expect(fields).toMatchObject({ outcome: 'stream-error', reason: 'server_error', error: 'the engine died' })
  })
  test('a stream that just ends is truncated, and keeps what came', () => {
    const { fields } = read(half)
    expect(fields).toMatchObject({ outcome: 'stream-error', reason: 'truncated' })
    expect(TEXT.startsWith((fields as { text: string }).text)).toBe(true)
  })
  test('a connection that breaks is truncated, with the errno as evidence', () => {
    const error = { stage: 'body', code: 'ECONNRESET', message: 'connection reset' } as const
    const { fields } = read(half, { end: { error } })
    expect(fields).toMatchObject({ outcome: 'stream-error', reason: 'truncated' })
    expect((fields as { error: string }).error).toContain('ECONNRESET')
  })
  test('an empty answer is an error', () => {
    expect(read([]).fields).toMatchObject({ outcome: 'stream-error', reason: 'empty_response' })
  })
  test('a page of HTML is an error', () => {
    const { fields } = read(['<!DOCTYPE html><title>Bad gateway</title>'], { contentType: 'text/html' })
    expect(fields).toMatchObject({ outcome: 'stream-error', reason: 'unexpected_content_type' })
  })
  test("a refusal says why, in the server's words", () => {
    const settings = { status: 400, contentType: dialect.bodyType }
    expect(read([dialect.refusal('no such model')], settings).fields).toMatchObject({
      outcome: 'http-error',
      reason: 'http_400',
      status: 400,
      error: 'no such model',
    })
  })
  test('429 and 503 are rejections', () => {
    for (const status of [429, 503]) {
      const { fields } = read(['busy'], { status, contentType: 'text/plain' })
      expect(fields).toMatchObject({ outcome: 'http-error', reason: 'rejected', status, error: 'busy' })
    }
  })
  test('a refusal in HTML is one short line', () => {
    const page = `<html>\n<h1>502 Bad Gateway</h1>\n${'<p>nginx</p>\n'.repeat(1000)}</html>`
    const { fields } = read([page], { status: 502, contentType: 'text/html' })
    const { error } = fields as { error: string }
    expect(error).toContain('502 Bad Gateway')
    expect(error.length).toBeLessThanOrEqual(500)
    expect(error).not.toMatch(/[<\n]/)
  })
}

function joinText(events: readonly StreamEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.text : '')).join('')
}
