/** The order and the form of chunks in each profile; vLLM's against captures of the real one. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMock, type MockOptions } from '../../src/mock/mod.ts'
import { shapeDifference } from './shape.ts'
import { chat, post, readEvents } from './support.ts'

interface Chunk {
  readonly id: string
  readonly object: string
  readonly choices: readonly {
    readonly index: number
    readonly delta?: Readonly<Record<string, unknown>>
    readonly text?: string
    readonly finish_reason?: string | null
  }[]
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null
}

const fast: MockOptions = { ttft: 0, itl: 0 }

async function stream(options: MockOptions, path: string, body: object): Promise<(Chunk | '[DONE]')[]> {
  const response = await post(createMock({ ...fast, ...options }), path, { stream: true, ...body })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  return readEvents(await response.text()) as (Chunk | '[DONE]')[]
}

/** `role`, `content`, `finish:length`, `usage`, `[DONE]`, ...: what a chunk brings, in words. */
function describeChunk(chunk: Chunk | '[DONE]'): string {
  if (chunk === '[DONE]') return chunk
  const [choice] = chunk.choices
  if (choice === undefined) return chunk.usage ? 'usage' : 'nothing'
  const { delta, text, finish_reason: finish } = choice
  const keys = delta ? Object.entries(delta).filter(([, value]) => value !== '' && value !== null) : []
  const parts = delta ? keys.map(([name]) => name) : text === '' ? [] : ['text']
  if (finish) parts.push(`finish:${finish}`)
  return parts.join('+')
}

const include = { stream_options: { include_usage: true } }

describe('chat', () => {
  it('vllm: role with the first token, finish reason on the last delta, usage in a chunk of its own', async () => {
    const chunks = await stream({ profile: 'vllm' }, '/v1/chat/completions', chat({ max_tokens: 3, ...include }))
    expect(chunks.map(describeChunk)).toEqual([
      'role',
      'content',
      'content',
      'content+finish:length',
      'usage',
      '[DONE]',
    ])
  })

  it('vllm-rust: the finish reason has a chunk of its own, and no member is null', async () => {
    const chunks = await stream({ profile: 'vllm-rust' }, '/v1/chat/completions', chat({ max_tokens: 2, ...include }))
    expect(chunks.map(describeChunk)).toEqual(['role', 'content', 'content', 'finish:length', 'usage', '[DONE]'])
    expect(JSON.stringify(chunks)).not.toContain('null')
  })

  it('openai: usage null on all chunks but the last', async () => {
    const chunks = await stream({ profile: 'openai' }, '/v1/chat/completions', chat({ max_tokens: 2, ...include }))
    expect(chunks.map(describeChunk)).toEqual(['role', 'content', 'content', 'finish:length', 'usage', '[DONE]'])
    expect(chunks.slice(0, 4).every((chunk) => chunk !== '[DONE]' && chunk.usage === null)).toBe(true)
  })

  it.each(['vllm', 'vllm-rust', 'openai'] as const)('%s: no usage where nobody asked', async (profile) => {
    const chunks = await stream({ profile }, '/v1/chat/completions', chat({ max_tokens: 2 }))
    expect(JSON.stringify(chunks)).not.toContain('usage')
    expect(chunks.at(-1)).toBe('[DONE]')
  })

  it.each(['vllm', 'vllm-rust'] as const)('%s: continuous usage counts up', async (profile) => {
    const options = { stream_options: { include_usage: true, continuous_usage_stats: true } }
    const chunks = await stream({ profile }, '/v1/chat/completions', chat({ max_tokens: 3, ...options }))
    const counts = chunks.flatMap((chunk) => (chunk === '[DONE]' ? [] : [chunk.usage!.completion_tokens]))
    expect(counts[0]).toBe(0)
    expect([...counts].sort()).toEqual(counts)
    expect(counts.at(-1)).toBe(3)
  })

  it.each([
    ['vllm', 'reasoning'],
    ['vllm-rust', 'reasoning+reasoning_content'],
    ['openai', 'reasoning_content'],
  ] as const)('%s: reasoning comes first, as %s', async (profile, word) => {
    const options = { profile, reasoningTokens: 2 }
    const chunks = await stream(options, '/v1/chat/completions', chat({ max_tokens: 3, ...include }))
    const words = chunks.map(describeChunk)
    expect(words.slice(0, 3)).toEqual(['role', word, word])
    expect(words[3]).toMatch(/^content/)
    expect(JSON.stringify(chunks)).toContain('"reasoning_tokens":2')
  })

  it.each(['vllm', 'vllm-rust', 'openai'] as const)('%s: a tool call, piece by piece', async (profile) => {
    const tools = [{ type: 'function', function: { name: 'look', parameters: {} } }]
    const chunks = await stream({ profile }, '/v1/chat/completions', chat({ max_tokens: 16, tools }))
    const calls = chunks.flatMap((chunk) =>
      chunk === '[DONE]' ? [] : chunk.choices.flatMap((choice) => (choice.delta?.tool_calls as object[]) ?? []),
    ) as { id?: string; function: { name?: string; arguments: string } }[]
    expect(calls[0]).toMatchObject({ id: expect.any(String), function: { name: 'look', arguments: '' } })
    const said = JSON.parse(calls.map((call) => call.function.arguments).join(''))
    expect(said.text.length).toBeGreaterThan(0)
    expect(chunks.map(describeChunk).at(-2)).toMatch(/finish:tool_calls$/)
  })

  it('several tokens a chunk: the first alone, the last at once', async () => {
    const chunks = await stream({ tokensPerChunk: 4 }, '/v1/chat/completions', chat({ max_tokens: 10 }))
    const words = chunks.flatMap((chunk) =>
      chunk === '[DONE]'
        ? []
        : chunk.choices.map((choice) => String(choice.delta?.content ?? '').split(' ').length - 1),
    )
    expect(words).toEqual([0, 1, 4, 4, 1])
  })

  it('several answers: each has its index, its role and its end', async () => {
    const chunks = await stream({}, '/v1/chat/completions', chat({ max_tokens: 2, n: 3, ...include }))
    const choices = chunks.flatMap((chunk) => (chunk === '[DONE]' ? [] : chunk.choices))
    for (const index of [0, 1, 2]) {
      const own = choices.filter((choice) => choice.index === index)
      expect(own[0]!.delta).toHaveProperty('role')
      expect(own.at(-1)!.finish_reason).toBe('length')
    }
    expect((chunks.at(-2) as Chunk).usage!.completion_tokens).toBe(6)
  })
})

