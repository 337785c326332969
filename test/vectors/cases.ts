/** Cases that describe the old tools: where they are read from, and when two values are the same. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Case {
  readonly file: string
  readonly name: string
  readonly function: string
  readonly input: unknown
  readonly expected: unknown
}

/** `inputOf` gives the input of another case, by name. */
export type Evaluator = (input: unknown, expected: unknown, inputOf: (name: string) => unknown) => unknown

/** Every JSON file of a folder, in order of names. */
export function readCases(folder: string): Case[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return files.sort().flatMap((file) => {
    const cases = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Omit<Case, 'file'>[]
    return cases.map((one) => ({ ...one, input: readNumbers(one.input), file }))
  })
}

const NO_JSON: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

/** Numbers that JSON cannot hold are strings in a case. */
function readNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readNumbers)
  if (typeof value !== 'object' || value === null) return NO_JSON.get(value) ?? value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, readNumbers(member)]))
}

const TOLERANCE = 1e-9

/** Where `actual` differs from `expected`, or undefined. Numbers may differ by one part in 10^9; null is absent. */
export function findDifference(actual: unknown, expected: unknown, path = ''): string | undefined {
  const at = path === '' ? '' : `${path}: `
  if (expected === null || expected === undefined)
    return actual == null ? undefined : `${at}${show(actual)} is not none`
  if (typeof actual === 'number' && (typeof expected === 'number' || expected === 'NaN' || expected === 'Infinity')) {
    return sameNumber(actual, Number(expected)) ? undefined : `${at}${actual} is not ${expected}`
  }
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null) {
    return actual === expected ? undefined : `${at}${show(actual)} is not ${show(expected)}`
  }
  if (Array.isArray(actual) !== Array.isArray(expected)) return `${at}${show(actual)} is not ${show(expected)}`
  const names = new Set([...Object.keys(actual), ...Object.keys(expected)])
  for (const name of names) {
    const [left, right] = [actual, expected].map((one) => (one as Record<string, unknown>)[name])
    const difference = findDifference(left, right, path === '' ? name : `${path}.${name}`)
    if (difference !== undefined) return difference
  }
  return undefined
}

function sameNumber(actual: number, expected: number): boolean {
  if (Object.is(actual, expected) || actual === expected) return true
  return Math.abs(actual - expected) <= TOLERANCE * Math.max(Math.abs(actual), Math.abs(expected))
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
