import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoadResult } from '../../src/core/compat/probador/result.ts'
import { type CompositeMetric, probadorContract } from '../../src/core/score/contract.ts'
import { parseContract } from '../../src/core/score/contract-file.ts'
import { CARDS, lowestComposite, type ScoreDocument, scoreResults } from '../../src/core/score/document.ts'
import { compose, gradeOf, jitterPenalty, scoreMetric } from '../../src/core/score/points.ts'
import { renderScores } from '../../src/core/score/text/document.ts'
import { loadResult, published } from './load-results.ts'

const thresholds = Object.values(probadorContract.thresholds)
const threshold = fc.constantFrom(...thresholds)
const value = fc.double({ min: 0, max: 1e6, noNaN: true })

function score(results: readonly LoadResult[], options: { readonly compat?: boolean } = {}): ScoreDocument {
  return scoreResults({ results, cards: CARDS, ...options })
}

function compositeOf(document: ScoreDocument, name: string): number | undefined {
  return document.composite.flatMap(({ runtimes }) => runtimes).find((one) => one.name === name)?.composite
}

describe('points of a metric', () => {
  it('are whole, from 0 to 100, and never better for a worse value', () => {
    fc.assert(
      fc.property(threshold, value, value, (limits, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        const [worse, better] = limits.higher_is_better ? [low, high] : [high, low]
        const [less, more] = [scoreMetric(worse, limits), scoreMetric(better, limits)]
        expect(Number.isInteger(less) && less >= 0 && more <= 100).toBe(true)
        expect(less).toBeLessThanOrEqual(more)
      }),
    )
  })

  it('are at least 75 exactly where the value is good', () => {
    fc.assert(
      fc.property(threshold, value, (limits, one) => {
        const good = limits.higher_is_better ? one >= limits.good : one <= limits.good
        expect(scoreMetric(one, limits) >= 75).toBe(good)
      }),
    )
  })

  it('off for jitter stay between 0 and 30, and rise with it', () => {
    const jitter = fc.record({ itl_cv: fc.double({ min: 0, max: 5, noNaN: true }), spike_count: fc.nat(500) })
    fc.assert(
      fc.property(jitter, (one) => {
        const more = { itl_cv: one.itl_cv * 2, spike_count: one.spike_count + 1 }
        expect(jitterPenalty(one)).toBeGreaterThanOrEqual(0)
        expect(jitterPenalty(one)).toBeLessThanOrEqual(jitterPenalty(more))
        expect(jitterPenalty(more)).toBeLessThanOrEqual(30)
      }),
    )
    expect(jitterPenalty({ itl_cv: Number.NaN, spike_count: 0 })).toBe(10)
  })
})

describe('the composite', () => {
  const weights = probadorContract.interactive_weights
  const names = Object.keys(weights) as CompositeMetric[]
  const points = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 5, maxLength: 5 })

  it('does not depend on the order of its metrics', () => {
    fc.assert(
      fc.property(points, fc.shuffledSubarray(names, { minLength: 5 }), (scores, order) => {
        const of = Object.fromEntries(names.map((name, i) => [name, scores[i]]))
        const shuffled = Object.fromEntries(order.map((name) => [name, weights[name]]))
        expect(compose(shuffled, of, 'lose')).toEqual(compose(weights, of, 'lose'))
      }),
    )
  })

  it('lies between its least and its greatest score, whatever is missing', () => {
    fc.assert(
      fc.property(points, fc.subarray(names, { minLength: 1 }), (scores, measured) => {
        const of = Object.fromEntries(measured.map((name) => [name, scores[names.indexOf(name)]!]))
        const { points: whole, measured: share } = compose(weights, of, 'renormalise')
        expect(whole).toBeGreaterThanOrEqual(Math.min(...Object.values(of)))
        expect(whole).toBeLessThanOrEqual(Math.max(...Object.values(of)))
        expect(share).toBeCloseTo(
          measured.reduce((sum, name) => sum + weights[name]!, 0),
          9,
        )
      }),
    )
  })

  it('says nothing when nothing was measured', () => {
    expect(compose(weights, {}, 'renormalise')).toEqual({ measured: 0 })
  })
})

