/**
 * What the old tools compute, to the number. `npm run vectors` runs these alone; the variable VECTORS names another folder with
 * cases of the same form. Each case is a test of its own, and a failure says what came out.
 */
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Case, findDifference, readCases } from './cases.ts'
import { metricEvaluators } from './evaluators-metrics.ts'
import { scoreEvaluators } from './evaluators-scores.ts'

const own = fileURLToPath(new URL('../fixtures/vectors', import.meta.url))
const folder = process.env.VECTORS ? resolve(process.env.VECTORS) : own
const cases = readCases(folder)
const evaluators = { ...metricEvaluators, ...scoreEvaluators }

/** A table may be of a card that stands only in our own folder. */
const known = new Map([...readCases(own), ...cases].map((one) => [one.name, one]))

function inputOf(name: string): unknown {
  const found = known.get(name)
  if (found === undefined) throw new Error(`there is no case "${name}"`)
  return found.input
}

function evaluate({ function: name, input, expected }: Case): unknown {
  const evaluator = evaluators[name]
  if (evaluator === undefined) throw new Error(`nothing here computes "${name}"`)
  return evaluator(input, expected, inputOf)
}

it('there are cases', () => {
  expect(readdirSync(folder).length).toBeGreaterThan(0)
  expect(cases.length).toBeGreaterThan(0)
})

for (const file of new Set(cases.map((one) => one.file))) {
  describe(file, () => {
    for (const one of cases.filter((other) => other.file === file)) {
      it(`${one.function}: ${one.name}`, () => {
        const actual = evaluate(one)
        const difference = findDifference(actual, one.expected)
        if (difference !== undefined) {
          throw new Error(`${one.name}: ${difference}\ncame out: ${JSON.stringify(actual)}`)
        }
      })
    }
  })
}

describe('the comparison itself', () => {
  it.each([
    [1, 1 + 1e-10, true],
    [1, 1 + 1e-8, false],
    [0, 1e-12, false],
    [{ a: 1 }, { a: 1, b: null }, true],
    [{ a: 1, c: 2 }, { a: 1 }, false],
    [[1, 2], [1, 2, 3], false],
    ['a ', 'a', false],
    [undefined, 0, false],
    [Number.NaN, 'NaN', true],
    [[], {}, false],
  ])('%j and %j: %s', (actual, expected, same) => {
    expect(findDifference(actual, expected) === undefined).toBe(same)
  })
})
