/** What each of our adapters sends, and how it reads what a server says about itself. */
import type { Adapter, Call, ProbeReply, Target } from 'inferbench'
import mock from 'inferbench/adapters/mock'
import openai from 'inferbench/adapters/openai'
import vllm from 'inferbench/adapters/vllm'
import vllmRust from 'inferbench/adapters/vllm-rust'
import { describe, expect, it } from 'vitest'
import { bodyOf, chat, target } from './target.ts'

const completion: Call = { kind: 'completion', item: 'b', prompt: [1, 2, 3] }

describe('openai', () => {
  it('sends what every server takes, and nothing else', () => {
    expect(bodyOf(openai, chat)).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 8,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(bodyOf(openai, completion)).toEqual({
      model: 'm',
      prompt: [1, 2, 3],
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(bodyOf(openai, { ...chat, forceLength: true })).toEqual(bodyOf(openai, chat))
  })
  it('does not ask for usage where it must not', () => {
    expect(bodyOf(openai, chat, { includeUsage: false })).not.toHaveProperty('stream_options')
    expect(bodyOf(openai, chat, { stream: false })).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      max_tokens: 8,
      temperature: 0,
      stream: false,
    })
  })
  it('says how many answers it asks for', () => {
    const choices = (call: Call, body = {}): number | undefined => openai.encode(call, { ...target, body }).choices
    expect(choices(chat)).toBe(1)
    expect(choices(completion)).toBe(1)
    expect(choices(chat, { n: 3 })).toBe(3)
    expect(choices({ ...completion, body: { prompt: ['a', 'b'] } }, { n: 2 })).toBe(4)
    expect(choices({ ...completion, body: { prompt: [[1], [2, 3]] } })).toBe(2)
  })
  it('asks each endpoint at its place', () => {
    const url = (call: Call, baseUrl = target.baseUrl): string => openai.encode(call, { ...target, baseUrl }).url
    expect(url(chat)).toBe('http://localhost:8000/v1/chat/completions')
    expect(url(completion, 'https://host/prefix')).toBe('https://host/prefix/v1/completions')
  })
  it('lets the user win, the call over the run', () => {
    const change = { body: { max_tokens: 1, seed: 1, stream_options: undefined } }
    expect(bodyOf(openai, { ...chat, body: { seed: 2 } }, change)).toMatchObject({ max_tokens: 1, seed: 2 })
    expect(bodyOf(openai, chat, change)).not.toHaveProperty('stream_options')
    expect(openai.encode({ ...chat, body: { stream: false } }, target).framing).toBe('json')
  })
  it('sends the key as a bearer token, unless the user says otherwise', () => {
    const headers = (change: Partial<Target>): Readonly<Record<string, string>> =>
      Object.fromEntries(openai.encode(chat, { ...target, apiKey: 'k', ...change }).headers)
    expect(headers({})).toEqual({
      accept: 'text/event-stream, application/json',
      'content-type': 'application/json',
      authorization: 'Bearer k',
    })
    expect(headers({ headers: [['Authorization', 'Basic x']] })).toMatchObject({ Authorization: 'Basic x' })
    expect(headers({ headers: [['Authorization', 'Basic x']] })).not.toHaveProperty('authorization')
  })
  it('asks /tokenize so that vLLM and llama.cpp both understand', () => {
    const spec = openai.countTokens!.request({ text: 'a b' }, target)
    expect(spec).toMatchObject({ method: 'POST', url: 'http://localhost:8000/tokenize' })
    expect(JSON.parse(spec.body!)).toEqual({ model: 'm', prompt: 'a b', content: 'a b', add_special: true })
    const talk = openai.countTokens!.request({ messages: [{ role: 'user', content: 'a' }] }, target)
    expect(JSON.parse(talk.body!)).toEqual({ model: 'm', messages: [{ role: 'user', content: 'a' }] })
  })
})

