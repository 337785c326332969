import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createTextStream } from '../../src/cpu/text-stream.ts'

/** Each token is one byte of UTF-8: the hardest that a tokenizer can be. */
const bytesToText = (tokens: readonly number[]): string => new TextDecoder().decode(new Uint8Array(tokens))

it('says the same text as the whole, however characters are spread over tokens', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      // A text of its own cannot hold half a surrogate pair in UTF-8.
      const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text))
      const decode = (tokens: readonly number[]): string =>
        new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array(tokens))
      const stream = createTextStream(decode)
      const said = [...new TextEncoder().encode(text)].map((byte) => stream.push(byte)).join('') + stream.end()
      expect(said).toBe(whole)
    }),
  )
})

it('holds half a character back, and gives it up when it never gets whole', () => {
  const stream = createTextStream(bytesToText)
  expect([0xf0, 0x9f, 0x98, 0x80, 0x41].map((byte) => stream.push(byte))).toEqual(['', '', '', '😀', 'A'])
  expect(stream.push(0xc3)).toBe('')
  expect(stream.end()).toBe('\uFFFD')
  expect(stream.end()).toBe('')
})

it('shows the tokenizer what came before', () => {
  const seen: (readonly number[])[] = []
  const stream = createTextStream(
    (tokens, before) => {
      seen.push(before)
      return tokens.join()
    },
    [1, 2, 3],
  )
  stream.push(4)
  stream.push(5)
  expect(seen.at(-1)).toEqual([1, 2, 3, 4])
})
