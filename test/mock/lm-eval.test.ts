/** Replays every exchange that lm-eval had with a real vLLM, and holds the mock's answers against vLLM's. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMock } from '../../src/mock/mod.ts'
import { shapeDifference } from './shape.ts'
import { get, post } from './support.ts'

interface Exchange {
  readonly method: string
  readonly path: string
  readonly request: unknown
  readonly status: number
  readonly response: unknown
}

interface Scored {
  readonly choices: readonly {
    readonly index: number
    readonly text: string
    readonly logprobs: {
      readonly tokens: readonly string[]
      readonly token_logprobs: readonly (number | null)[]
      readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[]
      readonly text_offset: readonly number[]
    }
  }[]
}

function readExchanges(name: string): Exchange[] {
  const text = readFileSync(new URL(`../fixtures/lm-eval/${name}`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

const mock = createMock({ model: 'tiny-random-llama', ttft: 0, itl: 0 })
// Members of the tokenizer's own configuration differ from tokenizer to tokenizer.
const compared = (exchange: Exchange): boolean => exchange.path !== '/tokenizer_info'

describe.each(['exchanges-completions.jsonl', 'exchanges-chat.jsonl'])('%s', (name) => {
  const exchanges = readExchanges(name)

  it('is answered with the members that vLLM answers with', async () => {
    expect(exchanges.length).toBeGreaterThan(1)
    for (const exchange of exchanges) {
      const { method, path, request } = exchange
      const response = method === 'GET' ? await get(mock, path) : await post(mock, path, request)
      expect(response.status, path).toBe(exchange.status)
      const body = await response.json()
      if (compared(exchange)) expect(shapeDifference(body, exchange.response), path).toBeUndefined()
      else expect(body).toMatchObject({ bos_token: expect.any(String), eos_token: expect.any(String) })
    }
  })
})

describe('log-likelihoods', () => {
  const score = async (prompt: unknown, more: object = {}): Promise<Scored> => {
    const body = { prompt, max_tokens: 1, temperature: 0, logprobs: 1, seed: 1234, echo: true, ...more }
    return (await post(mock, '/v1/completions', body)).json()
  }

  it('come as n + 1 entries, the first null, for each prompt by index', async () => {
    const prompts = [[300, 301, 302], [40, 41], [9999]]
    const { choices } = await score(prompts)
    expect(choices.map((choice) => choice.index)).toEqual([0, 1, 2])
    for (const { index, logprobs } of choices) {
      const length = prompts[index]!.length + 1
      for (const list of Object.values(logprobs)) expect(list).toHaveLength(length)
      expect(logprobs.token_logprobs[0]).toBeNull()
      expect(logprobs.top_logprobs[0]).toBeNull()
      expect(logprobs.token_logprobs.slice(1).every((value) => value !== null && value < 0)).toBe(true)
    }
  })

  it('name the token that was sent and the greedy one', async () => {
    const { logprobs, text } = (await score('The tide is')).choices[0]!
    expect(logprobs.tokens.join('')).toBe(text)
    for (const [place, top] of logprobs.top_logprobs.entries()) {
      if (top === null) continue
      const own = logprobs.token_logprobs[place]!
      expect(top[logprobs.tokens[place]!]).toBe(own)
      const best = Math.max(...Object.values(top))
      expect(Object.keys(top)).toHaveLength(best === own ? 1 : 2)
    }
    // What it generates is greedy.
    expect(Math.max(...Object.values(logprobs.top_logprobs.at(-1)!))).toBe(logprobs.token_logprobs.at(-1))
  })

  it('find the own continuation greedy and likelier than another, whatever the form of the prompt', async () => {
    const said = await (await post(mock, '/v1/completions', { prompt: 'A low sea', max_tokens: 3 })).json()
    const own: string = said.choices[0].text
    const context = 5
    const sum = (values: readonly (number | null)[]): number =>
      values.reduce<number>((all, value) => all + (value ?? 0), 0)
    const ids = async (prompt: string): Promise<number[]> =>
      (await (await post(mock, '/tokenize', { prompt })).json()).tokens
    expect(await ids('A low sea')).toHaveLength(3)
    const [likely] = (await score([await ids(`A low sea${own}`)])).choices
    const [other] = (await score(`A low sea foo bar zoo`)).choices
    expect(likely!.logprobs).toEqual((await score(`A low sea${own}`)).choices[0]!.logprobs)
    const part = (choice: Scored['choices'][number]): number =>
      sum(choice.logprobs.token_logprobs.slice(context - 2, -1))
    expect(part(likely!)).toBeGreaterThan(part(other!))
    for (let place = 3; place < likely!.logprobs.tokens.length; place++) {
      expect(Math.max(...Object.values(likely!.logprobs.top_logprobs[place]!))).toBe(
        likely!.logprobs.token_logprobs[place],
      )
    }
  })

  it('of a prompt alone need no token', async () => {
    const { logprobs, text } = (await score('just this', { max_tokens: 0 })).choices[0]!
    expect(text).toBe('just this')
    expect(logprobs.tokens.join('')).toBe('just this')
  })
})
