/** Changes to the verdict's table of limits. */
import * as v from 'valibot'
import { suggestName } from '../nearest.ts'
import { type LimitChange, limits } from '../verdict/mod.ts'
import type { RunOptions } from './options.ts'
import { showValue } from './values.ts'

type Given = string | string[] | Record<string, number | string | { suspect?: number; invalid?: number }>

/**
 * `code=number`, a list of them, or an object by code. One number is the limit for SUSPECT; that for INVALID keeps its ratio to
 * it. Both can be given as `{ suspect, invalid }`.
 */
export function limitChanges(): v.GenericSchema<
  NonNullable<RunOptions['verdictLimits']>,
  Readonly<Record<string, LimitChange>>
> {
  const both = v.strictObject({ suspect: v.exactOptional(v.number()), invalid: v.exactOptional(v.number()) })
  const what = 'is not limits such as timer-lateness=5, a list of them, or an object by code'
  return v.pipe(
    v.union([v.string(), v.array(v.string()), v.record(v.string(), v.union([v.number(), v.string(), both]))], what),
    v.rawTransform<Given, Readonly<Record<string, LimitChange>>>(({ dataset, addIssue, NEVER }) => {
      const changes: Record<string, LimitChange> = {}
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
function readChange(code: string, value: unknown): LimitChange | string {
  const limit = limits.find((one) => one.code === code)
  if (limit === undefined) {
    const codes = limits.map((one) => one.code)
    return `the verdict has no limit "${code}"${suggestName(code, codes) || '; bench list limits has them all'}`
  }
  if (typeof value === 'object' && value !== null) return value
  const number = value === '' ? Number.NaN : Number(value)
  if (!Number.isFinite(number) || number < 0) {
    return `${showValue(`${code}=${value ?? ''}`)} is not a limit; write ${code}=N, in ${limit.unit || 'its unit'}`
  }
  const { suspect, invalid } = limit
  if (suspect === undefined) return { invalid: number }
  return {
    suspect: number,
    ...(invalid === undefined || suspect === 0 ? {} : { invalid: (invalid * number) / suspect }),
  }
}
