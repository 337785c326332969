/** Figures worked out by hand from the formulas of each tool, on two small answers. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aggregateLoad } from '../../src/core/compat/probador/load.ts'
import type { Distribution } from '../../src/core/metric.ts'
import type { ProfileMetricId, ProfileName, ProfileResults } from '../../src/core/profile.ts'
import { createProfileFolder, findProfile, profiles } from '../../src/core/profiles/mod.ts'
import type { OkRecord, RequestRecord } from '../../src/core/record.ts'
import { httpErrorRecord, okRecord } from '../metrics/records.ts'

/** Role at 4 ms, tokens at 10, 20 and 40, usage at 40.5, end at 41; on a connection that was there. */
const plain = okRecord({ askedInputTokens: 10, maxTokens: 3 })

/** Reasoning at 20 ms, text at 25 and again at 25, usage at 28, end at 30; its connection took 2 ms. Seven tokens of eight. */
const bundled = okRecord({
  dueAt: 48,
  sentAt: 50,
  headersAt: 60,
  endAt: 80,
  connect: { startAt: 48, connectMs: 2 },
  events: { us: [20_000, 5_000, 0, 3_000], kind: 'rtto', tokens: [2, 3, 2, 0] },
  outputTokens: 7,
  askedInputTokens: 10,
  maxTokens: 8,
})

function figuresOf(name: ProfileName, records: readonly RequestRecord[]): ProfileResults {
  const folder = createProfileFolder()
  for (const record of records) folder.add(record)
  return folder.results(findProfile(name)!, 'one')
}

function distributionOf(results: ProfileResults, id: ProfileMetricId): Distribution {
  const result = results[id]
  if (result.kind !== 'distribution') throw new Error(`${id} is ${JSON.stringify(result)}`)
  return result.distribution
}

function numberOf(results: ProfileResults, id: ProfileMetricId): number | string {
  const result = results[id]
  if (result.kind === 'distribution') throw new Error(`${id} is a distribution`)
  return result.kind === 'scalar' ? result.value : result.reason
}

describe('vllm bench serve', () => {
  const results = figuresOf('vllm', [plain, bundled])

  it('takes the role for the first token, and starts before the connection', () => {
    expect(distributionOf(results, 'ttft')).toMatchObject({ min: 4, max: 22, mean: 13 })
  })

  it('pools the gaps between messages, one for a message however many tokens it holds', () => {
    const itl = distributionOf(results, 'itl')
    expect(itl).toMatchObject({ count: 5, min: 0, max: 20, sum: 41 })
    // 0, 5, 6, 10, 20, by numpy.percentile
    expect(itl.quantiles).toMatchObject({ p50: 6, p90: 16 })
    expect(itl.quantiles.p99).toBeCloseTo(19.6, 9)
  })

  it('divides what follows the first message by the tokens less one, up to the last message with choices', () => {
    expect(distributionOf(results, 'tpot')).toMatchObject({ count: 2, max: 18, min: 5 / 6 })
    expect(distributionOf(results, 'e2e')).toMatchObject({ min: 27, max: 40 })
  })

  it('divides sums by the whole wall time, failures included', () => {
    expect(numberOf(results, 'output_tok_s')).toBeCloseTo(10 / 0.079, 9)
    expect(numberOf(results, 'total_tok_s')).toBeCloseTo(30 / 0.079, 9)
    expect(numberOf(results, 'req_s')).toBeCloseTo(2 / 0.079, 9)
    const failed = figuresOf('vllm', [plain, bundled, httpErrorRecord({ sentAt: 90, endAt: 101 })])
    expect(numberOf(failed, 'req_s')).toBeCloseTo(2 / 0.1, 9)
  })

  it('counts the finish message, and not the one with the usage', () => {
    const finished = okRecord({ events: { us: [10_000, 10_000, 3_000, 1_000], kind: 'ttoo' }, outputTokens: 2 })
    expect(distributionOf(figuresOf('vllm', [finished]), 'e2e').max).toBe(23)
    const { outputTokens: _, tokenSource: __, ...uncounted } = finished
    expect(distributionOf(figuresOf('vllm', [uncounted]), 'e2e').max).toBe(24)
  })

  it('has no rate of tokens where it would need the text', () => {
    const results = figuresOf('vllm', [okRecord({ tokenSource: 'chunks' })])
    expect(numberOf(results, 'output_tok_s')).toContain('would tokenize the text')
    expect(results.tpot.kind).toBe('absent')
    expect(results.ttft.kind).toBe('distribution')
  })
})

