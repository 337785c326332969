/** The CPU backend's routes over a model that is a few lines: what is said, what is refused, who waits. */
import cpu from 'inferbench/adapters/cpu'
import { describe, expect, it } from 'vitest'
import { createReader } from '../../plugins/server/reading.ts'
import { createEngine, type Engine } from '../../src/cpu/engine.ts'
import { createHandler } from '../../src/cpu/server.ts'
import { createFakeLibrary, type FakeLibrary } from './fake-library.ts'

interface Served {
  readonly engine: Engine
  readonly library: FakeLibrary
  ask(path: string, body?: unknown, signal?: AbortSignal): Promise<Response>
}

async function serve(natural?: number, slots = 2): Promise<Served> {
  const library = createFakeLibrary(natural)
  const options = { modelPath: '/models/letters.gguf', slots, contextSize: 64 }
  const engine = await createEngine(library, options, () => Promise.resolve())
  const handler = createHandler(engine)
  return {
    engine,
    library,
    ask: async (path, body, signal) =>
      await handler(
        new Request(`http://cpu${path}`, {
          ...(body === undefined
            ? {}
            : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
          ...(signal === undefined ? {} : { signal }),
        }),
      ),
  }
}

const messages = [{ role: 'user', content: 'hi' }]

function readEvents(text: string): unknown[] {
  return text
    .split('\n\n')
    .filter(Boolean)
    .map((event) => {
      expect(event.startsWith('data: ')).toBe(true)
      return event === 'data: [DONE]' ? 'done' : JSON.parse(event.slice('data: '.length))
    })
}

describe('answers', () => {
  it('a chat is streamed token by token, with counts at the end', async () => {
    const { ask, library } = await serve()
    const response = await ask('/v1/chat/completions', {
      messages: [{ role: 'system', content: 's' }, ...messages, { role: 'assistant', content: 'a' }, ...messages],
      max_tokens: 3,
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      seed: 4,
      top_k: 5,
    })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const events = readEvents(await response.text()) as { choices: object[]; usage?: object }[]
    const choices = events.slice(0, -1).flatMap((event) => event.choices)
    expect(choices).toEqual([
      { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null },
      { index: 0, delta: { content: 'a' }, finish_reason: null, token_ids: [97] },
      { index: 0, delta: { content: 'b' }, finish_reason: null, token_ids: [98] },
      { index: 0, delta: { content: 'c' }, finish_reason: null, token_ids: [99] },
      { index: 0, delta: {}, finish_reason: 'length' },
    ])
    const prompt = 'system:s;user:hi;model:a;user:hi;model:;'
    expect(events.at(-2)).toMatchObject({
      usage: { prompt_tokens: prompt.length, completion_tokens: 3, total_tokens: prompt.length + 3 },
      timings: { prompt_n: prompt.length, predicted_n: 3 },
    })
    expect(events.at(-1)).toBe('done')
    expect(library.evaluated[0]?.options).toEqual({ temperature: 0, seed: 4, topK: 5, yieldEogToken: false })
  })

  it('a completion ends where the model ends, or goes on when it is told to', async () => {
    const { ask, library } = await serve(3)
    const ended = await (await ask('/v1/completions', { prompt: 'x', max_tokens: 8 })).json()
    expect(ended).toMatchObject({
      object: 'text_completion',
      model: 'letters',
      choices: [{ text: 'abc', finish_reason: 'stop' }],
      usage: { prompt_tokens: 2, completion_tokens: 3 },
    })
    const forced = await (await ask('/v1/completions', { prompt: 'x', max_tokens: 8, ignore_eos: true })).json()
    expect(forced).toMatchObject({ choices: [{ finish_reason: 'length' }], usage: { completion_tokens: 8 } })
    // The token that begins a text stands before it; token ids are taken as they are.
    await (await ask('/v1/completions', { prompt: [5, 6], max_tokens: 1 })).json()
    expect(library.evaluated.map(({ prompt }) => prompt)).toEqual([
      [0, 120],
      [0, 120],
      [5, 6],
    ])
  })

  it('stop strings end an answer and are not said', async () => {
    const { ask } = await serve(20)
    const body = { prompt: 'x', max_tokens: 10, stop: ['cd'] }
    expect(await (await ask('/v1/completions', body)).json()).toMatchObject({
      choices: [{ text: 'ab', finish_reason: 'stop' }],
      usage: { completion_tokens: 4 },
    })
    // What looked like the beginning of one is said at the end.
    const cut = await ask('/v1/completions', { ...body, max_tokens: 3, stream: true })
    const texts = (readEvents(await cut.text()) as { choices?: { text: string }[] }[]).map(
      (event) => event.choices?.[0]?.text,
    )
    expect(texts).toEqual(['a', 'b', '', 'c', '', undefined])
  })

  it('the adapter reads them whole', async () => {
    const { ask } = await serve()
    const target = {
      baseUrl: 'http://cpu',
      model: 'letters',
      endpoint: 'chat',
      stream: true,
      includeUsage: true,
      headers: [],
      body: {},
    } as const
    const spec = cpu.encode({ kind: 'chat', item: 'a', messages, maxTokens: 7, forceLength: true }, target)
    const decode = cpu.decoder()
    const text = await (await ask(new URL(spec.url).pathname, spec.body)).text()
    const events = text
      .split('\n\n')
      .filter(Boolean)
      .flatMap((event) => decode({ data: event.slice('data: '.length), framing: 'sse' }))
    expect(events.filter(({ type }) => type === 'text')).toHaveLength(6)
    expect(events).toContainEqual({ type: 'finish', reason: 'length', choice: 0 })
    expect(events).toContainEqual({
      type: 'usage',
      usage: { inputTokens: 15, outputTokens: 7, cachedTokens: 0 },
      final: true,
    })
    expect(events.at(-1)).toEqual({ type: 'done' })
  })
})

describe('places', () => {
  it('who finds none free waits, and may leave', async () => {
    const { ask, engine, library } = await serve(5, 1)
    library.hold()
    const first = ask('/v1/completions', { prompt: 'x', max_tokens: 1 })
    const gone = new AbortController()
    const second = ask('/v1/completions', { prompt: 'y', max_tokens: 1 }, gone.signal)
    const third = ask('/v1/completions', { prompt: 'z', max_tokens: 1 })
    while (engine.waiting < 2 || library.evaluated.length === 0) await new Promise((resolve) => setTimeout(resolve))
    const metrics = await (await ask('/metrics')).text()
    expect(metrics).toContain('cpu_requests_running 1\n')
    expect(metrics).toContain('cpu_requests_waiting 2\n')
    gone.abort()
    expect((await second).status).toBe(499)
    library.step()
    expect((await first).status).toBe(200)
    while (library.evaluated.length < 2) await new Promise((resolve) => setTimeout(resolve))
    library.step()
    expect((await third).status).toBe(200)
    expect(library.evaluated.map(({ prompt }) => prompt[1])).toEqual([120, 122])
    expect(engine.running).toBe(0)
    expect(createReader()(metrics)).toMatchObject({
      server: 'bench cpu',
      values: {
        requests_running: 1,
        requests_waiting: 2,
        prompt_tokens: expect.any(Number),
        generation_tokens: expect.any(Number),
      },
    })
  })

  it('a client that leaves its stream frees its place', async () => {
    const { ask, engine, library } = await serve(1000, 1)
    const response = await ask('/v1/completions', { prompt: 'x', max_tokens: 50, stream: true })
    const reader = response.body!.getReader()
    await reader.read()
    library.hold()
    await reader.cancel()
    library.step()
    while (engine.running > 0) {
      library.step()
      await new Promise((resolve) => setTimeout(resolve))
    }
    expect(library.evaluated).toHaveLength(1)
  })
})

describe('refusals', () => {
  const bodies: readonly (readonly [what: string, path: string, body: unknown, status: number, message: RegExp])[] = [
    ['no JSON', '/v1/completions', '{', 400, /no JSON/],
    ['no prompt', '/v1/completions', {}, 400, /prompt/],
    ['no messages', '/v1/chat/completions', { messages: [] }, 400, /messages/],
    [
      'pictures',
      '/v1/chat/completions',
      { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      400,
      /messages/,
    ],
    ['several answers', '/v1/completions', { prompt: 'x', n: 2 }, 400, /n: only one answer/],
    ['too long', '/v1/completions', { prompt: 'x', max_tokens: 63 }, 400, /holds 64 tokens; the prompt has 2 and 63/],
    ['an unknown route', '/v1/embeddings', {}, 404, /no POST \/v1\/embeddings/],
  ]
  for (const [what, path, body, status, message] of bodies) {
    it(what, async () => {
      const { ask } = await serve()
      const response = await ask(path, body)
      expect(response.status).toBe(status)
      const text = await response.text()
      expect(JSON.parse(text)).toMatchObject({ error: { message: expect.stringMatching(message), code: status } })
      expect(cpu.explain?.(status, text)).toMatch(message)
    })
  }
})

it('counts tokens as each client asks', async () => {
  const { ask } = await serve()
  const count = async (body: unknown): Promise<unknown> =>
    ((await (await ask('/tokenize', body)).json()) as { count: unknown }).count
  expect(await count({ prompt: 'abc' })).toBe(4)
  expect(await count({ content: 'abc' })).toBe(3)
  expect(await count({ content: 'abc', add_special: true })).toBe(4)
  expect(await count({ messages })).toBe('user:hi;model:;'.length)
})
