import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Capture } from '../../src/core/engine/capture.ts'

const step = fc.oneof(
  fc.record({
    kind: fc.constant('bytes' as const),
    size: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 40_000 })),
    later: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 5 }) }),
)

describe('capture', () => {
  it('hands out every byte once, in order, with the instant of its arrival', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const capture = new Capture(
          () => {},
          () => {},
        )
        const sent: [at: number, byte: number][] = []
        const taken: [at: number, byte: number][] = []
        let at = 0
        let byte = 0
        const take = (): boolean => {
          const next = capture.take()
          for (const value of next?.chunk ?? []) taken.push([next!.at, value])
          return next !== undefined
        }
        // One array for all chunks, as a transport has: what is kept must have been copied.
        const shared = new Uint8Array(40_000)
        for (const part of steps) {
          if (part.kind === 'take') {
            for (let i = 0; i < part.count; i++) take()
            continue
          }
          if (part.later) at++
          const chunk = shared.subarray(0, part.size)
          for (let i = 0; i < chunk.length; i++) {
            byte = (byte + 1) % 251
            chunk[i] = byte
            sent.push([at, byte])
          }
          capture.bytes(at, chunk)
          expect(capture.pendingBytes).toBe(sent.length - taken.length)
        }
        while (take());
        expect(taken.length).toBe(sent.length)
        expect(taken.every(([when, value], i) => when === sent[i]![0] && value === sent[i]![1])).toBe(true)
        expect(capture.pendingBytes).toBe(0)
        expect(capture.totalBytes).toBe(sent.length)
      }),
      { numRuns: 60 },
    )
  })

  it('believes the first end that it is told', () => {
    const ends: number[] = []
    const capture = new Capture(
      () => {},
      (at) => ends.push(at),
    )
    capture.end(1, 'complete')
    capture.error(2, { stage: 'body', code: 'ECONNRESET', message: 'reset' })
    capture.end(3, 'closed')
    expect(ends).toEqual([1])
    expect(capture.ending).toEqual({ kind: 'end', at: 1, how: 'complete' })
  })
})
