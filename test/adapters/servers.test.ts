/** What the adapters of further servers send beyond the OpenAI dialect, and how they read what a server says about itself. */
import { readFileSync } from 'node:fs'
import type { Adapter, Call, ProbeReply } from 'inferbench'
import gateway from 'inferbench/adapters/gateway'
import llamacpp from 'inferbench/adapters/llamacpp'
import ollama from 'inferbench/adapters/ollama'
import openai from 'inferbench/adapters/openai'
import sglang from 'inferbench/adapters/sglang'
import tgi from 'inferbench/adapters/tgi'
import { describe, expect, it } from 'vitest'
import { readRecordedAnswer } from '../support/wire.ts'
import { bodyOf, chat, messages, target } from './target.ts'

const completion: Call = { kind: 'completion', item: 'b', prompt: 'Once', maxTokens: 8 }

const reply = (status: number, said: unknown): ProbeReply => ({
  status,
  headers: new Map(),
  body: typeof said === 'string' ? said : JSON.stringify(said),
})

/** Asks every probe by its path, as the engine does; a path that is not named is a 404. */
function askFacts(adapter: Adapter, routes: Readonly<Record<string, ProbeReply>>): object {
  const answers = (adapter.facts ?? []).map((probe) =>
    probe.read(routes[new URL(probe.request(target).url).pathname] ?? reply(404, 'Not Found')),
  )
  return Object.assign({}, ...answers.reverse())
}

function recorded(name: string): ProbeReply {
  const { status, chunks } = readRecordedAnswer(name)
  return reply(status, new TextDecoder().decode(new Uint8Array(chunks.flatMap(({ bytes }) => [...bytes]))))
}

const isReady = (adapter: Adapter, answer: ProbeReply): unknown[] =>
  (adapter.ready ?? []).map((probe) => probe.read(answer))

describe('llamacpp', () => {
  it('forces the length by leaving out the end of sequence alone', () => {
    expect(bodyOf(llamacpp, { ...chat, forceLength: true })).toEqual({
      ...(bodyOf(openai, chat) as object),
      ignore_eos: true,
    })
    expect(bodyOf(llamacpp, chat)).toEqual(bodyOf(openai, chat))
    expect(bodyOf(llamacpp, { kind: 'completion', item: 'c', prompt: 'x', forceLength: true })).not.toHaveProperty(
      'ignore_eos',
    )
  })
  it('knows the build and the context of a slot', () => {
    const props = { build_info: 'b6000-abc', default_generation_settings: { n_ctx: 2048 }, total_slots: 4 }
    const models = recorded('llama-server/models')
    expect(askFacts(llamacpp, { '/props': reply(200, props), '/v1/models': models })).toEqual({
      version: 'b6000-abc',
      models: ['tiny-random-llama'],
      maxModelLength: 2048,
    })
    expect(askFacts(llamacpp, { '/props': recorded('llama-server/props') })).toMatchObject({ maxModelLength: 2048 })
    expect(askFacts(llamacpp, { '/props': reply(501, { error: { message: 'off' } }) })).toEqual({})
  })
  it('waits while the model is loaded, and counts as the server does', () => {
    const loading = reply(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } })
    expect(isReady(llamacpp, loading)).toEqual([{ ready: false, why: 'Loading model' }])
    expect(isReady(llamacpp, recorded('llama-server/health'))).toEqual([{ ready: true }])
    expect(llamacpp.countTokens?.read(recorded('llama-server/tokenize'))).toBe(4)
  })
  it('starts a file, or a repository', () => {
    expect(llamacpp.launch?.({ model: '/models/a.gguf', port: 8123 }).args).toEqual([
      ...['--model', '/models/a.gguf', '--port', '8123', '--metrics'],
    ])
    expect(llamacpp.launch?.({ model: 'ggml-org/a-GGUF', port: 8123 }).args).toContain('--hf-repo')
  })
})