describe('AIPerf', () => {
  const results = figuresOf('aiperf', [plain, bundled])

  it('takes chunks with content: reasoning counts, the role does not', () => {
    expect(distributionOf(results, 'ttft')).toMatchObject({ min: 10, max: 22 })
    expect(distributionOf(results, 'icl')).toMatchObject({ count: 4, sum: 35, min: 0, max: 20 })
    expect(distributionOf(results, 'e2e')).toMatchObject({ min: 27, max: 40 })
  })

  it('has one ITL an answer, which is its TPOT', () => {
    expect(distributionOf(results, 'itl')).toMatchObject({ count: 2, max: 15, min: 5 / 6 })
    expect(results.tpot).toEqual(results.itl)
  })

  it('ends its clock at the last content', () => {
    expect(numberOf(results, 'output_tok_s')).toBeCloseTo(10 / 0.074, 9)
    expect(numberOf(results, 'req_s')).toBeCloseTo(2 / 0.074, 9)
  })
})

describe('GuideLLM', () => {
  const results = figuresOf('guidellm', [plain, bundled])

  it('weighs the mean gap of an answer by its gaps', () => {
    const itl = distributionOf(results, 'itl')
    expect(itl).toMatchObject({ count: 8, max: 15 })
    expect(itl.mean).toBeCloseTo(35 / 8, 9)
    // Six of eight weights lie on the smaller value: a step, no interpolation.
    expect(itl.quantiles.p75).toBeCloseTo(5 / 6, 9)
    expect(itl.quantiles.p90).toBe(15)
  })

  it('has the time to the first token in its TPOT, and the end mark in its latency', () => {
    const tpot = distributionOf(results, 'tpot')
    expect(tpot.mean).toBeCloseTo((40 + 27) / 10, 9)
    expect(tpot.max).toBeCloseTo(40 / 3, 9)
    expect(distributionOf(results, 'e2e')).toMatchObject({ min: 32, max: 41 })
  })

  it('takes values that occurred, and 0 for an answer without a token', () => {
    expect(distributionOf(results, 'ttft').quantiles.p50).toBe(10)
    const mute = okRecord({ events: { us: [4000, 5000], kind: 'oo' }, outputTokens: 0 })
    expect(distributionOf(figuresOf('guidellm', [plain, mute]), 'ttft').min).toBe(0)
  })

  it('counts iterations where the server does not count', () => {
    const { outputTokens: _, tokenSource: __, ...uncounted } = plain
    expect(numberOf(figuresOf('guidellm', [uncounted]), 'output_tok_s')).toBeCloseTo(3 / 0.041, 9)
  })
})

describe('SGLang', () => {
  const results = figuresOf('sglang', [plain, bundled])

  it('counts text and reasoning, no tool calls, and the end mark in its latency', () => {
    expect(distributionOf(results, 'ttft')).toMatchObject({ min: 10, max: 22 })
    expect(distributionOf(results, 'itl')).toMatchObject({ count: 4, sum: 35 })
    expect(distributionOf(results, 'e2e')).toMatchObject({ min: 32, max: 41 })
    const called = okRecord({ events: { us: [5000, 5000], kind: 'ct' } })
    expect(distributionOf(figuresOf('sglang', [called]), 'ttft').max).toBe(10)
    expect(distributionOf(figuresOf('aiperf', [called]), 'ttft').max).toBe(5)
  })

  it('divides up to the end mark', () => {
    expect(distributionOf(results, 'tpot')).toMatchObject({ max: 31 / 2, min: 10 / 6 })
  })

  it('takes the length that was asked for where nobody counted', () => {
    const { outputTokens: _, tokenSource: __, ...uncounted } = bundled
    expect(numberOf(figuresOf('sglang', [uncounted]), 'output_tok_s')).toBeCloseTo(8 / 0.032, 9)
    expect(numberOf(results, 'total_tok_s')).toBeCloseTo(30 / 0.079, 9)
  })
})