describe('completions', () => {
  it.each([
    ['vllm', ['text', 'text+finish:length', 'usage', '[DONE]']],
    ['vllm-rust', ['text', 'text', 'finish:length', 'usage', '[DONE]']],
    ['openai', ['text', 'text', 'finish:length', 'usage', '[DONE]']],
  ] as const)('%s', async (profile, words) => {
    const chunks = await stream({ profile }, '/v1/completions', { prompt: 'Hi', max_tokens: 2, ...include })
    expect(chunks.map(describeChunk)).toEqual(words)
  })

  it('a list of prompts: one answer each, usage of all', async () => {
    const body = { prompt: ['One', 'Two', 'Three'], max_tokens: 2, ...include }
    const chunks = await stream({}, '/v1/completions', body)
    const indices = chunks.flatMap((chunk) => (chunk === '[DONE]' ? [] : chunk.choices.map((choice) => choice.index)))
    expect(indices.sort()).toEqual([0, 0, 1, 1, 2, 2])
    expect((chunks.at(-2) as Chunk).usage).toMatchObject({ prompt_tokens: 1 + 1 + 2, completion_tokens: 6 })
  })

  it('echo repeats the prompt in the first chunk, and offsets run through', async () => {
    const chunks = await stream({}, '/v1/completions', { prompt: 'Low tide', max_tokens: 2, echo: true, logprobs: 1 })
    const parts = chunks.flatMap((chunk) => (chunk === '[DONE]' ? [] : chunk.choices)) as unknown as {
      text: string
      logprobs: { tokens: string[]; text_offset: number[] }
    }[]
    expect(parts[0]!.text).toMatch(/^Low tide /)
    const whole = parts.map((part) => part.text).join('')
    for (const { logprobs } of parts) {
      for (const [place, token] of logprobs.tokens.entries()) {
        expect(whole.slice(logprobs.text_offset[place], logprobs.text_offset[place]! + token.length)).toBe(token)
      }
    }
  })
})