describe('results', () => {
  it('that were published score as the code of the original does', () => {
    const document = score(published)
    expect(published.map(({ runtime_name }) => compositeOf(document, runtime_name))).toEqual([100, 100, 79, 96])
  })

  it('of a dead server win nothing and are not scored', () => {
    const dead = loadResult({
      runtime_name: 'dead',
      successful: 0,
      failed: 100,
      error_rate: 1,
      ttft_p50_ms: 0,
      ttft_p99_ms: 0,
      itl_p50_ms: 0,
      decode_tok_per_sec: 0,
      tokens_per_sec: 0,
    })
    const document = score([dead, loadResult({ runtime_name: 'alive' })])
    const [alive, last] = document.composite[0]!.runtimes
    expect(alive).toMatchObject({ name: 'alive', composite: 100 })
    expect(alive!.metrics.ttft_p50_ms?.best).toBe(true)
    expect(last).toMatchObject({
      name: 'dead',
      not_measured: ['decode_tok_s', 'ttft_p50_ms', 'itl_p50_ms', 'ttft_p99_ms'],
    })
    expect(last!.composite).toBeUndefined()
    expect(lowestComposite(document)).toBeUndefined()
    expect(compositeOf(score([dead, loadResult({ runtime_name: 'alive' })], { compat: true }), 'dead')).toBeGreaterThan(
      50,
    )
  })

  it('that lack a metric name it, and are scored on the rest', () => {
    const { ttft_p99_ms, ...rest } = loadResult({ runtime_name: 'short' })
    expect(ttft_p99_ms).toBe(20)
    const document = score([rest])
    expect(document.composite[0]!.runtimes[0]).toMatchObject({ composite: 99, not_measured: ['ttft_p99_ms'] })
    expect(renderScores(document, 'table')).toContain(
      'short: not measured: ttft_p99_ms (15 %); incomplete: scored on the other 85 % of the weight',
    )
  })

  it('that are equal share the star, in whatever order they come', () => {
    const pair = ['a', 'b'].map((runtime_name) => loadResult({ runtime_name }))
    for (const results of [pair, pair.toReversed()]) {
      const { runtimes } = score(results).composite[0]!
      expect(runtimes.map(({ composite }) => composite)).toEqual([100, 100])
      expect(runtimes.every(({ metrics }) => Object.values(metrics).every(({ best }) => best))).toBe(true)
    }
    expect(score(pair, { compat: true }).composite[0]!.runtimes.map(({ composite }) => composite)).toEqual([100, 96])
  })

  it('do not change a card when another run is added that measured nothing', () => {
    const before = score(published).composite[0]!.runtimes
    const blank: LoadResult = { runtime_name: 'blank', concurrency: 1, total_requests: 0 }
    expect(score([...published, blank]).composite[0]!.runtimes.slice(0, 4)).toEqual(before)
  })

  it('of a server that is fastest alone do not count as scaling', () => {
    const flat = [
      loadResult({ runtime_name: 'flat-c1', tokens_per_sec: 160, decode_tok_per_sec: 160 }),
      loadResult({ runtime_name: 'flat-c4', concurrency: 4, tokens_per_sec: 158 }),
    ]
    expect(score(flat).scaling!.entries[0]).toMatchObject({ peak_concurrency: 4, grade: 'D-' })
    expect(score(flat, { compat: true }).scaling!.entries[0]).toMatchObject({ peak_concurrency: 1, grade: 'A+' })
  })

  it('have a profile by the prompts of their answers, and none where those were not counted', () => {
    const results = [
      loadResult({ runtime_name: 'half', successful: 50, failed: 50, error_rate: 0.5, prompt_tokens_total: 4000 }),
      loadResult({ runtime_name: 'uncounted', prompt_tokens_total: 0 }),
    ]
    const ours = scoreResults({ results, cards: ['profile'] })
    expect(ours.profile?.[0]).toMatchObject({
      entries: [{ name: 'half', profile: 'medium', avg_prompt_tokens: 80 }],
      not_measured: ['uncounted'],
    })
    expect(renderScores(ours, 'table')).toMatch(/\nhalf +medium +80 [^\n]*\nnot measured: uncounted\n$/)
    const theirs = scoreResults({ results, cards: ['profile'], compat: true }).profile?.[0]
    expect(theirs?.entries.map(({ profile }) => profile)).toEqual(['short', 'micro'])
    expect(theirs).not.toHaveProperty('not_measured')
  })

  it('with markup in their names stay one line of text and one cell of a table', () => {
    const document = score([loadResult({ runtime_name: 'a|b\n\u001b[31m' })])
    expect(renderScores(document, 'table')).toContain('a|b\\n\\x1b[31m')
    expect(renderScores(document, 'markdown')).toContain('| `a\\|b\\n\\x1b[31m` |')
  })
})

describe('a contract', () => {
  it('takes from the built-in one what it leaves out', () => {
    const contract = parseContract('c.json', {
      thresholds: { ttft_p50_ms: { excellent: 100, good: 500, higher_is_better: false } },
    })
    expect(contract).toMatchObject({ contract_version: 'custom', best_in_class_bonus: 5 })
    const slow = loadResult({ runtime_name: 'slow', ttft_p50_ms: 100 })
    const { composite } = scoreResults({ results: [slow], cards: [], contract })
    expect(composite[0]!.runtimes[0]!.metrics.ttft_p50_ms!.score).toBe(100)
  })

  it.each([
    [{ thresholds: { ttft: { excellent: 1, good: 2, higher_is_better: false } } }, /no metric "ttft"/],
    [{ thresholds: { ttft_p50_ms: { excellent: 3, good: 2, higher_is_better: false } } }, /excellent < good/],
    [{ interactive_weights: { decode_tok_s: 0.5 } }, /add up to 1, not 0.5/],
    [
      {
        grades: [
          [0, 'F'],
          [90, 'A'],
        ],
      },
      /must fall/,
    ],
    [{ bonus: 3 }, /bonus/],
    [[], /c\.json/],
  ])('%j is refused', (file, message) => {
    expect(() => parseContract('c.json', file)).toThrow(message)
  })

  it('grades by its own labels', () => {
    expect(
      gradeOf(59, {
        grades: [
          [60, 'pass'],
          [0, 'fail'],
        ],
      }),
    ).toBe('fail')
  })
})
