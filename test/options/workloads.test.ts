import { describe, expect, it } from 'vitest'
import { makeScenarios } from '../../src/core/options/matrix.ts'
import { readOptions } from '../../src/core/options/mod.ts'
import { WORKLOAD_NAMES } from '../../src/core/options/workloads.ts'

const plan = (options: Record<string, unknown>) => makeScenarios(readOptions(options), {}, 1)

describe('--workload', () => {
  it("plans sagellm's with their lengths, streams and requests", () => {
    const [q1, q5] = plan({ workload: 'Q1,Q5' })
    expect(q1).toMatchObject({
      name: 'Q1',
      arrival: { kind: 'closed', slots: 1 },
      requests: 5,
      warmup: { kind: 'requests', requests: 1 },
      prompts: { inputTokens: { mean: 32 }, outputTokens: { mean: 64 } },
    })
    expect(q5).toMatchObject({ name: 'Q5', arrival: { slots: 10 }, requests: 10, warmup: { requests: 10 } })
    expect(plan({ workload: 'year1' }).map(({ name }) => name)).toEqual(['short_input', 'long_input', 'stress_test'])
    expect(plan({ workload: 'all' })).toHaveLength(17)
  })

  it('makes none twice, and each alone is in all or in year1', () => {
    expect(plan({ workload: 'short,year1' }).map(({ name }) => name)).toEqual([
      'short_input',
      'long_input',
      'stress_test',
    ])
    const all = plan({ workload: 'all,year1,vllm-rust' }).map(({ name }) => name)
    expect(new Set(all).size).toBe(all.length)
    for (const workload of WORKLOAD_NAMES) {
      for (const { name } of plan({ workload })) expect(all).toContain(name)
    }
  })

  it('samples as the mixed ones do, unless the user says otherwise', () => {
    const sampling = (options: Record<string, unknown>) =>
      plan({ workload: 'mixed', ...options }).map(({ prompts }) => 'sampling' in prompts && prompts.sampling)
    expect(sampling({})).toEqual([
      { temperature: 0.7, top_k: 50 },
      { temperature: 0.9, repetition_penalty: 1.1 },
      false,
    ])
    expect(sampling({ temperature: 0, body: 'top_k=5' })).toEqual([{}, { repetition_penalty: 1.1 }, false])
  })

  it('multiplies the matrix of vllm-rust in its order, with levels of the user', () => {
    expect(plan({ workload: 'vllm-rust' })).toHaveLength(18)
    const names = plan({ workload: 'vllm-rust-short,vllm-rust-medium', outputTokens: '8,16', concurrency: '1,3' })
    expect(names.map(({ name }) => name)).toEqual([
      ...['short_mt8_c1', 'short_mt8_c3', 'short_mt16_c1', 'short_mt16_c3'],
      ...['medium_mt8_c1', 'medium_mt8_c3', 'medium_mt16_c1', 'medium_mt16_c3'],
    ])
    expect(names[1]).toMatchObject({ requests: 20, warmup: { requests: 3 }, arrival: { slots: 3 } })
  })

  it('takes other bounds, and never more streams than requests', () => {
    expect(plan({ workload: 'Q6', requests: 4, warmup: 0 })[0]).toMatchObject({
      requests: 4,
      arrival: { slots: 4 },
      warmup: { kind: 'none' },
    })
    const [timed] = plan({ workload: 'Q6', duration: '5s' })
    expect(timed).toMatchObject({ durationMs: 5000, arrival: { slots: 10 } })
    expect(timed).not.toHaveProperty('requests')
  })

  it.each([
    [{ workload: 'Q9' }, 'there is no "Q9"; did you mean'],
    [{ workload: 'Q1', concurrency: 4 }, 'the workload has its own'],
    [{ workload: 'vllm-rust,Q1', outputTokens: 4 }, 'the workload has its own'],
    [{ workload: 'Q1', rate: 4 }, 'give one'],
    [{ workload: 'Q1', promptTokens: 4 }, 'give one'],
    [{ workload: 'Q1', dataset: 'x.jsonl' }, 'give one'],
  ])('refuses %j', (options, message) => {
    expect(() => readOptions(options)).toThrow(message)
  })
})
