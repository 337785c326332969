/**
 * The kinds of values that options have. Each accepts what a flag gives (text) and what a config file gives (numbers,
 * lists), and comes out in our terms: numbers, milliseconds, spreads. Messages follow the option's name: `--rate: "x" is not ...`.
 */
import * as v from 'valibot'
import { suggestName } from '../nearest.ts'
import { parseDuration, parseSpread, type Spread } from '../units.ts'

type Scalar = string | number

/** A schema whose output is made by `read`; undefined from it means that the value is not `what`. */
function reading<const Schema extends v.GenericSchema, Output>(
  input: Schema,
  what: string,
  read: (value: v.InferOutput<Schema>) => Output | undefined,
): v.GenericSchema<v.InferInput<Schema>, Output> {
  return v.pipe(
    input,
    v.rawTransform<v.InferOutput<Schema>, Output>(({ dataset, addIssue, NEVER }) => {
      const output = read(dataset.value)
      if (output !== undefined) return output
      addIssue({ message: `${showValue(dataset.value)} is not ${what}` })
      return NEVER
    }),
  )
}

/** A value as an error may show it: on one line, and short. */
export function showValue(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function notA(what: string): (issue: { readonly input: unknown }) => string {
  return ({ input }) => `${showValue(input)} is not ${what}`
}

function scalarOf(what: string): v.GenericSchema<Scalar> {
  return v.union([v.number(), v.string()], notA(what))
}

function listOf(what: string): v.GenericSchema<Scalar | Scalar[]> {
  return v.union([v.number(), v.string(), v.array(v.union([v.number(), v.string()]))], notA(what))
}

const INTEGER = /^\d+$/
const DECIMAL = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

function parseInteger(value: Scalar): number | undefined {
  const number = typeof value === 'number' ? value : INTEGER.test(value.trim()) ? Number(value) : Number.NaN
  return Number.isSafeInteger(number) ? number : undefined
}

function parseDecimal(value: Scalar): number | undefined {
  const number = typeof value === 'number' ? value : DECIMAL.test(value.trim()) ? Number(value) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

function within(number: number | undefined, least: number, most: number): number | undefined {
  return number !== undefined && number >= least && number <= most ? number : undefined
}

/** Reads every part of `1,4,16`, `[1, 4, 16]` or `4`; undefined when a part is wrong, doubled or missing. */
function readList<Part>(
  value: Scalar | readonly Scalar[],
  read: (part: Scalar) => Part | undefined,
): Part[] | undefined {
  const parts = typeof value === 'string' ? value.split(',') : typeof value === 'number' ? [value] : value
  const whole = parts.map(read).filter((part) => part !== undefined)
  const distinct = new Set(whole.map((part) => JSON.stringify(part)))
  return whole.length === parts.length && whole.length > 0 && distinct.size === whole.length ? whole : undefined
}

function rangeWords(least: number, most: number): string {
  return most === Number.POSITIVE_INFINITY || most === Number.MAX_SAFE_INTEGER
    ? `of at least ${least}`
    : `from ${least} to ${most}`
}

export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): v.GenericSchema<Scalar, number> {
  const what = `a whole number ${rangeWords(least, most)}`
  return reading(scalarOf(what), what, (value) => within(parseInteger(value), least, most))
}

export function decimal(least: number, most: number = Number.POSITIVE_INFINITY): v.GenericSchema<Scalar, number> {
  const what = `a number ${rangeWords(least, most)}`
  return reading(scalarOf(what), what, (value) => within(parseDecimal(value), least, most))
}

export function aboveZero(): v.GenericSchema<Scalar, number> {
  const what = 'a number above 0'
  return reading(scalarOf(what), what, (value) => within(parseDecimal(value), Number.MIN_VALUE, Number.MAX_VALUE))
}

export function integerList(least: number, most: number): v.GenericSchema<Scalar | Scalar[], readonly number[]> {
  const what = `a whole number ${rangeWords(least, most)}, or a list of different ones such as 1,4,16`
  return reading(listOf(what), what, (value) => readList(value, (part) => within(parseInteger(part), least, most)))
}

export function aboveZeroList(most: number): v.GenericSchema<Scalar | Scalar[], readonly number[]> {
  const what = `a number above 0, at most ${most}, or a list of different ones such as 5,10`
  return reading(listOf(what), what, (value) =>
    readList(value, (part) => within(parseDecimal(part), Number.MIN_VALUE, most)),
  )
}

/** Lengths in tokens: `128`, `128±32`, lists of them. A prompt of no tokens cannot be asked for. */
export function tokenLengths(): v.GenericSchema<Scalar | Scalar[], readonly Spread[]> {
  const what =
    'a number of tokens of at least 1, such as 128, 128±32 (or 128~32), 16-256 (evenly), or a list of different ones'
  return reading(listOf(what), what, (value) =>
    readList(value, (part) => {
      const spread = parseSpread(String(part))
      if (spread === undefined || (spread.range?.[0] ?? spread.mean) < 1) return undefined
      return spread.range !== undefined || Number.isSafeInteger(spread.mean) ? spread : undefined
    }),
  )
}

/** Milliseconds. A bare number has no unit, and is refused; 0 needs none. */
export function duration(leastMs: number): v.GenericSchema<Scalar, number> {
  const zero = leastMs > 0 ? ' above 0' : ''
  const what = `a duration${zero}; write a number and a unit, such as 500ms, 10s, 2m`
  return reading(scalarOf(what), what, (value) => within(parseDuration(String(value)), leastMs, Number.MAX_VALUE))
}

export function text(what: string): v.GenericSchema<string> {
  return v.pipe(v.string(notA(what)), v.trim(), v.nonEmpty(`is empty; it should be ${what}`))
}

/** One text or several: a repeated flag, or a list. */
export function texts(what: string): v.GenericSchema<string | string[], readonly string[]> {
  const shape = v.union([v.string(), v.array(v.string())], notA(what))
  return reading(shape, what, (value) => {
    const all = (typeof value === 'string' ? [value] : value).map((part) => part.trim())
    return all.length > 0 && all.every((part) => part !== '') ? all : undefined
  })
}

export function choice<const Names extends readonly string[]>(names: Names): v.GenericSchema<Names[number]> {
  return v.picklist(names, ({ input }) =>
    typeof input === 'string'
      ? `there is no "${input}"${suggestName(input, names)}`
      : `${showValue(input)} is not one of ${names.join(', ')}`,
  )
}

export function toggle(): v.GenericSchema<boolean> {
  return v.boolean(notA('true or false'))
}