describe('vllm and its kin', () => {
  it('force the length when asked to', () => {
    for (const adapter of [vllm, vllmRust, mock]) {
      expect(bodyOf(adapter, { ...chat, forceLength: true })).toMatchObject({
        max_tokens: 8,
        ignore_eos: true,
        min_tokens: 8,
      })
      expect(bodyOf(adapter, chat)).not.toHaveProperty('ignore_eos')
      expect(bodyOf(adapter, { ...completion, forceLength: true })).not.toHaveProperty('min_tokens')
      expect(bodyOf(adapter, { ...chat, forceLength: true }, { body: { ignore_eos: false } })).toMatchObject({
        ignore_eos: false,
      })
    }
  })
  it('say how to start them', () => {
    const options = { model: 'org/m', port: 8123 }
    expect(vllm.launch?.(options)).toEqual({ command: 'vllm', args: ['serve', 'org/m', '--port', '8123'] })
    expect(vllmRust.launch?.(options)).toEqual({
      command: 'vllm-server',
      args: ['serve', '--model', 'org/m', '--port', '8123'],
    })
  })
})

describe('readiness', () => {
  const reply = (status: number, body: unknown): ProbeReply => ({
    status,
    headers: new Map(),
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  /** Asks every probe by its path; a path that is not named is a 404. */
  const isReady = (adapter: Adapter, routes: Readonly<Record<string, ProbeReply>>): unknown[] =>
    (adapter.ready ?? []).map((probe) =>
      probe.read(routes[new URL(probe.request(target).url).pathname] ?? reply(404, { detail: 'Not Found' })),
    )
  const models = reply(200, { object: 'list', data: [{ id: 'm', max_model_len: 2048 }] })
  const none = reply(200, { object: 'list', data: [] })
  const idle = { ready: false, why: 'the server is idle: no model is loaded' }

  it('a server without /health is taken as it is', () => {
    expect(isReady(openai, {})).toEqual([undefined])
  })
  it('a server that loads its model says so', () => {
    const loading = reply(503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } })
    expect(isReady(openai, { '/health': loading })).toEqual([{ ready: false, why: 'Loading model' }])
    expect(isReady(vllm, { '/health': reply(503, '') })[0]).toEqual({ ready: false, why: 'GET /health answers 503' })
  })
  it('vllm must list a model', () => {
    expect(isReady(vllm, { '/health': reply(200, ''), '/v1/models': models })).toEqual([
      { ready: true },
      { ready: true },
    ])
    expect(isReady(vllm, { '/health': reply(200, ''), '/v1/models': none })[1]).toMatchObject({ ready: false })
    expect(
      isReady(vllm, { '/health': reply(200, ''), '/v1/models': reply(401, { error: 'Unauthorized' }) })[1],
    ).toBeUndefined()
  })
  it('an idle vllm-rust looks healthy and is not ready', () => {
    expect(isReady(vllmRust, { '/health': reply(200, { status: 'idle' }) })).toEqual([idle, idle])
    expect(isReady(vllmRust, { '/health': reply(200, { status: 'ok' }) })).toEqual([{ ready: true }, idle])
    expect(isReady(vllmRust, { '/health': reply(200, ''), '/v1/models': models })).toEqual([
      { ready: true },
      { ready: true },
    ])
  })
  it('facts come from what each server has', () => {
    const facts = (adapter: Adapter, routes: Readonly<Record<string, ProbeReply>>): object =>
      Object.assign(
        {},
        ...(adapter.facts ?? []).map((probe) =>
          probe.read(routes[new URL(probe.request(target).url).pathname] ?? reply(404, '')),
        ),
      )
    expect(facts(vllm, { '/v1/models': models, '/version': reply(200, { version: '0.32.0' }) })).toEqual({
      models: ['m'],
      maxModelLength: 2048,
      version: '0.32.0',
    })
    const info = reply(200, { version: '0.1', model_id: 'm', max_model_len: 4096 })
    expect(facts(vllmRust, { '/server_info': info })).toEqual({ models: ['m'], maxModelLength: 4096, version: '0.1' })
    expect(facts(openai, {})).toEqual({})
  })
})
