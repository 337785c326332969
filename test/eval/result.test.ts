/** Result and sample files, as lm-eval wrote them and as it may write them. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explainFailure } from '../../src/core/eval/failure.ts'
import { createProgressReader } from '../../src/core/eval/progress.ts'
import { parseResult } from '../../src/core/eval/result.ts'
import { pairSamples, parseSamples, type Sample } from '../../src/core/eval/samples.ts'
import { isLimited } from '../../src/core/eval/text.ts'

const read = (name: string): string => readFileSync(new URL(`../fixtures/lm-eval/${name}`, import.meta.url), 'utf8')
const COMPLETIONS = 'out-completions/tiny-random-llama'

describe('a result file', () => {
  it('of a real run is read to the last figure', () => {
    const result = parseResult(read(`${COMPLETIONS}/results_2026-11-23T12-24-40.553226.json`), 'x')
    expect(result).toMatchObject({ version: '0.4.13', environment: ['(removed)'], seconds: 8.420300920999921 })
    expect(result).not.toHaveProperty('limit')
    expect(result.tasks).toEqual([
      {
        name: 'bench_capitals',
        metrics: [
          { metric: 'acc', filter: 'none', value: 0.25, standardError: 0.25, higherIsBetter: true },
          { metric: 'acc_norm', filter: 'none', value: 0.5, standardError: 0.28867513459481287, higherIsBetter: true },
        ],
        samples: { effective: 4, original: 4 },
        outputType: 'multiple_choice',
        hash: '1325407c658c939c372bd4080d3934a28325b23f9b6bfaed937f9814f819987b',
        nested: false,
      },
      expect.objectContaining({ name: 'bench_sums', outputType: 'generate_until' }),
    ])
    expect(isLimited(result)).toBe(false)
  })

  it('of a limited run is known as one, by its limit or by its counts', () => {
    const text = read('out-chat/tiny-random-llama/results_2026-11-23T12-24-49.427625.json')
    const result = parseResult(text, 'x')
    expect(result.limit).toBe(2)
    expect(isLimited(result)).toBe(true)
    const { limit: _, ...unsaid } = result
    expect(isLimited(unsaid)).toBe(true)
  })

  it('may hold NaN, which is no number, and words that look like it, which stay', () => {
    const text =
      '{"results":{"NaN, \\"Infinity":{"acc,none":NaN,"acc_stderr,none":"N/A","f1,none":0.5,"bad,none":-Infinity}}}'
    expect(parseResult(text, 'x').tasks).toEqual([
      {
        name: 'NaN, "Infinity',
        metrics: [
          { metric: 'acc', filter: 'none', higherIsBetter: true },
          { metric: 'f1', filter: 'none', value: 0.5, higherIsBetter: true },
          { metric: 'bad', filter: 'none', higherIsBetter: true },
        ],
        nested: false,
      },
    ])
  })

  it('knows what a group is made of, and what counts in it', () => {
    const file = {
      results: {
        mmlu: { 'acc,none': 0.5 },
        stem: { 'acc,none': 0.4 },
        math: { 'acc,none': 0.4 },
        law: { 'acc,none': 0.6 },
      },
      group_subtasks: { mmlu: ['stem', 'law'], stem: ['math'], math: [] },
      higher_is_better: { law: { acc: false } },
    }
    const { tasks } = parseResult(JSON.stringify(file), 'x')
    expect(tasks.map(({ name, nested, subtasks }) => [name, nested, subtasks])).toEqual([
      ['mmlu', false, ['math', 'law']],
      ['stem', true, ['math']],
      ['math', true, undefined],
      ['law', true, undefined],
    ])
    expect(tasks[3]!.metrics[0]!.higherIsBetter).toBe(false)
  })

  it.each(['', '{', '[]', '{"results":[]}', '{"results":null}'])('%j is none', (text) => {
    expect(() => parseResult(text, 'out/results.json')).toThrow(/^out\/results\.json is no result file/)
  })

  it('never crashes, whatever its members are', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.jsonValue())),
        fc.jsonValue(),
        (results, more) => {
          const file = {
            'n-samples': more,
            higher_is_better: more,
            group_subtasks: more,
            configs: more,
            config: more,
            results,
          }
          for (const { metrics } of parseResult(JSON.stringify(file), 'x').tasks) {
            for (const { value } of metrics) expect(value === undefined || Number.isFinite(value)).toBe(true)
          }
        },
      ),
    )
  })
})

describe('samples', () => {
  it('of a real run pair with themselves', () => {
    const samples = parseSamples(read(`${COMPLETIONS}/samples_bench_capitals_2026-11-23T12-24-40.553226.jsonl`))
    expect(samples).toHaveLength(4)
    const pairs = pairSamples(samples, samples, 'acc_norm', 'none')
    expect(pairs).toMatchObject({ single: 0, unlike: 0 })
    expect(pairs.scores.reduce((sum, [score]) => sum + score, 0)).toBe(2)
    expect(pairSamples(samples, samples, 'acc', 'strict').scores).toEqual([])
  })

  const sample = (document: string, score: number, hash = 'h'): Sample => ({
    ...{ document, filter: 'none', hashes: [hash], scores: { acc: score } },
  })

  it('pair by document, whatever their order, and every one is accounted for', () => {
    const ids = fc.uniqueArray(fc.nat(30).map(String))
    fc.assert(
      fc.property(ids, ids, (ours, theirs) => {
        const pairs = pairSamples(
          ours.map((id) => sample(id, Number(id))),
          theirs.map((id) => sample(id, -Number(id))),
          'acc',
          'none',
        )
        const both = ours.filter((id) => theirs.includes(id))
        expect(pairs.scores.map(([a]) => String(a))).toEqual(both)
        expect(pairs.scores.every(([a, b]) => a + b === 0)).toBe(true)
        expect(pairs.single).toBe(ours.length + theirs.length - 2 * both.length)
      }),
    )
  })

  it('that only share a number are no pair; a hash that is missing tells nothing', () => {
    expect(pairSamples([sample('1', 1, 'a')], [sample('1', 0, 'b')], 'acc', 'none')).toEqual({
      scores: [],
      single: 0,
      unlike: 1,
    })
    const unhashed = { ...sample('1', 0), hashes: [undefined] }
    expect(pairSamples([sample('1', 1)], [unhashed], 'acc', 'none').scores).toEqual([[1, 0]])
  })
})

describe('what lm-eval writes', () => {
  it('becomes progress of ours', () => {
    const reader = createProgressReader()
    const seen = read('stderr/ok.txt')
      .split(/[\r\n]+/)
      .flatMap((line) => reader(line) ?? [])
    expect(seen).toContainEqual({ step: 'tokenize', kind: 'loglikelihood', done: 4, total: 11 })
    expect(seen).toContainEqual({ step: 'ask', kind: 'loglikelihood', done: 11, total: 11 })
    expect(seen).toContainEqual({ step: 'ask', kind: 'generate_until', done: 3, total: 3 })
    expect(seen.at(-1)).toEqual({ step: 'save' })
  })

  it.each([
    ['unknown-task', 'usage', /^lm-eval knows no task no_such_task; .*--include-path/],
    ['loglikelihood-on-chat', 'unsupported', /chat endpoint does not give; use --endpoint completions/],
    ['server-unreachable', 'unsupported', /finds no tokenizer/],
  ])('when it fails becomes one line: %s', (name, code, said) => {
    const error = explainFailure(read(`stderr/${name}.txt`).split('\n'), 1, 'x.log')
    expect(error.message).toMatch(said)
    expect(error.message).not.toContain('\n')
    expect(error.code).toBe(code)
  })

  it('when it fails as never before is quoted with its last words', () => {
    const lines = [
      'Traceback (most recent call last):',
      '  raise ValueError("Tasks not found")',
      "KeyError: 'choices'",
      'bye',
    ]
    expect(explainFailure(lines, 1, 'x.log').message).toBe("lm-eval ended with 1: KeyError: 'choices'; see x.log")
    expect(explainFailure([], null, 'x.log').message).toBe('lm-eval was ended; see x.log')
  })
})
