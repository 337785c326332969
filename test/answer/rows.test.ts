/** Hostile and odd answers, by the rows of the project's table of required behaviour. Bytes in, record fields out. */
import { describe, expect, it, vi } from 'vitest'
import { chunk, DONE, feedAll, finish, openReader, readAnswer, sse, text, usage } from '../support/answer.ts'

const good = [chunk({ role: 'assistant', content: '' }), text('Hel'), text('lo'), finish(), DONE]

describe('how an answer ends', () => {
  it('1: nothing at all is an empty response', () => {
    expect(readAnswer([])).toMatchObject({
      outcome: 'stream-error',
      reason: 'empty_response',
      events: { us: [], kind: '' },
    })
    expect(readAnswer([': ping\n\n', '\n'])).toMatchObject({ outcome: 'stream-error', reason: 'empty_response' })
    expect(readAnswer([DONE])).toMatchObject({ outcome: 'stream-error', reason: 'empty_response' })
    expect(readAnswer(['upstream connect error'])).toMatchObject({
      reason: 'empty_response',
      error: 'upstream connect error',
    })
    expect(readAnswer([], { status: 204 })).toMatchObject({ outcome: 'stream-error', reason: 'empty_response' })
    expect(
      readAnswer([], { asked: { framing: 'json', stream: false }, contentType: 'application/json' }),
    ).toMatchObject({
      outcome: 'stream-error',
      reason: 'empty_response',
    })
  })
  it('2: the end before a finish reason is truncation, even after usage', () => {
    const fields = readAnswer([text('Hel'), sse({ choices: [], ...usage(5, 1) })])
    expect(fields).toMatchObject({
      outcome: 'stream-error',
      reason: 'truncated',
      stage: 'body',
      text: 'Hel',
      outputTokens: 1,
    })
    expect(readAnswer([text('Hel'), DONE])).toMatchObject({ outcome: 'stream-error', reason: 'truncated' })
  })
  it('2: every choice must have finished', () => {
    const second = sse({ choices: [{ index: 1, delta: { content: 'x' } }] })
    expect(readAnswer([text('a'), second, finish(), DONE])).toMatchObject({
      outcome: 'stream-error',
      reason: 'truncated',
    })
  })
  it('3: the end after a finish reason without [DONE] is whole, and noted', () => {
    expect(readAnswer(good.slice(0, -1))).toMatchObject({ outcome: 'ok', notes: ['missing_done', 'usage_missing'] })
    expect(readAnswer(good.slice(0, -1), { end: { how: 'closed' } })).toMatchObject({ outcome: 'ok' })
  })
  it('4: an event that no blank line ended does not count', () => {
    const fields = readAnswer([text('a'), text('b').trimEnd()])
    expect(fields).toMatchObject({ outcome: 'stream-error', reason: 'truncated', text: 'a' })
    expect(fields.notes).toContain('partial_event')
  })
  it('4: unless it is [DONE]', () => {
    for (const last of ['data: [DONE]', 'data: [DONE]\n', 'data:[DONE]\r']) {
      const fields = readAnswer([text('a'), finish(), last])
      expect(fields).toMatchObject({ outcome: 'ok' })
      expect(fields.notes).toContain('partial_done')
      expect(fields.notes).not.toContain('missing_done')
    }
  })
  it('5, 11: a connection that breaks truncates the answer, unless [DONE] was seen', () => {
    const end = { error: { stage: 'body', code: 'ECONNRESET', message: 'connection reset by peer' } } as const
    const cut = readAnswer(good.slice(0, -1), { end })
    expect(cut).toMatchObject({ outcome: 'stream-error', reason: 'truncated', stage: 'body', text: 'Hello' })
    expect(cut.error).toBe('connection reset by peer (ECONNRESET)')
    expect(readAnswer(good, { end })).toMatchObject({ outcome: 'ok', text: 'Hello' })
    expect(readAnswer([...good.slice(0, -1), 'data: [DONE]'], { end })).toMatchObject({ outcome: 'ok' })
  })
  it('44: bytes that are no HTTP keep the class of the fault', () => {
    const end = { error: { stage: 'body', code: 'BAD_CHUNK', message: 'a chunk has no size' } } as const
    expect(readAnswer(good.slice(0, 2), { end })).toMatchObject({
      outcome: 'stream-error',
      reason: 'BAD_CHUNK',
      stage: 'body',
    })
  })
  it('6: what follows [DONE] is noted and ignored', () => {
    const fields = readAnswer([...good, text('more'), sse({ error: 'late' }), DONE])
    expect(fields).toMatchObject({ outcome: 'ok', text: 'Hello', notes: ['data_after_done', 'usage_missing'] })
    expect(fields.events?.kind).toBe('otto')
  })
  it('7: [DONE] is read with blanks around it, and by its exact letters', () => {
    for (const mark of ['data:[DONE]\n\n', 'data: [DONE] \n\n', 'data:   [DONE]\t\r\n\r\n']) {
      expect(readAnswer([...good.slice(0, -1), mark])).toMatchObject({ outcome: 'ok', notes: ['usage_missing'] })
    }
    expect(readAnswer([...good.slice(0, -1), 'data: [done]\n\n'])).toMatchObject({
      outcome: 'stream-error',
      reason: 'malformed',
    })
  })
  it('8: a stream that does not stop is left', () => {
    const reader = openReader({ asked: { maxTokens: 10 } })
    let fed = 0
    while (reader.broken === undefined && fed < 10_000) {
      feedAll(reader, [{ at: fed++, data: text('x') }])
    }
    expect(reader.broken).toMatchObject({ reason: 'overrun' })
    expect(fed).toBeLessThan(400)
    expect(reader.finish({ how: 'closed' })).toMatchObject({ outcome: 'stream-error', reason: 'overrun' })
  })
  it('8: also one that has no tokens', () => {
    const reader = openReader({ asked: { maxTokens: 1 } })
    const block = `${`: ${'x'.repeat(1000)}\n`.repeat(60)}${chunk({})}`
    let fed = 0
    while (reader.broken === undefined && fed < 10_000) feedAll(reader, [{ at: fed++, data: block }])
    expect(reader.broken).toMatchObject({ reason: 'overrun' })
  })
  it('9: comments and empty events are no tokens', () => {
    const reader = openReader()
    feedAll(reader, [
      { at: 1, data: `: ping\n\n${chunk({ role: 'assistant', content: '' })}${chunk({ content: null })}` },
    ])
    expect(reader.firstTokenAt).toBeUndefined()
    feedAll(reader, [
      { at: 2, data: text('a') },
      { at: 3, data: ': ping\n\n' },
    ])
    expect(reader.firstTokenAt).toBe(5002.25)
    expect(reader.lastTokenAt).toBe(5002.25)
  })
  it('what had come is kept when the engine gave up', () => {
    const fields = readAnswer([text('a'), text('b')], { end: { givenUp: true } })
    expect(fields).toMatchObject({
      text: 'ab',
      events: { kind: 'tt' },
      outputTokens: 2,
      tokenSource: 'chunks',
      status: 200,
    })
    expect(fields).not.toHaveProperty('outcome')
    expect(readAnswer(good, { end: { givenUp: true } })).toMatchObject({ outcome: 'ok' })
    expect(readAnswer([sse({ error: 'x' })], { end: { givenUp: true } })).toMatchObject({ outcome: 'stream-error' })
  })
})

