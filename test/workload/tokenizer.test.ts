import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { BenchError } from '../../src/core/errors.ts'
import { loadTokenizer } from '../../src/core/workload/mod.ts'
import { FIXTURES, loadFixture, TOKENIZERS } from './fixture.ts'

interface Expected {
  readonly text: string
  readonly ids: readonly number[]
  readonly decoded: string
}

describe.each(TOKENIZERS)('tokenizer %s', (name) => {
  it('gives the ids that the reference implementation gives for tricky strings', async () => {
    const tokenizer = await loadFixture(name)
    const rows: Expected[] = JSON.parse(await readFile(new URL(`${name}.expected.json`, FIXTURES), 'utf8'))
    expect(rows.length).toBeGreaterThan(50)
    for (const { text, ids, decoded } of rows) {
      expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids })
      expect(tokenizer.count(text)).toBe(ids.length)
      // The library reads bytes that fall back with a TextDecoder, which takes a byte order mark for none of the text.
      if (name === 'metaspace' && text.startsWith('\uFEFF')) continue
      expect(tokenizer.decode(ids)).toBe(decoded)
    }
  })
})

describe('loadTokenizer', () => {
  it('says what was loaded: kind, size, hash of the file', async () => {
    const tokenizer = await loadFixture('byte-level')
    expect(tokenizer.name).toBe('BPE, 2048 tokens')
    expect(tokenizer.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(tokenizer.hash).not.toBe((await loadFixture('metaspace')).hash)
  })

  it.each([
    ['', 'not JSON'],
    ['[]', 'not a JSON object'],
    ['{}', 'no model.vocab'],
    ['{"model":{"type":"Nothing","vocab":{"a":0}}}', 'cannot be used'],
  ])('refuses %s', async (json, why) => {
    const error = await loadTokenizer(json).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(BenchError)
    expect((error as BenchError).code).toBe('usage')
    expect((error as BenchError).message).toContain(why)
  })
})