/** Requests that were put to a real vLLM, and its streams. */
describe('against captures of vLLM', () => {
  const read = (name: string): string =>
    readFileSync(new URL(`../fixtures/wire/vllm/${name}`, import.meta.url), 'latin1')
  const mock = createMock({ ...fast, model: 'tiny-random-llama', maxModelLength: 2048 })
  const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)
  const parse = (text: string): Chunk[] => readEvents(text).filter((event): event is Chunk => event !== '[DONE]')

  it.each([
    'chat-stream',
    'chat-stream-usage',
    'chat-stream-continuous-usage',
    'chat-stream-logprobs',
    'chat-stream-n2',
    'chat-stream-one-token',
    'completion-stream',
    'completion-stream-usage',
    'completion-stream-logprobs',
    'completion-token-ids',
    'completion-two-prompts',
  ])('%s has the same first, middle and last chunks', async (name) => {
    const request = bodyOf(read(`${name}.request.http`))
    const path = name.startsWith('chat') ? '/v1/chat/completions' : '/v1/completions'
    const ours = parse(await (await post(mock, path, request)).text())
    const theirs = parse(bodyOf(read(`${name}.http`)))
    const last = (chunks: Chunk[]): Chunk => chunks.filter((chunk) => chunk.choices[0]?.finish_reason).at(-1)!
    const tail = (chunks: Chunk[]): Chunk => chunks.at(-1)!
    expect(shapeDifference(ours[0], theirs[0])).toBeUndefined()
    expect(shapeDifference(ours[1], theirs[1])).toBeUndefined()
    expect(shapeDifference(last(ours), last(theirs))).toBeUndefined()
    expect(shapeDifference(tail(ours), tail(theirs))).toBeUndefined()
  })

  it.each(['chat', 'completion', 'completion-echo-logprobs', 'models', 'tokenize', 'version'])(
    '%s has the same members',
    async (name) => {
      const text = read(`${name}.request.http`)
      const [method, path] = text.split(' ') as [string, string]
      const request = new Request(`http://mock${path}`, {
        method,
        ...(method === 'POST' ? { body: bodyOf(text) } : {}),
      })
      const ours = await (await mock.fetch(request)).json()
      expect(shapeDifference(ours, JSON.parse(bodyOf(read(`${name}.http`))))).toBeUndefined()
    },
  )

  it.each([
    'error-unknown-model',
    'error-unknown-model-stream',
    'error-max-tokens-negative',
    'error-max-tokens-zero',
    'error-malformed-json',
    'error-missing-messages',
    'error-wrong-type',
    'error-too-long',
    'error-unknown-route',
    'error-wrong-method',
  ])('%s is refused alike', async (name) => {
    const text = read(`${name}.request.http`)
    const [method, path] = text.split(' ') as [string, string]
    const request = new Request(`http://mock${path}`, { method, ...(method === 'POST' ? { body: bodyOf(text) } : {}) })
    const response = await mock.fetch(request)
    const theirs = read(`${name}.http`)
    expect(response.status).toBe(Number(theirs.split(' ')[1]))
    const [ours, other] = [await response.json(), JSON.parse(bodyOf(theirs))]
    expect(shapeDifference(ours, other)).toBeUndefined()
    expect(ours.error?.code).toBe(other.error?.code)
    expect(ours.error?.param?.replace(/\.\d+$/, '')).toBe(other.error?.param?.replace(/\.\d+$/, ''))
  })
})

describe('nondeterminism', () => {
  const ask = async (options: MockOptions, times: number): Promise<readonly string[]> => {
    const mock = createMock({ ttft: 0, itl: 0, ...options })
    const texts: string[] = []
    for (let time = 0; time < times; time++) {
      const response = await post(mock, '/v1/chat/completions', chat({ max_tokens: 12 }))
      texts.push((await response.json()).choices[0].message.content)
    }
    return texts
  }

  it('there is none unless asked for', async () => {
    expect(new Set(await ask({}, 5)).size).toBe(1)
    expect(new Set(await ask({ busyNondeterminism: 1 }, 5)).size).toBe(1)
  })

  it('makes a share of answers leave the usual one at some token, the same ones each time', async () => {
    const [usual] = await ask({}, 1)
    const texts = await ask({ nondeterminism: 0.5 }, 40)
    const others = texts.filter((text) => text !== usual)
    expect(others.length).toBeGreaterThan(5)
    expect(others.length).toBeLessThan(35)
    expect(await ask({ nondeterminism: 0.5 }, 40)).toEqual(texts)
    const shared = others.map((text) => text.split(' ').findIndex((word, place) => word !== usual?.split(' ')[place]))
    expect(new Set(shared).size).toBeGreaterThan(1)
  })

  it('may be for requests alone that begin while others run', async () => {
    const mock = createMock({ ttft: 20, itl: 0, busyNondeterminism: 1 })
    const answers = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const response = await post(mock, '/v1/chat/completions', chat({ max_tokens: 12 }))
        return (await response.json()).choices[0].message.content as string
      }),
    )
    const [usual] = await ask({}, 1)
    expect(answers.filter((text) => text === usual)).toHaveLength(1)
  })
})