describe('an answer of another kind than asked for', () => {
  const json = { contentType: 'application/json' }

  it('13: an error object with status 200 is an error', () => {
    const shapes = [
      { error: { message: 'out of memory' } },
      { error: 'out of memory' },
      { object: 'error', message: 'out of memory' },
    ]
    for (const shape of shapes) {
      const fields = readAnswer([JSON.stringify(shape)], json)
      expect(fields).toMatchObject({ outcome: 'stream-error', reason: 'server_error', error: 'out of memory' })
    }
  })
  it('14: a JSON completion counts, has no first token, and is noted', () => {
    const body = { model: 'm', choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }], ...usage(5, 2) }
    const fields = readAnswer([JSON.stringify(body)], json)
    expect(fields).toMatchObject({
      outcome: 'ok',
      text: 'Hello',
      outputTokens: 2,
      notes: ['not_streamed'],
      events: { kind: 'o' },
    })
    expect(
      readAnswer([JSON.stringify(body)], { ...json, asked: { framing: 'json', stream: false } }),
    ).not.toHaveProperty('notes')
  })
  it('14: cut, it is truncated and not malformed', () => {
    const end = { error: { stage: 'body', code: 'TRUNCATED', message: 'cut' } } as const
    expect(readAnswer(['{"choices":[{"mess'], { ...json, end })).toMatchObject({
      outcome: 'stream-error',
      reason: 'truncated',
    })
  })
  it('15: HTML is no answer', () => {
    const page = `<html><title>Sign in</title>${'<p>'.repeat(500)}`
    const fields = readAnswer([page], { contentType: 'text/html' })
    expect(fields).toMatchObject({ outcome: 'stream-error', reason: 'unexpected_content_type', stage: 'decode' })
    expect(fields.error).toBe(page.slice(0, 256))
  })
  it('16: SSE is read under any content type, and noted', () => {
    for (const contentType of ['application/json', 'text/plain', '']) {
      const fields = readAnswer(good, { contentType })
      expect(fields).toMatchObject({ outcome: 'ok', text: 'Hello', notes: ['usage_missing', 'content_type_mismatch'] })
    }
  })
  it('17: the words of a refusal are found in each of their places', () => {
    const bodies: [unknown, string][] = [
      [{ error: { message: 'a', type: 't' }, message: 'b' }, 'a'],
      [{ error: 'b', message: 'c' }, 'b'],
      [{ object: 'error', message: 'c', detail: 'd' }, 'c'],
      [{ detail: 'd' }, 'd'],
      [{ detail: [{ loc: ['body', 3, 'x'], msg: 'e' }, { msg: 'f' }] }, 'body.3.x: e; f'],
    ]
    for (const [body, error] of bodies) {
      expect(readAnswer([JSON.stringify(body)], { ...json, status: 422 })).toMatchObject({
        outcome: 'http-error',
        status: 422,
        reason: 'http_422',
        stage: 'headers',
        error,
      })
    }
  })
  it('17: text, HTML, nothing, and a huge body', () => {
    const error = (body: string): string | undefined =>
      readAnswer([body], { status: 500, contentType: 'text/plain' }).error
    expect(error('Internal\n Server   Error')).toBe('Internal Server Error')
    expect(error('<html><h1>502</h1> <b>Bad</b></html>')).toBe('502 Bad')
    expect(error('')).toBeUndefined()
    expect(error('x'.repeat(1_000_000))).toHaveLength(500)
    expect(error('<'.repeat(100_000))).toHaveLength(500)
  })
  it('43: a redirect is not followed', () => {
    expect(readAnswer([], { status: 307 })).toMatchObject({ outcome: 'http-error', reason: 'redirect', status: 307 })
  })
})

