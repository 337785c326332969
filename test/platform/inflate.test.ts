import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createInflater } from '../../src/platform/inflate.ts'

const CODINGS = { gzip: gzipSync, 'x-gzip': gzipSync, deflate: deflateSync, br: brotliCompressSync } as const

async function inflateInPieces(coding: string, coded: Uint8Array, length: number): Promise<Uint8Array> {
  const inflater = createInflater(coding)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < coded.length; at += length) pieces.push(await inflater.push(coded.subarray(at, at + length)))
  pieces.push(await inflater.finish())
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]))
}

describe('content codings', () => {
  it('give back what was coded, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(CODINGS)) as fc.Arbitrary<keyof typeof CODINGS>,
        fc.uint8Array({ maxLength: 2000 }),
        fc.integer({ min: 1, max: 700 }),
        async (coding, body, length) => {
          expect(await inflateInPieces(coding, CODINGS[coding](body), length)).toEqual(body)
        },
      ),
    )
  })

  it('are undone in the reverse of their order', async () => {
    const body = new TextEncoder().encode('twice coded')
    expect(await inflateInPieces('gzip, BR', brotliCompressSync(gzipSync(body)), 5)).toEqual(body)
    expect(await inflateInPieces('deflate', deflateRawSync(body), 5)).toEqual(body)
    expect(await inflateInPieces('identity', body, 5)).toEqual(body)
  })

  it('stop at a bomb', async () => {
    for (const [coding, code] of Object.entries(CODINGS)) {
      const bomb = code(new Uint8Array(4_000_000))
      expect(bomb.length).toBeLessThan(10_000)
      const inflater = createInflater(coding, 1_000_000)
      await expect(inflater.push(bomb).then(() => inflater.finish())).rejects.toMatchObject({
        code: 'CODING_TOO_LARGE',
      })
    }
  })

  it('of an empty body are not cut', async () => {
    expect((await createInflater('gzip').finish()).length).toBe(0)
  })

  it('that are names of the prototype are unknown', () => {
    for (const name of ['constructor', '__proto__', 'toString']) expect(() => createInflater(name)).toThrow(/decoded/)
  })
})
