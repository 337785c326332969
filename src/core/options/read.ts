/** From what a person wrote to {@link CheckedOptions}, or one line about the first thing that is wrong. */
import * as v from 'valibot'
import { BenchError } from '../errors.ts'
import { findConflict } from './conflicts.ts'
import type { CheckedOptions, OptionName } from './options.ts'
import { optionNames, runOptionsSchema } from './schema.ts'
import { findMeantOption } from './synonyms.ts'
import { showValue } from './values.ts'

/** How an option is called where it was written: `--rate`, or `bench.yaml, line 3: "rate"`. */
export type NameOption = (key: string) => string

/**
 * Reads options as given by flags, a config file or a program. A member that is undefined counts as absent.
 * Throws `BenchError('usage')`: unknown key (with the nearest that exists), value out of range, contradiction.
 */
export function readOptions(input: unknown, nameOption: NameOption = (key) => `option "${key}"`): CheckedOptions {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new BenchError('usage', `options: ${showValue(input)} is not an object of options`)
  }
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
  for (const key of Object.keys(given)) {
    if (!optionNames.includes(key as OptionName)) {
      const meant = findMeantOption(key)
      const advice = meant === undefined ? '' : `; did you mean "${meant}"?`
      throw new BenchError('usage', `${nameOption(key)} is not an option${advice}`)
    }
  }
  const result = v.safeParse(runOptionsSchema, given, { abortEarly: true })
  if (!result.success) throw describeIssue(result.issues[0], nameOption)
  const conflict = findConflict(result.output)
  if (conflict !== undefined) {
    const [first, second] = conflict.options
    throw new BenchError(
      'usage',
      `${nameOption(first)} ${conflict.message(second === undefined ? '' : nameOption(second))}`,
    )
  }
  return result.output
}

function describeIssue(issue: v.BaseIssue<unknown>, nameOption: NameOption): BenchError {
  const key = issue.path?.[0]?.key
  const name = key === undefined ? 'options' : nameOption(String(key))
  return new BenchError('usage', `${name}: ${issue.message}`)
}