describe('events that fail', () => {
  const vllm = sse({ error: { message: 'engine died', type: 'InternalServerError', param: null, code: 500 } })

  it('20: an error event fails the answer, whatever follows', () => {
    for (const rest of [[], [DONE], [text('lo'), finish(), DONE]]) {
      expect(readAnswer([text('Hel'), vllm, ...rest])).toMatchObject({
        outcome: 'stream-error',
        reason: 'server_error',
        error: 'engine died',
        text: 'Hel',
      })
    }
  })
  it('20: in each of its shapes', () => {
    const shapes = [
      { error: { message: 'engine died', http_status_code: 422 } },
      { error: { code: 500, message: 'engine died', type: 'server_error' } },
      { error: { object: 'error', message: 'engine died', type: 't', param: null, code: 500 } },
      { error: 'engine died', error_type: 'generation' },
      { object: 'error', message: 'engine died' },
    ]
    for (const shape of shapes)
      expect(readAnswer([sse(shape), DONE])).toMatchObject({ reason: 'server_error', error: 'engine died' })
  })
  it('21: also as an event of that name', () => {
    expect(readAnswer([text('a'), 'event: error\ndata: {"message":"engine died"}\n\n', finish(), DONE])).toMatchObject({
      outcome: 'stream-error',
      error: 'engine died',
    })
    expect(readAnswer(['event: error\ndata: plain words\n\n'])).toMatchObject({ error: 'plain words' })
  })
  it('20: whatever its type', () => {
    for (const error of [500, true, ['no luck'], [{ message: 'no luck' }]]) {
      expect(readAnswer([text('a'), sse({ error }), finish(), DONE])).toMatchObject({
        outcome: 'stream-error',
        reason: 'server_error',
      })
    }
    expect(readAnswer([text('a', { error: false }), text('b', { error: '' }), finish(), DONE]).outcome).toBe('ok')
  })
  it('a null error is none', () => {
    expect(readAnswer([text('a', { error: null }), finish(), DONE])).toMatchObject({ outcome: 'ok' })
  })
  it('22: one event that is no JSON fails the answer', () => {
    const fields = readAnswer([text('a'), 'data: {"choices":[{"del\n\n', finish(), DONE])
    expect(fields).toMatchObject({ outcome: 'stream-error', reason: 'malformed', stage: 'decode' })
    expect(fields.error).toContain('{"choices":[{"del')
  })
  it('32: also one nested too deep to be read', () => {
    for (const levels of [1000, 100_000]) {
      const content = `${'['.repeat(levels)}${']'.repeat(levels)}`
      const fields = readAnswer([`data: {"choices":[{"delta":{"content":{"a":${content}}}}]}\n\n`, finish(), DONE])
      expect(['ok', 'stream-error']).toContain(fields.outcome)
    }
  })
  it('40: one larger than 8 Mi characters', () => {
    const reader = openReader()
    const piece = new TextEncoder().encode('x'.repeat(1024 * 1024))
    feedAll(reader, [{ at: 1, data: `${text('a')}data: ` }])
    for (let n = 0; n < 9; n++) feedAll(reader, [{ at: n + 2, data: piece }])
    expect(reader.broken).toMatchObject({ reason: 'event_too_large' })
    expect(reader.finish({ how: 'closed' })).toMatchObject({
      outcome: 'stream-error',
      reason: 'event_too_large',
      text: 'a',
    })
  })
  it('evidence is one line of at most 500 characters', () => {
    const { error } = readAnswer([sse({ error: { message: `a\nb${'\u{1F600}x '.repeat(400)}` } })])
    expect(error).toMatch(/^a b/)
    expect(error!.length).toBeLessThanOrEqual(500)
  })
  it('a decoder that throws fails the answer and nothing else', () => {
    const flags = { sendsDone: true, usage: true, forcesLength: false }
    const throws = (): never => {
      throw new TypeError('oops')
    }
    for (const decoder of [throws, () => throws]) {
      expect(readAnswer([text('a')], { adapter: { flags, decoder } })).toMatchObject({
        outcome: 'stream-error',
        reason: 'decoder_failed',
        error: "the adapter's decoder threw: oops",
      })
    }
  })
})

