/** Instants and tokens of events. */
import { describe, expect, it } from 'vitest'
import { chunk, DONE, finish, openReader, readAnswer, sse, text, usage } from '../support/answer.ts'

describe('instants', () => {
  it('are those of the network chunk that completed the event', () => {
    const whole = text('a')
    const fields = readAnswer([
      { at: 20, data: whole.slice(0, 30) },
      { at: 30, data: whole.slice(30) + text('b') + text('c').slice(0, 5) },
      { at: 45.5, data: text('c').slice(5) },
      { at: 46, data: finish() + DONE },
    ])
    expect(fields.events).toEqual({ us: [30_000, 0, 15_500, 500], kind: 'ttto' })
  })
  it('are differences of rounded instants, so that errors do not add up', () => {
    const step = 0.0004
    const parts = Array.from({ length: 2001 }, (_, n) => ({ at: 10 + n * step, data: text('x') }))
    const { events } = readAnswer([...parts, { at: 20, data: finish() + DONE }])
    const sum = events!.us.slice(0, 2001).reduce((total, us) => total + us, 0)
    expect(Math.abs(sum - 10_800)).toBeLessThanOrEqual(1)
    expect(events!.us.every((us) => Number.isInteger(us) && us >= 0)).toBe(true)
  })
  it('tell the head from the first token', () => {
    const fields = readAnswer([
      { at: 9, data: chunk({ role: 'assistant' }) },
      { at: 12, data: text('a') },
      finish(),
      DONE,
    ])
    expect(fields).toMatchObject({ headersAt: 1001.25, events: { us: [9000, 3000, 18_000], kind: 'oto' } })
  })
  it('of a body in one piece say nothing about tokens', () => {
    const body = JSON.stringify({ choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }], ...usage(3, 2) })
    const reader = openReader({ contentType: 'application/json', asked: { framing: 'json', stream: false } })
    reader.feed(5010.25, new TextEncoder().encode(body.slice(0, 10)))
    reader.feed(5030.25, new TextEncoder().encode(body.slice(10)))
    expect(reader.finish({ how: 'complete' })).toMatchObject({ outcome: 'ok', events: { us: [30_000], kind: 'o' } })
    expect(reader.firstTokenAt).toBeUndefined()
  })
})

describe('kinds', () => {
  it('are the strongest in the message: text, reasoning, tool, anything else', () => {
    const tool = { tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] }
    const parts = [
      chunk({ role: 'assistant' }),
      chunk(tool),
      chunk({ ...tool, reasoning: 'r' }),
      chunk({ ...tool, reasoning: 'r', content: 't' }),
      sse({ choices: [], ...usage(5, 9) }),
    ]
    expect(readAnswer([...parts, finish(), DONE]).events?.kind).toBe('ocrtoo')
  })
})

describe('tokens of an event', () => {
  const tokens = (parts: readonly string[]): readonly number[] | undefined =>
    readAnswer([...parts, finish(), DONE]).events?.tokens

  it('are left out when each has one', () => {
    expect(tokens([text('a'), text('b')])).toBeUndefined()
    expect(tokens([text('a', usage(5, 1)), text('b', usage(5, 2))])).toBeUndefined()
  })
  it('are the steps of a count that comes with every event', () => {
    const role = chunk({ role: 'assistant', content: '' }, usage(5, 0))
    expect(tokens([role, text('a', usage(5, 1)), text('bcd', usage(5, 4))])).toEqual([0, 1, 3, 0])
  })
  it('that had no text yet belong to the event that brings it', () => {
    expect(tokens([text('a', usage(5, 1)), text('', usage(5, 2)), text('é', usage(5, 3))])).toEqual([1, 0, 2, 0])
  })
  it('are not guessed from a count that comes only at the end', () => {
    expect(tokens([text('a'), text('b'), chunk({ content: 'c' }, usage(5, 9))])).toBeUndefined()
    expect(tokens([text('a', usage(0, 0)), text('b', usage(0, 0)), text('c', usage(5, 9))])).toBeUndefined()
  })
  it('are counted apart for each choice', () => {
    const at = (index: number, count: number): string =>
      sse({ choices: [{ index, delta: { content: 'x' } }], ...usage(5, count) })
    const end = sse({ choices: [{ index: 1, delta: {}, finish_reason: 'stop' }] })
    expect(tokens([at(0, 2), at(1, 1), at(0, 3), at(1, 4), end])).toEqual([2, 1, 1, 3, 0, 0])
  })
  it('are the token ids of the event, where the server names them', () => {
    const ids = (content: string, token_ids: number[]): string =>
      sse({ choices: [{ index: 0, delta: { content }, token_ids }] })
    const fields = readAnswer([ids('abc', [1, 2, 3]), ids('', [4]), ids('d', [5]), finish(), DONE])
    expect(fields).toMatchObject({ events: { tokens: [3, 0, 2, 0] }, outputTokens: 5, tokenSource: 'server' })
  })
  it('are the entries of the log-probabilities in the chat form', () => {
    const logprobs = { content: [{ token: 'a' }, { token: 'b' }] }
    const piece = sse({ choices: [{ index: 0, delta: { content: 'ab' }, logprobs }] })
    expect(readAnswer([piece, finish(), DONE])).toMatchObject({
      events: { tokens: [2, 0] },
      outputTokens: 2,
      tokenSource: 'server',
    })
  })
})

describe('notes about time', () => {
  const stream = (at: (n: number) => number, count = 20): readonly string[] =>
    readAnswer([
      ...Array.from({ length: count }, (_, n) => ({ at: at(n), data: text('x') })),
      { at: at(count), data: finish() + DONE },
    ]).notes ?? []

  it('46: all events in one burst at the end were buffered on the way', () => {
    expect(stream(() => 500)).toContain('buffered_stream')
    expect(stream((n) => (n === 0 ? 20 : 500 + n / 100))).toContain('buffered_stream')
  })
  it('46: a stream, a fast answer and a short one were not', () => {
    expect(stream((n) => 500 + n * 10)).not.toContain('buffered_stream')
    expect(stream(() => 20)).not.toContain('buffered_stream')
    expect(stream(() => 500, 5)).not.toContain('buffered_stream')
  })
  it('41: a compressed stream', () => {
    const fields = readAnswer([text('a'), finish(), DONE], { headers: { 'content-encoding': 'gzip' } })
    expect(fields.notes).toContain('compressed')
  })
})

describe('text', () => {
  it('is recorded only when asked for', () => {
    const parts = [chunk({ reasoning: 'r' }), text('a'), finish(), DONE]
    expect(readAnswer(parts)).toMatchObject({ text: 'a', reasoning: 'r' })
    for (const more of [{}, { countTokens: () => 1 }, { keepText: true }]) {
      const fields = readAnswer(parts, { saveText: false, ...more })
      expect(fields).not.toHaveProperty('text')
      expect(fields).not.toHaveProperty('reasoning')
    }
  })
  it('can be kept for the next turn without being recorded', () => {
    const reader = openReader({ saveText: false, keepText: true })
    reader.feed(5001, new TextEncoder().encode(text('a') + text('b')))
    expect(reader.text).toBe('ab')
    expect(reader.tokens).toBe(2)
  })
})
