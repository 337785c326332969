import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMock } from '../../src/mock/mod.ts'
import { detokenize, tokenBytes, tokenize, tokenTexts, vocabularySize } from '../../src/mock/tokenizer.ts'
import { chat, get, post } from './support.ts'

const text = fc.string({ unit: 'binary' })

describe('the tokenizer of the mock', () => {
  it('gives back every text', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(detokenize(tokenize(value))).toBe(value)
      }),
    )
  })

  it('stays within its vocabulary, and every id of a piece stands for that piece alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2 + 256, max: vocabularySize - 1 }), (id) => {
        expect(tokenize(detokenize([id]))).toEqual([id])
      }),
    )
    expect(() => tokenBytes(vocabularySize)).toThrow(RangeError)
    expect(() => tokenBytes(-1)).toThrow(RangeError)
  })

  it('is additive where the second part does not start with a letter', () => {
    fc.assert(
      fc.property(text, text, (left, right) => {
        fc.pre(!/^[A-Za-z]/.test(right))
        expect(tokenize(left + right)).toEqual([...tokenize(left), ...tokenize(right)])
      }),
    )
  })

  it('shares the text out over the tokens, whole characters to the token that ends them', () => {
    expect(tokenTexts(tokenize('è sea'))).toEqual(['', 'è', ' sea'])
    fc.assert(
      fc.property(text, (value) => {
        expect(tokenTexts(tokenize(value)).join('')).toBe(value)
      }),
    )
  })

  it('counts what the mock says as the mock counts it', async () => {
    const mock = createMock({ ttft: 0, itl: 0 })
    const reply = await (await post(mock, '/v1/chat/completions', chat({ max_tokens: 37 }))).json()
    expect(reply.usage.completion_tokens).toBe(37)
    const counted = await (await post(mock, '/tokenize', { prompt: reply.choices[0].message.content })).json()
    expect(counted.count).toBe(37)
    expect(counted.tokens).toHaveLength(37)
  })

  it('answers for conversations as the chat route counts them, and turns ids back into text', async () => {
    const mock = createMock({ ttft: 0, itl: 0, maxModelLength: 512 })
    const counted = await (await post(mock, '/tokenize', { ...chat(), return_token_strs: true })).json()
    const reply = await (await post(mock, '/v1/chat/completions', chat({ max_tokens: 1 }))).json()
    expect(counted.count).toBe(reply.usage.prompt_tokens)
    expect(counted.max_model_len).toBe(512)
    expect(counted.token_strs.join('')).toContain('Hello there')
    const back = await (await post(mock, '/detokenize', { tokens: counted.tokens })).json()
    expect(back.prompt).toBe(counted.token_strs.join(''))
    expect((await post(mock, '/detokenize', { tokens: [vocabularySize] })).status).toBe(400)
    const info = await (await get(mock, '/tokenizer_info')).json()
    expect(info).toMatchObject({ bos_token: expect.any(String), eos_token: expect.any(String) })
  })
})
