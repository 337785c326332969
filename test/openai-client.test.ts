/** The mock against a client that we did not write, over a real socket. */
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMock } from '../src/mock/mod.ts'
import { loadPlatform } from '../src/platform/load.ts'

const messages = [{ role: 'user', content: 'How far is it?' } as const]

describe.each(['openai', 'vllm', 'vllm-rust'] as const)('the openai client and the mock as %s', (profile) => {
  const mock = createMock({ profile, model: 'test-model', apiKey: 'right', ttft: '1ms', itl: '0' })
  let close: () => Promise<void>
  let client: OpenAI
  let url: string

  beforeAll(async () => {
    const platform = await loadPlatform()
    const served = await platform.serve!(mock.fetch, { port: 0 })
    close = () => served.close()
    url = `${served.url}/v1`
    client = new OpenAI({ baseURL: url, apiKey: 'right', maxRetries: 0 })
  })

  afterAll(() => close())

  it('chat', async () => {
    const answer = await client.chat.completions.create({ model: 'test-model', messages, max_tokens: 7 })
    expect(answer.model).toBe('test-model')
    expect(answer.choices[0]?.finish_reason).toBe('length')
    expect(answer.choices[0]?.message.content).toMatch(/\w/)
    expect(answer.usage?.completion_tokens).toBe(7)
    expect(answer.usage?.total_tokens).toBe(7 + (answer.usage?.prompt_tokens ?? Number.NaN))
  })

  it('chat, streamed: the same text in pieces, and usage at the end', async () => {
    const asked = { model: 'test-model', messages, max_tokens: 9 }
    const stream = await client.chat.completions.create({
      ...asked,
      stream: true,
      stream_options: { include_usage: true },
    })
    const pieces: string[] = []
    let finish: string | null | undefined
    let outputTokens: number | undefined
    for await (const chunk of stream) {
      const choice = chunk.choices[0]
      if (choice?.delta.content) pieces.push(choice.delta.content)
      finish = choice?.finish_reason ?? finish
      outputTokens = chunk.usage?.completion_tokens ?? outputTokens
    }
    expect(pieces.length).toBe(9)
    expect(finish).toBe('length')
    expect(outputTokens).toBe(9)
  })

  it('completions, whole and streamed', async () => {
    const asked = { model: 'test-model', prompt: 'Once', max_tokens: 5 }
    const whole = await client.completions.create(asked)
    expect(whole.choices[0]?.finish_reason).toBe('length')
    expect(whole.usage?.completion_tokens).toBe(5)
    const pieces: string[] = []
    for await (const chunk of await client.completions.create({ ...asked, stream: true })) {
      if (chunk.choices[0]?.text) pieces.push(chunk.choices[0].text)
    }
    expect(pieces.length).toBe(5)
  })

  it('lists its model', async () => {
    const ids: string[] = []
    for await (const model of client.models.list()) ids.push(model.id)
    expect(ids).toEqual(['test-model'])
  })

  it('refuses what the client knows as errors', async () => {
    const stranger = new OpenAI({ baseURL: url, apiKey: 'wrong', maxRetries: 0 })
    await expect(stranger.chat.completions.create({ model: 'test-model', messages })).rejects.toThrow(
      OpenAI.AuthenticationError,
    )
    await expect(client.chat.completions.create({ model: 'other', messages })).rejects.toThrow(OpenAI.NotFoundError)
  })
})