describe('counts', () => {
  const counted = (value: object, settings = {}): object =>
    readAnswer([text('a'), text('b'), finish('stop', value), DONE], settings)

  it('the server counts', () => {
    const details = {
      prompt_tokens_details: { cached_tokens: 3 },
      completion_tokens_details: { reasoning_tokens: 1 },
      total_tokens: 9,
    }
    expect(counted(usage(5, 4, details))).toMatchObject({
      inputTokens: 5,
      outputTokens: 4,
      cachedTokens: 3,
      reasoningTokens: 1,
      tokenSource: 'server',
    })
  })
  it('23: a count is a whole number from 0 on, and nothing is coerced', () => {
    expect(counted(usage(5, 4.0))).toMatchObject({ outputTokens: 4, tokenSource: 'server' })
    for (const odd of ['4', -4, 4.5, true, [4], {}]) {
      const fields = counted(usage(5, odd))
      expect(fields).toMatchObject({ outcome: 'ok', inputTokens: 5, outputTokens: 2, tokenSource: 'chunks' })
      expect(fields).toHaveProperty('notes', ['usage_suspect', 'usage_missing'])
    }
    expect(
      readAnswer([
        text('a'),
        finish('stop', usage(5, 1)).replace('"completion_tokens":1', '"completion_tokens":1e400'),
        DONE,
      ]),
    ).toMatchObject({
      tokenSource: 'chunks',
      notes: ['usage_suspect', 'usage_missing'],
    })
  })
  it('23: numbers that JSON does not have are none, and words of that name stay', () => {
    const lines = ['NaN', '-Infinity', 'Infinity'].map(
      (odd) =>
        `data: {"choices":[{"index":0,"delta":{"content":"NaN, \\"Infinity "},"logprobs":[${odd}, ${odd}]}]}\n\n`,
    )
    const fields = readAnswer([...lines, finish(), DONE])
    expect(fields).toMatchObject({ outcome: 'ok', text: 'NaN, "Infinity '.repeat(3) })
    expect(fields.notes).toEqual(['not_finite', 'usage_missing'])
    expect(readAnswer(['data: {"choices":[NaN}\n\n', finish(), DONE])).toMatchObject({ reason: 'malformed' })
  })
  it('24: no usage, or null', () => {
    for (const more of [{}, { usage: null }, { usage: {} }]) {
      const fields = counted(more)
      expect(fields).toMatchObject({ outcome: 'ok', outputTokens: 2, tokenSource: 'chunks', notes: ['usage_missing'] })
      expect(fields).not.toHaveProperty('inputTokens')
    }
  })
  it('24: fewer than the events that were seen, more than asked for, a wrong sum', () => {
    for (const value of [usage(5, 0), usage(5, 1), usage(5, 11), usage(0, 0), usage(5, 4, { total_tokens: 10 })]) {
      const fields = counted(value, { asked: { maxTokens: 10 } })
      expect(fields).toMatchObject({ outcome: 'ok', outputTokens: 2, tokenSource: 'chunks' })
      expect(fields).toHaveProperty('notes', expect.arrayContaining(['usage_suspect']))
    }
  })
  it('24: a prompt of no tokens', () => {
    const fields = counted(usage(0, 4))
    expect(fields).toMatchObject({ outputTokens: 4, tokenSource: 'server', notes: ['usage_suspect'] })
    expect(fields).not.toHaveProperty('inputTokens')
  })
  it('24: reasoning may be counted beside the completion', () => {
    const details = { total_tokens: 12, completion_tokens_details: { reasoning_tokens: 3 } }
    expect(counted(usage(5, 4, details))).toMatchObject({ outputTokens: 4, tokenSource: 'server' })
    expect(counted(usage(5, 4, details))).not.toHaveProperty('notes')
  })
  it('25: counts on every event are cumulative: the largest is taken, and zeros are none', () => {
    const steps = [text('a', usage(5, 1)), text('b', usage(5, 2)), finish('stop', usage(5, 2)), DONE]
    expect(readAnswer(steps)).toMatchObject({
      outputTokens: 2,
      tokenSource: 'server',
      events: { us: expect.anything() },
    })
    const zeros = [text('a', usage(0, 0)), text('b', usage(0, 0)), finish(), sse({ choices: [], ...usage(5, 2) }), DONE]
    const fields = readAnswer(zeros)
    expect(fields).toMatchObject({ inputTokens: 5, outputTokens: 2, tokenSource: 'server' })
    expect(fields).not.toHaveProperty('notes')
    expect(fields.events).not.toHaveProperty('tokens')
  })
  it('a local tokenizer counts the whole text when the server does not', () => {
    const countTokens = vi.fn((words: string) => words.length)
    const parts = [chunk({ reasoning: 'why ' }), text('an'), text('swer'), finish(), DONE]
    expect(readAnswer(parts, { countTokens, saveText: false })).toMatchObject({
      outputTokens: 10,
      tokenSource: 'tokenizer',
    })
    expect(countTokens.mock.calls).toEqual([['why answer']])
    expect(counted(usage(5, 4), { countTokens })).toMatchObject({ outputTokens: 4, tokenSource: 'server' })
    expect(countTokens.mock.calls).toHaveLength(1)
    const failing = (): number => {
      throw new Error('no')
    }
    expect(readAnswer(parts, { countTokens: failing })).toMatchObject({ outputTokens: 3, tokenSource: 'chunks' })
  })
  it('vendors have other names and other places', () => {
    const cases: [object, object][] = [
      [
        { usage: { input_tokens: 5, output_tokens: 4, cache_read_input_tokens: 2 } },
        { inputTokens: 5, outputTokens: 4, cachedTokens: 2 },
      ],
      [
        { usage: { inputTokens: 5, outputTokens: 4, cacheReadInputTokens: 2 } },
        { inputTokens: 5, outputTokens: 4, cachedTokens: 2 },
      ],
      [
        { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 4, thoughtsTokenCount: 1, totalTokenCount: 10 } },
        { inputTokens: 5, outputTokens: 4, reasoningTokens: 1 },
      ],
      [
        { usage: { prompt_tokens: 5, completion_tokens: 4, prompt_cache_hit_tokens: 2, prompt_cache_miss_tokens: 3 } },
        { cachedTokens: 2 },
      ],
      [{ x_groq: { usage: { prompt_tokens: 5, completion_tokens: 4 } } }, { inputTokens: 5, outputTokens: 4 }],
      [
        {
          usage: {
            prompt_tokens: 5,
            completion_tokens: 4,
            total_tokens: 9,
            reasoning_tokens: 0,
            prompt_tokens_details: null,
          },
        },
        { reasoningTokens: 0, outputTokens: 4 },
      ],
      [{ timings: { cache_n: 2, prompt_n: 3, predicted_n: 4 } }, { inputTokens: 5, outputTokens: 4, cachedTokens: 2 }],
    ]
    for (const [more, expected] of cases) expect(counted(more)).toMatchObject({ ...expected, tokenSource: 'server' })
    const inChoice = sse({ choices: [{ index: 0, delta: {}, finish_reason: 'stop', ...usage(5, 4) }] })
    expect(readAnswer([text('a'), inChoice, DONE])).toMatchObject({ outputTokens: 4, tokenSource: 'server' })
  })
  it('nothing said and nothing counted is absent, not 0', () => {
    expect(readAnswer([finish(), DONE])).not.toHaveProperty('outputTokens')
  })
})

