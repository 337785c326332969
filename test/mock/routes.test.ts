import { describe, expect, it } from 'vitest'
import { createMock, type MockOptions } from '../../src/mock/mod.ts'
import { chat, get, post } from './support.ts'

const fast: MockOptions = { ttft: 0, itl: 0 }
const profiles = ['vllm', 'vllm-rust', 'openai'] as const

describe('options', () => {
  it.each([
    [{ ttft: '50' }, /ttft.*50ms/],
    [{ ttft: -1 }, /ttft/],
    [{ tokensPerChunk: 0 }, /tokensPerChunk/],
    [{ profile: 'tgi' }, /profile/],
    [{ capacity: { slots: 0, prefillTokensPerSecond: 1, decodeTokensPerSecond: 1 } }, /capacity\.slots/],
    [{ faults: [{ kind: 'status', request: 0, status: 200 }] }, /faults\.0\.status/],
    [{ speed: 1 }, /speed/],
  ])('refuses %j', (options, message) => {
    expect(() => createMock(options as MockOptions)).toThrow(message)
  })
})

describe('length', () => {
  const finish = async (
    options: MockOptions,
    body: object,
  ): Promise<{ text: string; reason: string; tokens: number }> => {
    const reply = await (await post(createMock({ ...fast, ...options }), '/v1/completions', body)).json()
    const { text, finish_reason: reason } = reply.choices[0]
    return { text, reason, tokens: reply.usage.completion_tokens }
  }

  it('is max_tokens exactly, or 16', async () => {
    expect(await finish({}, { prompt: 'x', max_tokens: 33 })).toMatchObject({ tokens: 33, reason: 'length' })
    expect(await finish({}, { prompt: 'x' })).toMatchObject({ tokens: 16, reason: 'length' })
    expect(await finish({ profile: 'vllm-rust' }, { prompt: 'x' })).toMatchObject({ tokens: 64 })
  })

  it('may be natural, which ignore_eos and min_tokens overrule', async () => {
    const options = { naturalTokens: 5 }
    expect(await finish(options, { prompt: 'x', max_tokens: 9 })).toMatchObject({ tokens: 5, reason: 'stop' })
    expect(await finish(options, { prompt: 'x', max_tokens: 3 })).toMatchObject({ tokens: 3, reason: 'length' })
    expect(await finish(options, { prompt: 'x', max_tokens: 9, ignore_eos: true })).toMatchObject({ tokens: 9 })
    expect(await finish(options, { prompt: 'x', max_tokens: 9, min_tokens: 7 })).toMatchObject({ tokens: 7 })
  })

  it('ends before a stop string, and counts the token that held it', async () => {
    const whole = await finish({}, { prompt: 'x', max_tokens: 8 })
    const third = whole.text.split(' ')[3]!
    const cut = await finish({}, { prompt: 'x', max_tokens: 8, stop: [third] })
    expect(cut.reason).toBe('stop')
    expect(whole.text.startsWith(cut.text)).toBe(true)
    expect(cut.text).not.toContain(third)
    expect(cut.tokens).toBeLessThanOrEqual(3)
  })

  it('may be reported with another reason', async () => {
    expect(await finish({ finishReason: 'abort' }, { prompt: 'x' })).toMatchObject({ reason: 'abort' })
  })
})

describe('what is said', () => {
  it('depends on the seed and the prompt alone', async () => {
    const say = async (seed: number, prompt: string): Promise<string> =>
      (await (await post(createMock({ ...fast, seed }), '/v1/completions', { prompt })).json()).choices[0].text
    expect(await say(1, 'a')).toBe(await say(1, 'a'))
    expect(await say(1, 'a')).not.toBe(await say(2, 'a'))
    expect(await say(1, 'a')).not.toBe(await say(1, 'b'))
  })

  it('is the same streamed and not, and for text and its ids', async () => {
    const mock = createMock(fast)
    const { tokens } = await (await post(mock, '/tokenize', { prompt: 'tide' })).json()
    const texts = await Promise.all(
      ['tide', ['tide'], tokens, [tokens]].map(
        async (prompt) => (await (await post(mock, '/v1/completions', { prompt })).json()).choices[0].text,
      ),
    )
    expect(new Set(texts).size).toBe(1)
    const streamed = await (await post(mock, '/v1/completions', { prompt: 'tide', stream: true })).text()
    const pieces = [...streamed.matchAll(/"text":"([^"]*)"/g)].map((match) => match[1])
    expect(pieces.join('')).toBe(texts[0])
  })
})