describe('sglang', () => {
  it('forces the length', () => {
    expect(bodyOf(sglang, { ...chat, forceLength: true })).toMatchObject({
      max_tokens: 8,
      min_tokens: 8,
      ignore_eos: true,
    })
    expect(bodyOf(sglang, chat)).toEqual(bodyOf(openai, chat))
  })
  it('says its version at a new or an old place', () => {
    const models = reply(200, { object: 'list', data: [{ id: 'Qwen/Qwen3-0.6B', max_model_len: 40960 }] })
    const known = { models: ['Qwen/Qwen3-0.6B'], maxModelLength: 40960 }
    expect(askFacts(sglang, { '/v1/models': models, '/server_info': reply(200, { version: '0.5.6' }) })).toEqual({
      ...known,
      version: '0.5.6',
    })
    expect(askFacts(sglang, { '/v1/models': models, '/get_server_info': reply(200, { version: '0.4.9' }) })).toEqual({
      ...known,
      version: '0.4.9',
    })
  })
  it('is not ready while it starts', () => {
    expect(isReady(sglang, reply(503, ''))).toEqual([{ ready: false, why: 'GET /health answers 503' }])
  })
})

describe('tgi', () => {
  it('sends nothing of its own: lengths cannot be forced', () => {
    expect(bodyOf(tgi, { ...chat, forceLength: true })).toEqual(bodyOf(openai, chat))
  })
  it('counts texts and conversations', () => {
    const asked = (input: Parameters<NonNullable<Adapter['countTokens']>['request']>[0]) => {
      const spec = tgi.countTokens!.request(input, target)
      return [new URL(spec.url).pathname, JSON.parse(spec.body!)]
    }
    expect(asked({ text: 'a b' })).toEqual(['/tokenize', { inputs: 'a b' }])
    expect(asked({ messages })).toEqual(['/chat_tokenize', { model: 'm', messages }])
    const tokens = [
      { id: 64, text: 'a', start: 0, stop: 1 },
      { id: 65, text: ' b', start: 1, stop: 3 },
    ]
    expect(tgi.countTokens?.read(reply(200, tokens))).toBe(2)
    expect(tgi.countTokens?.read(reply(200, { tokenize_response: tokens, templated_text: 'a b' }))).toBe(2)
    expect(tgi.countTokens?.read(reply(404, { error: 'No fast tokenizer available' }))).toBeUndefined()
  })
  it('knows model, version and context from /info', () => {
    const info = { model_id: 'bigscience/bloom-560m', max_total_tokens: 2048, max_input_tokens: 1024, version: '3.3.6' }
    expect(askFacts(tgi, { '/info': reply(200, info) })).toEqual({
      models: ['bigscience/bloom-560m'],
      maxModelLength: 2048,
      version: '3.3.6',
    })
  })
  it('says why it is not ready', () => {
    expect(isReady(tgi, reply(503, { error: 'unhealthy', error_type: 'healthcheck' }))).toEqual([
      { ready: false, why: 'unhealthy' },
    ])
  })
})

describe('ollama', () => {
  it('asks for a chat', () => {
    const spec = ollama.encode(chat, { ...target, apiKey: 'k' })
    expect(spec.url).toBe('http://localhost:8000/api/chat')
    expect(spec.framing).toBe('ndjson')
    expect(Object.fromEntries(spec.headers)).toMatchObject({ accept: 'application/x-ndjson, application/json' })
    expect(JSON.parse(spec.body!)).toEqual({
      model: 'm',
      messages,
      stream: true,
      options: { num_predict: 8, temperature: 0 },
    })
  })
  it('asks for a completion as it stands', () => {
    expect(ollama.encode(completion, target).url).toBe('http://localhost:8000/api/generate')
    expect(bodyOf(ollama, completion, { stream: false })).toEqual({
      model: 'm',
      prompt: 'Once',
      raw: true,
      stream: false,
      options: { num_predict: 8 },
    })
  })
  it('lets the user win, option by option', () => {
    const change = { body: { options: { num_ctx: 4096, temperature: 1 }, think: false, keep_alive: '1h' } }
    expect(bodyOf(ollama, chat, change)).toMatchObject({
      options: { num_predict: 8, num_ctx: 4096, temperature: 1 },
      think: false,
      keep_alive: '1h',
    })
  })
  it('knows version and models, and when it is up', () => {
    const tags = { models: [{ name: 'qwen3:0.6b', model: 'qwen3:0.6b' }, { name: 'llama3.2:latest' }, {}] }
    expect(
      askFacts(ollama, { '/api/version': reply(200, { version: '0.12.3' }), '/api/tags': reply(200, tags) }),
    ).toEqual({
      version: '0.12.3',
      models: ['qwen3:0.6b', 'llama3.2:latest'],
    })
    expect(isReady(ollama, reply(200, { version: '0.12.3' }))).toEqual([{ ready: true }])
    expect(ollama.launch?.({ model: 'm', port: 8123 })).toEqual({
      command: 'ollama',
      args: ['serve'],
      env: { OLLAMA_HOST: '127.0.0.1:8123' },
    })
  })
})

