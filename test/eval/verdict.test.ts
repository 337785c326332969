import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EvalResult, TaskResult } from '../../src/core/eval/result.ts'
import type { Sample } from '../../src/core/eval/samples.ts'
import { adjustForMany, exactMcNemar, testPairs } from '../../src/core/eval/statistics.ts'
import { type EvalSide, judgeQuality } from '../../src/core/eval/verdict.ts'

describe("McNemar's exact test", () => {
  it('is the binomial one, counted out', () => {
    fc.assert(
      fc.property(fc.nat(14), fc.nat(14), (gained, lost) => {
        let [pascal, n] = [[1], gained + lost]
        for (let row = 0; row < n; row++) pascal = [...pascal, 0].map((value, k) => value + (pascal[k - 1] ?? 0))
        const tail = pascal.slice(0, Math.min(gained, lost) + 1).reduce((sum, value) => sum + value, 0)
        expect(exactMcNemar(gained, lost)).toBeCloseTo(Math.min(1, (2 * tail) / 2 ** n), 10)
      }),
    )
  })

  it('knows textbook values, and counts beyond any power of two', () => {
    expect(exactMcNemar(0, 0)).toBe(1)
    expect(exactMcNemar(0, 6)).toBeCloseTo(0.03125, 12)
    expect(exactMcNemar(1, 9)).toBeCloseTo(0.021484375, 12)
    expect(exactMcNemar(2000, 2000)).toBe(1)
    const far = exactMcNemar(1800, 2200)
    expect(far).toBeGreaterThan(0)
    expect(far).toBeLessThan(1e-8)
  })
})

describe('paired scores', () => {
  const pairs = (gained: number, lost: number, same: number) => [
    ...Array<readonly [number, number]>(gained).fill([1, 0]),
    ...Array<readonly [number, number]>(lost).fill([0, 1]),
    ...Array<readonly [number, number]>(same).fill([1, 1]),
  ]

  it('of right and wrong answers have the interval of Agresti and Min', () => {
    const test = testPairs(pairs(5, 15, 80), 1)!
    expect(test).toMatchObject({ method: 'mcnemar', pairs: 100, gained: 5, lost: 15 })
    expect(test.difference).toBeCloseTo(-0.1, 12)
    // b = 5.5 / 102, c = 15.5 / 102: b - c = -0.0980, and 1.96 * sqrt((b + c - (b - c)^2) / 102) = 0.0860.
    expect([test.low, test.high].map((value) => value.toFixed(4))).toEqual(['-0.1840', '-0.0121'])
  })

  it('of other kinds are drawn anew, the same for the same seed', () => {
    const scores = Array.from({ length: 50 }, (_, n) => [n / 50, n / 50 + 0.1 + (n % 3) / 100] as const)
    const test = testPairs(scores, 7)!
    expect(test).toMatchObject({ method: 'paired-bootstrap', pairs: 50 })
    expect(test.p).toBeLessThan(0.001)
    expect(test.low).toBeLessThanOrEqual(test.difference)
    expect(test.difference).toBeLessThanOrEqual(test.high)
    expect(test.high).toBeLessThan(0)
    expect(testPairs(scores, 7)).toEqual(test)
    expect(
      testPairs(
        scores.map(([a]) => [a, a] as const),
        7,
      ),
    ).toMatchObject({ difference: 0, low: 0, high: 0, p: 1 })
    expect(testPairs([], 7)).toBeUndefined()
  })

  it('turn round with their sides', () => {
    const score = fc.constantFrom(0, 1)
    fc.assert(
      fc.property(fc.array(fc.tuple(score, score), { minLength: 1 }), (list) => {
        const [test, other] = [
          testPairs(list, 1)!,
          testPairs(
            list.map(([a, b]) => [b, a] as const),
            1,
          )!,
        ]
        expect(other.p).toBe(test.p)
        expect(other.low).toBeCloseTo(-test.high, 12)
        expect(test.low <= test.difference && test.difference <= test.high).toBe(true)
      }),
    )
  })
})