describe('choices and pieces', () => {
  it('26: messages without a usable choice are signs of life', () => {
    const odd = [
      { choices: [] },
      {},
      { choices: null },
      { choices: [{ index: 0 }] },
      { choices: [{ index: 0, delta: null }] },
      7,
      null,
      [],
    ]
    expect(readAnswer([...odd.map(sse), ...good])).toMatchObject({
      outcome: 'ok',
      text: 'Hello',
      events: { kind: 'oooooooo' + 'otto' },
    })
  })
  it('26: so are events without data', () => {
    expect(readAnswer(['data:\n\n', 'data: \n\n', ...good])).toMatchObject({ outcome: 'ok', text: 'Hello' })
  })
  it('27: roles and nulls are no tokens', () => {
    const role = chunk({ role: 'assistant', content: null, reasoning_content: null, tool_calls: [] })
    expect(readAnswer([role, role, ...good.slice(1)]).events?.kind).toBe('ootto')
  })
  it('28: an empty finish reason is none, an unknown one is kept', () => {
    expect(readAnswer([chunk({ content: 'a' }, {}, ''), DONE])).toMatchObject({
      outcome: 'stream-error',
      reason: 'truncated',
    })
    expect(readAnswer([text('a'), finish('parse_error'), DONE])).toMatchObject({ outcome: 'ok', finish: 'parse_error' })
  })
  it('28: content after the finish reason counts, and both are noted', () => {
    const fields = readAnswer([text('a'), finish(), text('b'), finish('length'), DONE])
    expect(fields).toMatchObject({ outcome: 'ok', text: 'ab', finish: 'length' })
    expect(fields.notes).toEqual(['content_after_finish', 'finish_repeated', 'usage_missing'])
  })
  it('29: choices are told apart by their index, however large or wrong', () => {
    const at = (index: unknown, content: string): string => sse({ choices: [{ index, delta: { content } }] })
    const end = (index: unknown): string => sse({ choices: [{ index, delta: {}, finish_reason: 'stop' }] })
    expect(readAnswer([at(1, 'x'), at(0, 'a'), at(1, 'y'), at(0, 'b'), end(0), end(1), DONE])).toMatchObject({
      outcome: 'ok',
      text: 'ab\nxy',
    })
    expect(readAnswer([sse({ choices: [{ delta: { content: 'a' }, finish_reason: 'stop' }] }), DONE])).toMatchObject({
      outcome: 'ok',
      text: 'a',
    })
    expect(readAnswer([at(1, 'x'), at(0, 'a'), end(0), DONE], { asked: { choices: 1 } })).toMatchObject({
      outcome: 'ok',
      text: 'a',
      events: { kind: 'oto' },
      notes: ['choice_out_of_range', 'usage_missing'],
    })
    for (const odd of [1e9, -1, 1.5, '0']) {
      const fields = readAnswer([at(0, 'a'), at(odd, 'x'), end(0), DONE])
      expect(fields).toMatchObject({ outcome: 'ok', text: 'a' })
      expect(fields.notes).toContain('choice_out_of_range')
    }
  })
  it('30: tool calls are text in pieces, and never parsed', () => {
    const tool = (call: object): string => chunk({ tool_calls: [call] })
    const parts = [
      tool({ index: 0, id: 'x', type: 'function', function: { name: 'search', arguments: '' } }),
      tool({ index: 0, function: { arguments: '{"q":' } }),
      tool({ function: { arguments: '"\\u00' } }),
      tool({ index: 0, id: 'only an id' }),
    ]
    const fields = readAnswer([...parts, finish('tool_calls'), DONE], { countTokens: (words) => words.length })
    expect(fields).toMatchObject({ outcome: 'ok', finish: 'tool_calls', events: { kind: 'cccoo' }, text: '' })
    expect(fields).toMatchObject({ outputTokens: 'search{"q":"\\u00'.length, tokenSource: 'tokenizer' })
  })
  it('31: names such as __proto__ are names', () => {
    const fields = readAnswer([
      'data: {"__proto__":{"choices":[{"delta":{"content":"x"}}]},"constructor":null}\n\n',
      ...good,
    ])
    expect(fields).toMatchObject({ outcome: 'ok', text: 'Hello' })
    expect(({} as Record<string, unknown>).choices).toBeUndefined()
    expect(readAnswer([text('a'), finish('__proto__'), DONE])).toMatchObject({ finish: '__proto__' })
  })
  it('33: characters cut by reads are whole', () => {
    const bytes = new TextEncoder().encode(`${text('héllo €😀')}${finish()}${DONE}`)
    expect(readAnswer([...bytes].map((byte) => Uint8Array.of(byte)))).toMatchObject({
      outcome: 'ok',
      text: 'héllo €😀',
    })
  })
  it('34: bytes that are no UTF-8 become U+FFFD, and are noted', () => {
    const encoder = new TextEncoder()
    const [before, after] = text('a|b').split('|')
    const fields = readAnswer([encoder.encode(before), Uint8Array.of(0xff), encoder.encode(after), finish(), DONE])
    expect(fields).toMatchObject({ outcome: 'ok', text: 'a\uFFFDb' })
    expect(fields.notes).toContain('invalid_utf8')
  })
  it('35: halves of a character in two events are one, and a half alone is U+FFFD', () => {
    const half = (escaped: string): string => `data: {"choices":[{"delta":{"content":"${escaped}"}}]}\n\n`
    const fields = readAnswer([half('\\ud83d'), half('\\ude00'), half('\\ud83d'), text('!'), finish(), DONE])
    expect(fields.text).toBe('😀\uFFFD!')
  })
  it('47: content in parts is joined, anything else is kept as JSON and noted', () => {
    const parts = [{ type: 'text', text: 'a' }, { type: 'image' }, null, { text: 'b' }]
    const strings = readAnswer([text(['a', 'b']), finish(), DONE])
    expect(strings).toMatchObject({ outcome: 'ok', text: 'ab' })
    for (const odd of [[5, { type: 'image' }], [{}]]) {
      const kept = readAnswer([text(odd), finish(), DONE])
      expect(kept).toMatchObject({ outcome: 'ok', text: JSON.stringify(odd), events: { kind: 'to' } })
      expect(kept.notes).toContain('content_not_text')
    }
    expect(readAnswer([text(parts), finish(), DONE])).toMatchObject({
      outcome: 'ok',
      text: 'ab',
      notes: ['usage_missing'],
    })
    const fields = readAnswer([text({ a: 1 }), text(42), finish(), DONE])
    expect(fields).toMatchObject({ outcome: 'ok', text: '{"a":1}42' })
    expect(fields.notes).toContain('content_not_text')
  })
  it('reasoning has several names, and is not told twice', () => {
    const parts = [
      chunk({ reasoning: 'a' }),
      chunk({ reasoning_content: 'b', content: null }),
      chunk({ thinking: 'c' }),
      chunk({ reasoning: 'd', reasoning_content: 'd' }),
      chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'e' }] }] }),
    ]
    expect(readAnswer([...parts, text('!'), finish(), DONE])).toMatchObject({
      reasoning: 'abcde',
      text: '!',
      events: { kind: 'rrrrrto' },
    })
  })
  it('a refusal is an answer', () => {
    expect(readAnswer([chunk({ refusal: 'I must not' }), finish(), DONE])).toMatchObject({
      outcome: 'ok',
      text: 'I must not',
    })
  })
})

describe('who served', () => {
  it('57: another model or fingerprint than expected is recorded', () => {
    const parts = [text('a', { model: 'other', system_fingerprint: 'f2' }), finish('stop', { model: 'other' }), DONE]
    expect(readAnswer(parts, { manifestFingerprint: 'f1' })).toMatchObject({ model: 'other', fingerprint: 'f2' })
    const same = readAnswer([text('a', { system_fingerprint: 'f1' }), finish(), DONE], { manifestFingerprint: 'f1' })
    expect(same).not.toHaveProperty('model')
    expect(same).not.toHaveProperty('fingerprint')
  })
  it('59: an id that changes in a stream is noted', () => {
    expect(readAnswer([text('a'), text('b', { id: 'c2' }), finish('stop', { id: 'c2' }), DONE]).notes).toContain(
      'id_changed',
    )
    expect(readAnswer([text('a', { id: '' }), text('b'), finish(), DONE]).notes).toEqual(['usage_missing'])
  })
})