describe('probador', () => {
  const results = figuresOf('probar', [plain, bundled])

  it('waits for visible text', () => {
    expect(distributionOf(results, 'ttft')).toMatchObject({ min: 10, max: 27 })
    expect(distributionOf(results, 'itl')).toMatchObject({ count: 2, min: 0, max: 15 })
    expect(results.tpot).toEqual(results.itl)
    expect(numberOf(results, 'total_tok_s')).toBe('the tool has no such figure')
  })

  it('falls back to the tokens, and then to the latency, for all answers together', () => {
    const lump = okRecord({ events: { us: [10_000], kind: 't' }, outputTokens: 4 })
    expect(distributionOf(figuresOf('probar', [lump]), 'itl').max).toBeCloseTo(31 / 3, 9)
    const late = okRecord({ events: { us: [40_000], kind: 't' }, outputTokens: 4 })
    expect(distributionOf(figuresOf('probar', [late]), 'itl').max).toBeCloseTo(41 / 4, 9)
    expect(distributionOf(figuresOf('probar', [late, lump]), 'itl').count).toBe(2)
    expect(distributionOf(figuresOf('probar', [late, plain]), 'itl')).toMatchObject({ count: 1, max: 15 })
  })

  it('agrees with a second reading of its formulas', () => {
    const gap = fc.integer({ min: 0, max: 50_000 })
    const answer = fc.record({ us: fc.array(gap, { minLength: 1, maxLength: 8 }), tokens: fc.nat(20), tail: gap })
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1, maxLength: 12 }), (answers) => {
        let sentAt = 0
        const records = answers.map(({ us, tokens, tail }): OkRecord => {
          sentAt += 3
          const end = us.reduce((sum, one) => sum + one, tail + 1)
          return okRecord({
            sentAt,
            headersAt: sentAt,
            endAt: sentAt + end / 1000,
            events: { us, kind: 't'.repeat(us.length) },
            outputTokens: tokens,
          })
        })
        const results = figuresOf('probar', records)
        const endAt = Math.max(...records.map((record) => record.endAt))
        const expected = aggregateLoad(
          answers.map(({ us, tokens, tail }) => {
            let at = 0
            const chunkUs = us.map((gap) => {
              at += gap
              return at
            })
            return {
              success: true,
              latencyUs: at + tail + 1,
              ttftUs: chunkUs[0]!,
              completionTokens: tokens,
              promptTokens: 10,
              chunkUs,
            }
          }),
          { elapsedSecs: (endAt - 3) / 1000 },
        )
        expect(distributionOf(results, 'ttft').quantiles.p99).toBeCloseTo(expected.ttft_p99_ms, 6)
        expect(distributionOf(results, 'e2e').quantiles.p50).toBeCloseTo(expected.latency_p50_ms, 6)
        expect(numberOf(results, 'output_tok_s')).toBeCloseTo(expected.tokens_per_sec, 6)
        if (results.tpot.kind === 'absent') expect(expected.tpot_p50_ms).toBe(0)
        else expect(distributionOf(results, 'tpot').quantiles.p90).toBeCloseTo(expected.tpot_p90_ms, 6)
      }),
    )
  })
})

describe('every profile', () => {
  it.each(profiles.map((profile) => [profile.name, profile] as const))(
    '%s says how each figure is made',
    (_, profile) => {
      const results = figuresOf(profile.name, [plain, bundled])
      const made = Object.entries(results).filter(([, result]) => result.kind !== 'absent')
      expect(made.map(([id]) => id).sort()).toEqual(Object.keys(profile.metrics).sort())
      for (const { title, formula } of Object.values(profile.metrics)) {
        expect(title.length).toBeGreaterThan(0)
        expect(formula).not.toContain('\n')
      }
    },
  )

  it.each(profiles.map((profile) => [profile.name]))('%s gives no number for a run without answers', (name) => {
    for (const records of [[], [httpErrorRecord()]]) {
      for (const result of Object.values(figuresOf(name, records))) expect(result.kind).toBe('absent')
    }
  })

  it.each(profiles.map((profile) => [profile.name]))(
    '%s leaves the warm-up out, and has no NaN for odd answers',
    (name) => {
      const odd = [
        okRecord({ phase: 'warmup', sentAt: -500, events: { us: [1], kind: 't' } }),
        okRecord({ events: { us: [], kind: '' } }),
        okRecord({ events: { us: [5000], kind: 'o' }, notes: ['not_streamed'] }),
        okRecord({ events: { us: [5000], kind: 'o' }, outputTokens: 0 }),
        plain,
      ]
      const results = figuresOf(name, odd)
      expect(JSON.stringify(results)).not.toContain('null')
      expect(numberOf(results, 'req_s')).toBeLessThanOrEqual(4 / 0.039)
    },
  )
})
