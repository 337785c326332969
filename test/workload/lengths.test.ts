import { describe, expect, it } from 'vitest'
import type { PromptPlan } from '../../src/core/plan.ts'
import { type PreparedWorkload, prepareWorkload } from '../../src/core/workload/mod.ts'
import { loadFixture, makeTools, startCounting, TOKENIZERS } from './fixture.ts'

const plan: PromptPlan = {
  kind: 'synthetic',
  inputTokens: { mean: 128, deviation: 32 },
  outputTokens: { mean: 64, deviation: 0 },
  sharedPrefixTokens: 0,
}
const indices = Array.from({ length: 200 }, (_, n) => n)

function contents(workload: PreparedWorkload): { text: string; asked: number }[] {
  return [workload, workload.warmup].flatMap((phase) =>
    indices.map((n) => {
      const call = phase.call(n)
      return {
        text: call.kind === 'chat' ? call.messages[0]!.content : String(call.prompt),
        asked: call.askedInputTokens!,
      }
    }),
  )
}

describe.each(TOKENIZERS)('prompt lengths with the %s tokenizer', (name) => {
  it.each([0, 50])(
    'are made true by the server that counts, with a shared prefix of %i',
    async (sharedPrefixTokens) => {
      const server = await startCounting(name)
      const tools = makeTools({ countTokens: server.countTokens })
      const workload = await prepareWorkload({ ...plan, sharedPrefixTokens }, tools)
      for (const { text, asked } of contents(workload)) expect(server.tokenizer.count(text)).toBe(asked)
      expect(workload.description).toMatchObject({ lengths: 'server', exact: true, tokensPerWord: 1 })
      const { text, asked } = contents(workload)[0]!
      // Behind the template's line break a word may be cut otherwise than at the beginning of a text, by a token or two.
      expect(Math.abs(server.countChat(text) - asked - Number(workload.description.addedTokens))).toBeLessThanOrEqual(2)
      expect(tools.noted).toEqual([])
      // Small vocabularies are the hard case; a usual model's takes about half.
      expect(server.asked.count).toBeLessThan(180)
      expect(server.asked.atOnce).toBeLessThanOrEqual(8)

      const before = server.asked.count
      await prepareWorkload(plan, makeTools({ countTokens: server.countTokens, stream: 'next scenario' }))
      expect(server.asked.count - before).toBeLessThan(10)
    },
  )

  it('are made true by a local tokenizer', async () => {
    const { tokenizer } = await startCounting(name)
    const workload = await prepareWorkload(plan, makeTools({ tokenizer, kind: 'completion' }))
    for (const { text, asked } of contents(workload)) expect(tokenizer.count(text)).toBe(asked)
    expect(workload.description).toMatchObject({ lengths: 'tokenizer', exact: true, tokenizer: tokenizer.hash })
  })

  it('made true by a local tokenizer are compared with what the server says', async () => {
    const server = await startCounting(name)
    const own = makeTools({ tokenizer: server.tokenizer, usageProbe: server.usageProbe })
    const workload = await prepareWorkload(plan, own)
    expect(own.noted).toEqual([])
    expect(workload.description).toMatchObject({ lengths: 'tokenizer', exact: true, addedTokens: expect.any(Number) })

    const other = await loadFixture(name === 'metaspace' ? 'byte-level' : 'metaspace')
    const wrong = makeTools({ tokenizer: other, usageProbe: server.usageProbe })
    await prepareWorkload(plan, wrong)
    expect(wrong.noted).toEqual([expect.stringMatching(/^tokenizer: it counts \d+ tokens where the server counts \d+/)])
  })

  it('are right in the mean when only usage tells', async () => {
    const server = await startCounting(name)
    const workload = await prepareWorkload(plan, makeTools({ usageProbe: server.usageProbe }))
    const all = contents(workload)
    const found = all.reduce((sum, { text }) => sum + server.tokenizer.count(text), 0)
    const asked = all.reduce((sum, one) => sum + one.asked, 0)
    // 400 prompts of about 70 words, a word of 1.8 ± 1 tokens: the mean is known within half a percent, the first word adds one.
    expect(Math.abs(found / asked - 1)).toBeLessThan(0.02)
    expect(workload.description).toMatchObject({ lengths: 'usage', exact: false })
    expect(server.asked.count).toBe(2)
  })
})

describe('prompt lengths', () => {
  it('fall back from a server that does not count to the tokenizer, then to usage, then to an estimate', async () => {
    const server = await startCounting('byte-level')
    const silent = { countTokens: async () => undefined, usageProbe: async () => undefined }
    const sources = await Promise.all(
      [
        { ...silent, tokenizer: server.tokenizer },
        { countTokens: silent.countTokens, usageProbe: server.usageProbe },
        silent,
        {},
      ].map(async (tools) => (await prepareWorkload(plan, makeTools(tools))).description.lengths),
    )
    expect(sources).toEqual(['tokenizer', 'usage', 'estimate', 'estimate'])
  })

  it.each([0, 1, 7, 1e6])('do not come from a server that counts %i for every text', async (constant) => {
    const tools = makeTools({ countTokens: async () => constant })
    const workload = await prepareWorkload(plan, tools)
    expect(workload.description).toMatchObject({ lengths: 'estimate', exact: false })
    for (const { text, asked } of contents(workload)) expect(text.split(' ').length).toBe(asked)
  })

  it('come near, and are said to, with a tokenizer of bytes', async () => {
    const bytes = new TextEncoder()
    const tools = makeTools({
      countTokens: async (input) => ('text' in input ? bytes.encode(input.text).length : undefined),
    })
    const workload = await prepareWorkload({ ...plan, inputTokens: { mean: 2000, deviation: 100 } }, tools)
    const ratios = contents(workload).map(({ text, asked }) => bytes.encode(text).length / asked)
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(0.1)
    expect(workload.description).toMatchObject({ lengths: 'server', exact: false })
    expect(workload.description).not.toHaveProperty('addedTokens')
    expect(tools.noted).toEqual([expect.stringContaining('prompt lengths: right within about')])
  })

  it('are corrected when words do not count apart from each other', async () => {
    // Pairs of words make one token fewer: no single count of a short text shows that.
    const tools = makeTools({
      kind: 'completion',
      countTokens: async (input) => {
        const words = 'text' in input ? input.text.split(' ').length : 0
        return words > 16 ? Math.round(words * 0.8) : words
      },
    })
    const workload = await prepareWorkload(plan, tools)
    const lengths = contents(workload).map(({ text, asked }) => (text.split(' ').length * 0.8) / asked)
    const mean = lengths.reduce((sum, ratio) => sum + ratio, 0) / lengths.length
    expect(Math.abs(mean - 1)).toBeLessThan(0.02)
    expect(tools.noted.length).toBe(1)
  })

  it('are estimated from a server whose usage does not grow with the prompt', async () => {
    const tools = makeTools({ usageProbe: async () => 7 })
    const workload = await prepareWorkload(plan, tools)
    expect(workload.description).toMatchObject({ lengths: 'estimate', exact: false })
    expect(tools.noted.length).toBe(1)
  })
})
