import ollama from 'inferbench/adapters/ollama'
import { createMock, type FaultRule, type MockOptions } from 'inferbench/mock'
import { describe, expect, it } from 'vitest'
import { get, post } from './support.ts'

const fast: MockOptions = { profile: 'ollama', ttft: 0, itl: 0, model: 'm' }
const messages = [{ role: 'user', content: 'Hello' }]

/** What the adapter makes of a stream. */
const decode = (text: string) => {
  const decoder = ollama.decoder()
  return text
    .split('\n')
    .filter(Boolean)
    .flatMap((data) => decoder({ data, framing: 'ndjson' }))
}

describe('the ollama profile', () => {
  it('streams lines, unless it is told not to', async () => {
    const mock = createMock({ ...fast, reasoningTokens: 2 })
    const chat = await post(mock, '/api/chat', { model: 'm', messages, options: { num_predict: 5 } })
    expect(chat.headers.get('content-type')).toBe('application/x-ndjson')
    const events = decode(await chat.text())
    expect(events.map(({ type }) => type)).toEqual([
      ...['served', 'reasoning', 'reasoning', 'text', 'text', 'text', 'usage', 'finish'],
    ])
    expect(events.at(-2)).toMatchObject({ usage: { outputTokens: 5 } })
    const whole = await post(mock, '/api/generate', {
      model: 'm',
      prompt: 'x',
      stream: false,
      options: { num_predict: 3 },
    })
    const body = await whole.json()
    expect(body).toMatchObject({ model: 'm', done: true, done_reason: 'length', prompt_eval_count: 1, eval_count: 3 })
    expect(body.response.trim().split(' ')).toHaveLength(3)
  })

  it('says who it is, and refuses in its own words', async () => {
    const mock = createMock(fast)
    expect(await (await get(mock, '/api/tags')).json()).toMatchObject({ models: [{ name: 'm' }] })
    expect(await (await get(mock, '/api/version')).json()).toHaveProperty('version')
    const missing = await post(mock, '/api/chat', { model: 'nothing', messages })
    expect(missing.status).toBe(404)
    expect(ollama.explain?.(404, await missing.text())).toContain('nothing')
    for (const body of ['{', 'null', '{}']) expect((await post(mock, '/api/generate', body)).status).toBe(400)
  })

  it('breaks as others do', async () => {
    const ask = async (fault: FaultRule) => {
      const mock = createMock({ ...fast, faults: [fault] })
      return await (await post(mock, '/api/chat', { model: 'm', messages, options: { num_predict: 4 } })).text()
    }
    expect(decode(await ask({ kind: 'error-event', request: 0, after: 2 })).at(-1)).toEqual({
      type: 'error',
      message: 'the engine has failed',
    })
    expect(decode(await ask({ kind: 'truncate', request: 0, after: 2 })).map(({ type }) => type)).toEqual([
      'served',
      'text',
      'text',
    ])
    expect(decode(await ask({ kind: 'malformed', request: 0, at: 1 }))).toContainEqual(
      expect.objectContaining({ type: 'error', reason: 'malformed' }),
    )
  })
})