describe('refusals', () => {
  it.each(profiles)('%s: an unknown model is 404', async (profile) => {
    const response = await post(createMock({ ...fast, profile }), '/v1/chat/completions', chat({ model: 'nope' }))
    expect(response.status).toBe(404)
    expect((await response.json()).error.message).toContain('nope')
  })

  it.each(profiles)('%s: without the key all of /v1 is 401, and health is open', async (profile) => {
    const mock = createMock({ ...fast, profile, apiKey: 'k' })
    expect((await get(mock, '/v1/models')).status).toBe(401)
    expect((await post(mock, '/v1/chat/completions', chat())).status).toBe(401)
    const headers = { authorization: 'Bearer k' }
    expect((await post(mock, '/v1/chat/completions', chat(), { headers })).status).toBe(200)
    expect((await get(mock, '/health')).status).toBe(200)
  })

  it.each([
    ['stream_options without stream', { stream_options: { include_usage: true } }],
    ['n of 0', { n: 0 }],
    ['max_tokens beyond the context', { max_tokens: 10_000_000 }],
    ['no messages', { messages: [] }],
    ['min_tokens above max_tokens', { min_tokens: 20, max_tokens: 10 }],
  ])('vllm: %s is 400', async (_, more) => {
    const response = await post(createMock(fast), '/v1/chat/completions', chat(more))
    expect(response.status).toBe(400)
    expect((await response.json()).error).toMatchObject({ code: 400, message: expect.any(String) })
  })

  it('vllm-rust: streams one answer only, and takes stop as a list', async () => {
    const mock = createMock({ ...fast, profile: 'vllm-rust' })
    expect((await post(mock, '/v1/chat/completions', chat({ n: 2, stream: true }))).status).toBe(400)
    expect((await post(mock, '/v1/chat/completions', chat({ stop: 'x' }))).status).toBe(400)
    expect((await post(mock, '/v1/chat/completions', chat({ stop: ['x'] }))).status).toBe(200)
  })

  it('a token id outside the vocabulary is 400', async () => {
    expect((await post(createMock(fast), '/v1/completions', { prompt: [1e9] })).status).toBe(400)
  })
})

describe('the other routes', () => {
  it.each(profiles)('%s: one model, and health', async (profile) => {
    const mock = createMock({ ...fast, profile, model: 'm', maxModelLength: 99 })
    const { data } = await (await get(mock, '/v1/models')).json()
    expect(data).toHaveLength(1)
    expect(data[0]).toMatchObject({ id: 'm', object: 'model' })
    if (profile !== 'openai') expect(data[0].max_model_len).toBe(99)
    expect((await get(mock, '/health')).status).toBe(200)
    expect((await get(mock, '/version')).status).toBe(200)
    expect((await get(mock, '/nowhere')).status).toBe(404)
    expect((await get(mock, '/v1/completions')).status).toBe(405)
  })

  it('openai has neither metrics nor a tokenizer route', async () => {
    const mock = createMock({ ...fast, profile: 'openai' })
    expect((await get(mock, '/metrics')).status).toBe(404)
    expect((await post(mock, '/tokenize', { prompt: 'x' })).status).toBe(404)
  })

  it('an idle vllm-rust is healthy and serves nothing', async () => {
    const mock = createMock({ profile: 'vllm-rust', idle: true })
    expect(await (await get(mock, '/health')).json()).toEqual({ status: 'idle' })
    expect((await get(mock, '/v1/models')).status).toBe(404)
    expect((await post(mock, '/v1/chat/completions', chat())).status).toBe(404)
    const loaded = await get(createMock({ profile: 'vllm-rust' }), '/health')
    expect(await loaded.text()).not.toContain('idle')
  })

  it('ids come from X-Request-Id where one was sent', async () => {
    const headers = { 'x-request-id': 'abc-1' }
    const response = await post(
      createMock({ ...fast, profile: 'vllm-rust' }),
      '/v1/completions',
      { prompt: 'x' },
      { headers },
    )
    expect(response.headers.get('x-request-id')).toBe('abc-1')
    expect((await response.json()).id).toBe('cmpl-abc-1')
  })
})

describe('truth', () => {
  it('precedes each event with the instant of its sending', async () => {
    const mock = createMock({ ...fast, truth: true })
    const before = performance.timeOrigin + performance.now()
    const text = await (await post(mock, '/v1/chat/completions', chat({ stream: true, max_tokens: 5 }))).text()
    const after = performance.timeOrigin + performance.now()
    const events = text.trim().split('\n\n')
    expect(events).toHaveLength(7)
    const instants = events.map((event) => Number(/^: sent (\d+\.\d{3})\ndata: /.exec(event)?.[1]))
    expect(instants.every((at) => at >= before - 0.001 && at <= after + 0.001)).toBe(true)
    expect([...instants].sort((a, b) => a - b)).toEqual(instants)
  })
})
