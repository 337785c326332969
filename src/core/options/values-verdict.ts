/** Changes to the verdict's table of limits. */
import * as v from 'valibot'
import { BenchError } from '../errors.ts'
import type { Limit } from '../limit.ts'
import { suggestName } from '../nearest.ts'
import { type LimitChange, limits } from '../verdict/mod.ts'
import type { CheckedOptions, RunOptions } from './options.ts'
import { showValue } from './values.ts'

type Given = string | string[] | Record<string, number | string | { suspect?: number; invalid?: number }>

/**
 * `code=number`, a list of them, or an object by code. One number is the limit for SUSPECT; that for INVALID keeps its ratio to
 * it. Both can be given as `{ suspect, invalid }`. Which codes there are is known when plugins are: {@link resolveLimits}.
 */
export function limitChanges(): v.GenericSchema<
  NonNullable<RunOptions['verdictLimits']>,
  NonNullable<CheckedOptions['verdictLimits']>
> {
  const both = v.strictObject({ suspect: v.exactOptional(v.number()), invalid: v.exactOptional(v.number()) })
  const what = 'is not limits such as timer-lateness=5, a list of them, or an object by code'
  return v.pipe(
    v.union([v.string(), v.array(v.string()), v.record(v.string(), v.union([v.number(), v.string(), both]))], what),
    v.rawTransform<Given, NonNullable<CheckedOptions['verdictLimits']>>(({ dataset, addIssue, NEVER }) => {
      const changes: Record<string, number | LimitChange> = {}
      for (const [code, value] of splitGiven(dataset.value)) {
        const change = readChange(code, value)
        if (typeof change !== 'string') changes[code] = change
        else {
          addIssue({ message: change })
          return NEVER
        }
      }
      return changes
    }),
  )
}

function splitGiven(given: Given): readonly (readonly [code: string, value: unknown])[] {
  if (typeof given !== 'string' && !Array.isArray(given)) return Object.entries(given)
  const parts = (typeof given === 'string' ? [given] : given).flatMap((text) => text.split(','))
  return parts.map((part) => {
    const equals = part.indexOf('=')
    return equals < 0 ? [part.trim(), undefined] : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()]
  })
}

/** The change, or what is wrong with it. */
function readChange(code: string, value: unknown): number | LimitChange | string {
  if (typeof value === 'object' && value !== null) return value
  const number = value === '' || value === undefined ? Number.NaN : Number(value)
  if (Number.isFinite(number) && number >= 0) return number
  // A code that does not exist is the greater mistake, and is told later.
  const limit = limits.find((one) => one.code === code)
  const unit = limit?.unit || 'its unit'
  return `${showValue(`${code}=${value ?? ''}`)} is not a limit; write ${code}=N, in ${unit}`
}

/** The changes in terms of the table and of what plugins add to it. Throws a usage error for a code that none has. */
export function resolveLimits(
  changes: NonNullable<CheckedOptions['verdictLimits']>,
  more: readonly Limit[],
  name: string,
): Readonly<Record<string, LimitChange>> {
  const table = new Map([...limits, ...more].map((limit) => [limit.code, limit]))
  return Object.fromEntries(
    Object.entries(changes).map(([code, change]) => {
      const limit = table.get(code)
      if (limit !== undefined) return [code, typeof change === 'number' ? scaleLimit(limit, change) : change]
      const help = suggestName(code, table.keys()) || '; bench list limits has them all'
      throw new BenchError('usage', `${name}: the verdict has no limit "${code}"${help}`)
    }),
  )
}

function scaleLimit({ suspect, invalid }: Limit, number: number): LimitChange {
  if (suspect === undefined) return { invalid: number }
  return {
    suspect: number,
    ...(invalid === undefined || suspect === 0 ? {} : { invalid: (invalid * number) / suspect }),
  }
}
