/** Values of the flags of small commands; the options of a run have their schema. */
import { BenchError } from '../core/errors.ts'
import type { GivenFlags } from './flags.ts'

/** undefined when the flag is not given. Throws a usage error. */
export function readNumber(
  values: GivenFlags['values'],
  name: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const text = values[name] as string | undefined
  if (text === undefined) return undefined
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
  throw new BenchError('usage', `--${name}: "${text}" is not a whole number ${range}`)
}