it('several tests are adjusted as Holm does', () => {
  expect(adjustForMany([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02])
  expect(adjustForMany([0.2])).toEqual([0.2])
})

/** Each task's scores of documents 0, 1, 2, ... */
function makeSide(
  scores: Readonly<Record<string, readonly number[]>>,
  more: Partial<TaskResult> = {},
  sampled = true,
): EvalSide {
  const tasks = Object.entries(scores).map(([name, list]): TaskResult => {
    const value = list.reduce((sum, score) => sum + score, 0) / list.length
    return { name, metrics: [{ metric: 'acc', filter: 'none', value, higherIsBetter: true }], nested: false, ...more }
  })
  const result: EvalResult = { tasks, environment: [], raw: {} }
  const samples = Object.entries(scores).map(([name, list]): [string, Sample[]] => [
    name,
    list.map((acc, n) => ({ document: `${n}`, filter: 'none', hashes: [], scores: { acc } })),
  ])
  return { result, samples: new Map(sampled ? samples : []) }
}

const right = (count: number, of: number): number[] => Array.from({ length: of }, (_, n) => (n < count ? 1 : 0))
const judge = (now: EvalSide, before: EvalSide, tolerance = 0.02) => judgeQuality(now, before, tolerance, 1)

describe('the verdict', () => {
  it.each([
    ['dropped', 'DEGRADED', right(700, 1000), right(800, 1000)],
    ['better', 'BETTER', right(800, 1000), right(700, 1000)],
    ['held', 'OK', right(795, 1000), right(800, 1000)],
    ['undecided', 'DEGRADED', right(1, 5), right(5, 5)],
    ['undecided', 'OK', right(5, 5), right(5, 5)],
  ] as const)('%s, and %s by the tolerance', (status, plain, now, before) => {
    const verdict = judge(makeSide({ a: now }), makeSide({ a: before }))
    expect(verdict.tasks[0]).toMatchObject({ status, plain })
    expect(verdict.passed).toBe(status !== 'dropped')
  })

  it('is by the tolerance alone without samples on both sides, and says so', () => {
    const verdict = judge(makeSide({ a: right(4, 5) }, {}, false), makeSide({ a: right(5, 5) }))
    expect(verdict).toMatchObject({ passed: false, tasks: [{ status: 'dropped', plain: 'DEGRADED' }] })
    expect(verdict.tasks[0]).not.toHaveProperty('test')
    expect(verdict.tasks[0]!.notes.join()).toMatch(/no paired samples/)
    // Exactly the tolerance is allowed, whatever binary fractions make of it.
    const exact = judge(makeSide({ a: [0.3] }, {}, false), makeSide({ a: [0.1 + 0.2 + 0.02] }, {}, false))
    expect(exact.tasks[0]!.status).toBe('held')
  })

  it('is of the documents that both answered, whatever the others did to the scores', () => {
    // Limited to the easy ones, and worse at them; the score as a whole looks better.
    const [now, before] = [right(160, 200), [...right(200, 200), ...right(300, 800)]]
    expect(judge(makeSide({ a: now }), makeSide({ a: before })).tasks[0]).toMatchObject({
      status: 'dropped',
      plain: 'BETTER',
      test: { pairs: 200, gained: 0, lost: 40 },
    })
    expect(judge(makeSide({ a: before }), makeSide({ a: now })).tasks[0]).toMatchObject({
      status: 'better',
      plain: 'DEGRADED',
    })
  })

  it('turns round where less is better', () => {
    const metrics = (value: number) => ({ metrics: [{ metric: 'acc', filter: 'none', value, higherIsBetter: false }] })
    const verdict = judge(
      makeSide({ a: right(300, 1000) }, metrics(0.3)),
      makeSide({ a: right(100, 1000) }, metrics(0.1)),
    )
    expect(verdict.tasks[0]).toMatchObject({ status: 'dropped', test: { gained: 0, lost: 200 } })
    expect(verdict.tasks[0]!.gain).toBeCloseTo(-0.2, 12)
  })

  it('names what one side lacks, and tasks that are not the same', () => {
    const verdict = judge(makeSide({ a: [1], b: [1] }, { hash: 'x' }), makeSide({ b: [1], c: [1] }, { hash: 'y' }))
    expect(verdict.tasks.map(({ task, status }) => [task, status])).toEqual([
      ['a', 'not-compared'],
      ['b', 'undecided'],
      ['c', 'not-compared'],
    ])
    expect(verdict.tasks[1]!.notes.join()).toMatch(/hash of the task differs/)
  })

  it('of a group is that of all its documents together, and its tasks are not judged alone', () => {
    const group = (side: EvalSide, value: number): EvalSide => ({
      ...side,
      result: {
        ...side.result,
        tasks: [
          {
            name: 'g',
            metrics: [{ metric: 'acc', filter: 'none', value, higherIsBetter: true }],
            nested: false,
            subtasks: ['a', 'b'],
          },
          ...side.result.tasks.map((task) => ({ ...task, nested: true })),
        ],
      },
    })
    const now = group(makeSide({ a: right(40, 50), b: right(30, 50) }), 0.7)
    const before = group(makeSide({ a: right(40, 50), b: right(50, 50) }), 0.9)
    const { tasks } = judge(now, before)
    expect(tasks).toHaveLength(1)
    expect(tasks[0]).toMatchObject({ task: 'g', status: 'dropped', test: { pairs: 100, gained: 0, lost: 20 } })
  })
})
