import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMock } from '../../src/mock/mod.ts'
import { createTimingScript, planInstants, systemTime, waitUntil } from '../../src/mock/timing.ts'
import { chat, createManualTime, post } from './support.ts'

const fixed = { mean: 50, deviation: 0 }

describe('the timing script', () => {
  it('without scatter is a grid', () => {
    const script = createTimingScript(fixed, { mean: 10, deviation: 0 }, 1)
    expect(planInstants(script, 3, 5)).toEqual([50, 60, 70, 80, 90])
  })

  it('depends on the seed, the request and the token, not on the order of asking', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(100_000), fc.integer({ min: 1, max: 4000 }), (seed, request, token) => {
        const ttft = { mean: 50, deviation: 20 }
        const one = createTimingScript(ttft, ttft, seed)
        const other = createTimingScript(ttft, ttft, seed)
        other.firstMs(request + 1)
        expect(other.gapMs(request, token)).toBe(one.gapMs(request, token))
        expect(other.firstMs(request)).toBe(one.firstMs(request))
        expect(one.gapMs(request, token)).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('has the mean and the deviation that were asked for', () => {
    const script = createTimingScript({ mean: 100, deviation: 8 }, fixed, 7)
    const drawn = Array.from({ length: 4000 }, (_, request) => script.firstMs(request))
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
    const deviation = Math.sqrt(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length)
    expect(mean).toBeCloseTo(100, 0)
    expect(Math.abs(deviation - 8)).toBeLessThan(0.5)
  })

  it('is kept to: every event leaves at its own instant, never counted from the one before', async () => {
    const time = createManualTime()
    const mock = createMock({ ttft: '50ms', itl: '10ms' }, time)
    const response = await post(mock, '/v1/chat/completions', chat({ stream: true, max_tokens: 4 }))
    const instants: number[] = []
    const reader = response.body!.getReader()
    const read = async (): Promise<void> => {
      for (;;) {
        const { done } = await reader.read()
        if (done) return
        instants.push(time.now())
      }
    }
    await time.play(read())
    // The role and the first token leave together; the end mark with the last one.
    expect(instants).toEqual([50, 60, 70, 80, 80])
  })

  it('differs between seeds and not between runs', async () => {
    const end = async (seed: number): Promise<number> => {
      const time = createManualTime()
      const mock = createMock({ ttft: '50ms±10', itl: '10ms±5', seed }, time)
      await time.play(post(mock, '/v1/chat/completions', chat({ max_tokens: 20 })))
      return time.now()
    }
    expect(await end(1)).toBe(await end(1))
    expect(await end(1)).not.toBe(await end(2))
  })
})

describe('waiting', () => {
  it('never ends early, and ends at once when the client leaves', async () => {
    const at = performance.now() + 3.7
    expect(await waitUntil(systemTime, at, new AbortController().signal)).toBe(true)
    expect(performance.now()).toBeGreaterThanOrEqual(at)
    const client = new AbortController()
    const wait = waitUntil(systemTime, performance.now() + 1e6, client.signal)
    client.abort()
    expect(await wait).toBe(false)
    expect(await waitUntil(systemTime, 0, client.signal)).toBe(false)
  })
})
