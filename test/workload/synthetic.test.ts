import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Call } from '../../src/core/call.ts'
import type { PromptPlan } from '../../src/core/plan.ts'
import { prepareWorkload } from '../../src/core/workload/mod.ts'
import { makeTools } from './fixture.ts'

type SyntheticPlan = Extract<PromptPlan, { kind: 'synthetic' }>

function plan(more: Partial<SyntheticPlan> = {}): SyntheticPlan {
  return {
    kind: 'synthetic',
    inputTokens: { mean: 128, deviation: 32 },
    outputTokens: { mean: 64, deviation: 8 },
    sharedPrefixTokens: 0,
    ...more,
  }
}

function textOf(call: Call): string {
  return call.kind === 'chat' ? call.messages[0]!.content : String(call.prompt)
}

function wordsOf(call: Call): string[] {
  return textOf(call).split(' ')
}

const indices = Array.from({ length: 500 }, (_, n) => n)

describe('synthetic prompts', () => {
  it('are calls of the kind asked for, with everything that was asked', async () => {
    const chat = await prepareWorkload(plan(), makeTools({ temperature: 0 }))
    expect(chat.call(3)).toEqual({
      kind: 'chat',
      messages: [{ role: 'user', content: expect.any(String) }],
      item: expect.stringMatching(/^[0-9a-z]{11}$/),
      maxTokens: expect.any(Number),
      askedInputTokens: expect.any(Number),
      forceLength: true,
      temperature: 0,
    })
    const completion = await prepareWorkload(plan(), makeTools({ kind: 'completion', forceLength: false }))
    expect(completion.call(3)).toMatchObject({ kind: 'completion', prompt: textOf(chat.call(3)), forceLength: false })
    expect(completion.call(3)).not.toHaveProperty('temperature')
    expect(chat.name).toBe('synthetic, 128±32 tokens in, 64±8 out')
    expect(chat.size).toBeUndefined()
  })

  it('are the same for the same seed and index, in whatever order', async () => {
    const [one, other] = [await prepareWorkload(plan(), makeTools()), await prepareWorkload(plan(), makeTools())]
    const forwards = indices.map((n) => one.call(n))
    const backwards = [...indices].reverse().map((n) => other.call(n))
    expect(backwards.reverse()).toEqual(forwards)
    const otherSeed = await prepareWorkload(plan(), makeTools({ seed: 43 }))
    expect(indices.filter((n) => textOf(otherSeed.call(n)) === textOf(one.call(n)))).toEqual([])
  })

  it('differ from their beginning on: neighbours in the first word, any two within the first four', async () => {
    const workload = await prepareWorkload(plan({ inputTokens: { mean: 8, deviation: 0 } }), makeTools())
    const calls = Array.from({ length: 20_000 }, (_, n) => workload.call(n))
    expect(new Set(calls.map((call) => wordsOf(call).slice(0, 4).join(' '))).size).toBe(calls.length)
    expect(new Set(calls.map((call) => call.item)).size).toBe(calls.length)
    for (const first of [0, 777, 15_000]) {
      expect(new Set(calls.slice(first, first + 40).map((call) => wordsOf(call)[0])).size).toBe(40)
    }
  })

  it('of the warm-up and of other scenarios share no beginning with the measured ones', async () => {
    const workload = await prepareWorkload(plan(), makeTools({ stream: '16 streams' }))
    const other = await prepareWorkload(plan(), makeTools({ stream: '32 streams' }))
    const beginning = (call: Call): string => wordsOf(call).slice(0, 8).join(' ')
    const measured = new Set(indices.map((n) => beginning(workload.call(n))))
    for (const n of indices) {
      expect(measured.has(beginning(workload.warmup.call(n)))).toBe(false)
      expect(measured.has(beginning(other.call(n)))).toBe(false)
    }
  })

  it('have lengths of the spread asked for', async () => {
    const workload = await prepareWorkload(plan(), makeTools())
    const calls = Array.from({ length: 4000 }, (_, n) => workload.call(n))
    for (const [lengths, mean, deviation] of [
      [calls.map((call) => call.askedInputTokens!), 128, 32],
      [calls.map((call) => call.maxTokens!), 64, 8],
    ] as const) {
      const found = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
      const spread = Math.sqrt(lengths.reduce((sum, length) => sum + (length - found) ** 2, 0) / lengths.length)
      // Means of N draws deviate by sigma / sqrt(N), deviations by sigma / sqrt(2 N); five of them.
      expect(Math.abs(found - mean)).toBeLessThan((5 * deviation) / Math.sqrt(lengths.length))
      expect(Math.abs(spread - deviation)).toBeLessThan((5 * deviation) / Math.sqrt(2 * lengths.length))
    }
    // Nobody can be asked here: a word stands for a token.
    for (const call of calls) expect(wordsOf(call).length).toBe(call.askedInputTokens)
    expect(workload.description).toMatchObject({ lengths: 'estimate', exact: false, inputTokens: '128±32' })
  })

  it('have at least one token, whatever the spread', async () => {
    const spread = fc.record({ mean: fc.nat(50), deviation: fc.nat(200) })
    await fc.assert(
      fc.asyncProperty(spread, spread, fc.nat(), fc.integer(), async (inputTokens, outputTokens, n, seed) => {
        const call = (await prepareWorkload(plan({ inputTokens, outputTokens }), makeTools({ seed }))).call(n)
        expect(call.askedInputTokens).toBeGreaterThanOrEqual(1)
        expect(call.maxTokens).toBeGreaterThanOrEqual(1)
        expect(wordsOf(call).length).toBe(call.askedInputTokens)
      }),
    )
  })

  it('share just the prefix that was asked for', async () => {
    const workload = await prepareWorkload(plan({ sharedPrefixTokens: 40 }), makeTools())
    const warm = wordsOf(workload.warmup.call(0)).slice(0, 40)
    const calls = indices.map((n) => workload.call(n)).filter((call) => call.askedInputTokens! > 44)
    for (const call of calls) expect(wordsOf(call).slice(0, 40)).toEqual(warm)
    expect(new Set(calls.map((call) => wordsOf(call).slice(40, 44).join(' '))).size).toBe(calls.length)
    for (const n of indices) expect(workload.call(n).askedInputTokens).toBeGreaterThanOrEqual(40)
    await expect(prepareWorkload(plan({ sharedPrefixTokens: 129 }), makeTools())).rejects.toMatchObject({
      code: 'usage',
    })
  })
})
