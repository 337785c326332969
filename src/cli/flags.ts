/** Strict reading of a command's flags: citty lets unknown ones pass, and keeps only the last of a repeated one. */
import { parseArgs } from 'node:util'
import type { ArgDef } from 'citty'
import { BenchError } from '../core/errors.ts'
import { nearestName } from '../core/nearest.ts'
import { hideUserPart } from '../core/options/url.ts'

/** citty's definition of an argument, and what help and {@link readFlags} need beside it. */
export type Flag = ArgDef & {
  /** Heading in the help. */
  readonly group?: string
  /** A flag that may be given several times; the last positional: as many as are given. */
  readonly repeated?: boolean
  /** What is taken when it is absent, in words. */
  readonly fallback?: string
}
export type Flags = Readonly<Record<string, Flag>>

export type FlagValue = string | boolean | readonly string[]

export interface GivenFlags {
  /** By the flag's name; only what was given. */
  readonly values: Readonly<Record<string, FlagValue>>
  readonly positionals: readonly string[]
}

/** Every command has these. */
export const commonFlags: Flags = {
  help: { type: 'boolean', alias: 'h', description: 'Show this help' },
}

/**
 * `findMeant` may know better than the spelling which flag an unknown one was meant to be.
 * Throws `BenchError('usage')` at the first argument that the command does not know or that lacks its value.
 */
export function readFlags(
  command: string,
  flags: Flags,
  args: readonly string[],
  findMeant: (written: string) => string | undefined = () => undefined,
): GivenFlags {
  const known = { ...flags, ...commonFlags }
  const { tokens } = parseArgs({ args: [...args], options: describeForParser(known), strict: false, tokens: true })
  const positionals: string[] = []
  const values: Record<string, FlagValue> = {}
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const flag = known[token.name]
    if (flag === undefined || flag.type === 'positional') throw unknownFlag(command, token.rawName, known, findMeant)
    const value = readValue(token.rawName, flag, token)
    const before = values[token.name]
    if (before !== undefined && flag.type !== 'boolean' && !flag.repeated) {
      throw new BenchError('usage', `${token.rawName} is given twice; give it once`)
    }
    values[token.name] = flag.repeated ? [...((before as readonly string[]) ?? []), value as string] : value
  }
  const places = Object.values(flags).filter(({ type }) => type === 'positional')
  const expected = places.at(-1)?.repeated ? Number.POSITIVE_INFINITY : places.length
  if (positionals.length > expected) throw unexpectedPositional(command, positionals[expected]!, known)
  return { values, positionals }
}

type ParserOptions = Record<string, { type: 'string' | 'boolean'; short?: string; multiple?: boolean }>

function describeForParser(flags: Flags): ParserOptions {
  const options: ParserOptions = {}
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.type === 'positional') continue
    const alias = 'alias' in flag && typeof flag.alias === 'string' ? { short: flag.alias } : {}
    options[name] = { type: flag.type === 'boolean' ? 'boolean' : 'string', ...alias }
  }
  return options
}

function readValue(
  rawName: string,
  flag: Flag,
  token: { readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
): string | boolean {
  if (flag.type === 'boolean') {
    if (token.value === undefined) return true
    throw new BenchError('usage', `${rawName} is a switch and takes no value`)
  }
  const { value } = token
  // `--model --rate 5`: the next flag is no value. `--rate -5` is: it is refused as a number, with a better reason.
  if (value === undefined || value === '' || (!token.inlineValue && /^--?[a-z]/i.test(value))) {
    throw new BenchError('usage', `${rawName} needs a value${flag.valueHint ? `: ${rawName} ${flag.valueHint}` : ''}`)
  }
  return value
}

function unknownFlag(
  command: string,
  rawName: string,
  flags: Flags,
  findMeant: (written: string) => string | undefined,
): BenchError {
  if (/^--api-?key$/i.test(rawName)) {
    return new BenchError(
      'usage',
      `${rawName}: a key on the command line can be read by every user of the machine; put it into a variable and name that with --api-key-env, or into a file with --api-key-file`,
    )
  }
  const names = Object.keys(flags).filter((name) => flags[name]!.type !== 'positional')
  const nearest = findMeant(rawName) ?? nearestName(rawName, names)
  const advice = nearest === undefined ? `; bench ${command} --help lists them` : `; did you mean --${nearest}?`
  return new BenchError('usage', `there is no flag ${rawName}${advice}`)
}

function unexpectedPositional(command: string, value: string, flags: Flags): BenchError {
  const shown = hideUserPart(value)
  if ('url' in flags && /^(https?:\/\/|localhost\b)/i.test(value)) {
    return new BenchError('usage', `"${shown}" is not expected; did you mean --url ${shown}?`)
  }
  const bare = Object.hasOwn(flags, value)
    ? `; did you mean --${value}?`
    : `; bench ${command} --help says what it takes`
  return new BenchError('usage', `"${shown}" is not expected${bare}`)
}
