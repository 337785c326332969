/** Values of the flags of small commands; the options of a run have their schema. */
import { BenchError } from '../core/errors.ts'
import { suggestName } from '../core/nearest.ts'
import type { Flags, GivenFlags } from './flags.ts'

type Values = GivenFlags['values']

/** Of a command that serves. */
export const listenFlags: Flags = {
  port: {
    type: 'string',
    valueHint: 'N',
    group: 'Server',
    fallback: '8000; 0 is any free one',
    description: 'Port to listen on',
  },
  host: {
    type: 'string',
    valueHint: 'NAME',
    group: 'Server',
    fallback: 'this machine only',
    description: 'Address to listen on',
  },
}

/** Throws a usage error. */
export function readListenAddress(values: Values): { readonly port: number; readonly hostname?: string } {
  const { host } = values
  return { port: readNumber(values, 'port', 0, 65_535) ?? 8000, ...(typeof host === 'string' && { hostname: host }) }
}

/** undefined when the flag is not given. Throws a usage error. */
export function readNumber(
  values: Values,
  name: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  return readAs(values, name, /^\d+$/, 'a whole number', least, most)
}

/** The same of a number that need not be whole. */
export function readDecimal(
  values: Values,
  name: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  return readAs(values, name, /^(\d+(\.\d*)?|\.\d+)$/, 'a number', least, most)
}

/** `10` or `10%`. */
export function readPercent(
  values: Values,
  name: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  return readAs(values, name, /^\d+(\.\d+)?%?$/, 'a percentage', least, most)
}

function readAs(
  values: Values,
  name: string,
  form: RegExp,
  what: string,
  least: number,
  most: number,
): number | undefined {
  const text = values[name] as string | undefined
  if (text === undefined) return undefined
  const number = form.test(text) ? Number.parseFloat(text) : Number.NaN
  if (number >= least && number <= most) return number
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
  throw new BenchError('usage', `--${name}: "${text}" is not ${what} ${range}`)
}

/** One of a few words; undefined when the flag is not given. Throws a usage error. */
export function readChoice<const Name extends string>(
  values: Values,
  name: string,
  names: readonly Name[],
): Name | undefined {
  const value = values[name]
  const found = names.find((one) => one === value)
  if (value === undefined || found !== undefined) return found
  throw new BenchError('usage', `--${name}: there is no "${value}"${suggestName(String(value), names)}`)
}