describe('gateway', () => {
  it('asks as the harness before it did, and never for a stream', () => {
    const spec = gateway.encode({ ...chat, temperature: 0.7 }, target)
    expect(spec).toMatchObject({ url: 'http://localhost:8000/generate', framing: 'json' })
    expect(JSON.parse(spec.body!)).toEqual({ prompt: 'hi', max_tokens: 8, temperature: 0.7 })
    expect(bodyOf(gateway, completion, { body: { top_k: 3 } })).toEqual({ prompt: 'Once', max_tokens: 8, top_k: 3 })
  })
  it('keeps what the server says of its speed', () => {
    const data = JSON.stringify({ text: 'a b', tokens_per_sec: 47.3, latency_ms: 21.1, model: 'm' })
    expect(gateway.decoder()({ data, framing: 'json' })).toEqual([
      { type: 'served', model: 'm' },
      { type: 'text', text: 'a b', choice: 0 },
      { type: 'timings', timings: { totalMs: 21.1, tokensPerSecond: 47.3 } },
      { type: 'finish', reason: 'whole', choice: 0 },
    ])
  })
  it('is ready when it is healthy and has a worker', () => {
    expect(isReady(gateway, reply(200, { status: 'healthy' }))).toEqual([{ ready: true }, { ready: true }])
    expect(isReady(gateway, reply(503, { detail: 'no worker is ready' }))[1]).toEqual({
      ready: false,
      why: 'no worker is ready',
    })
    expect(isReady(gateway, reply(404, ''))).toEqual([undefined, undefined])
  })
})

describe('timings', () => {
  it('come from the end of an answer, where the server tells them', () => {
    const decode = llamacpp.decoder()
    const wire = readFileSync(new URL('../fixtures/wire/llama-server/chat-stream-usage.http', import.meta.url), 'utf8')
    const events = [...wire.matchAll(/^data: (\{.*\})$/gm)].flatMap(([, data]) =>
      decode({ data: data!, framing: 'sse' }),
    )
    expect(events.filter(({ type }) => type === 'timings')).toEqual([
      { type: 'timings', timings: { prefillMs: 0.284, decodeMs: 2.045, tokensPerSecond: 5378.973105134474 } },
    ])
  })
  it('of vLLM are those of its metrics', () => {
    const metrics = {
      time_to_first_token_ms: 20.5,
      generation_time_ms: 100,
      queue_time_ms: 0,
      mean_itl_ms: 10,
      tokens_per_second: 50,
    }
    const data = JSON.stringify({ choices: [], metrics })
    expect(openai.decoder()({ data, framing: 'sse' })).toEqual([
      { type: 'timings', timings: { queueMs: 0, prefillMs: 20.5, decodeMs: 100, tokensPerSecond: 50 } },
    ])
    const odd = JSON.stringify({ choices: [], timings: { prompt_ms: -1, predicted_ms: 'x' }, metrics: null })
    expect(openai.decoder()({ data: odd, framing: 'sse' })).toEqual([])
  })
})
