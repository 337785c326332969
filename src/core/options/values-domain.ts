/** Values with a form of their own: headers, body members, stages, warm-up, and parts that programs pass as objects. */
import * as v from 'valibot'
import type { Adapter } from '../adapter.ts'
import type { RateStage } from '../arrival/mod.ts'
import { describeError } from '../errors.ts'
import { parseValidation } from '../metrics/quality.ts'
import { suggestName } from '../nearest.ts'
import type { MetricPlugin } from '../plugin.ts'
import { parseDuration } from '../units.ts'
import type { CheckedOptions, RunOptions, StageInput } from './options.ts'
import { integer, showValue } from './values.ts'
import { WORKLOAD_NAMES } from './workloads.ts'

type Header = readonly [name: string, value: string]

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i
// Line ends would add headers of their own; the rest of the control characters is no field content (RFC 9110, 5.5).
const HEADER_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/
/** Belong to the transport (`HttpSpec.headers`) or to the join with the server's log. */
const OWN_HEADERS = ['host', 'content-length', 'connection', 'transfer-encoding', 'x-request-id']

/** A thread a core is the most that makes sense; what a machine has is not known here. */
const MOST_THREADS = 256

export function threadCount(): v.GenericSchema<NonNullable<RunOptions['threads']>, number | 'auto'> {
  return v.union(
    [v.literal('auto'), integer(0, MOST_THREADS)],
    ({ input }) => `${showValue(input)} is not auto, or a whole number from 0 to ${MOST_THREADS}`,
  )
}

/** Values are never shown: they may be secrets. */
export function headerList(): v.GenericSchema<NonNullable<RunOptions['headers']>, readonly Header[]> {
  const what = 'headers: "Name: value", a list of them, or an object'
  return v.pipe(
    v.union([v.string(), v.array(v.string()), v.record(v.string(), v.string())], `is not ${what}`),
    v.rawTransform<string | string[] | Record<string, string>, readonly Header[]>(({ dataset, addIssue, NEVER }) => {
      const given = dataset.value
      const headers =
        typeof given === 'string' || Array.isArray(given)
          ? (typeof given === 'string' ? [given] : given).map(splitHeader)
          : Object.entries(given)
      for (const header of headers) {
        const problem = header === undefined ? 'a header is written "Name: value"' : checkHeader(header)
        if (problem === undefined) continue
        addIssue({ message: problem })
        return NEVER
      }
      return headers.map((header) => [header![0], header![1].trim()] as const)
    }),
  )
}

function splitHeader(text: string): Header | undefined {
  const colon = text.indexOf(':')
  return colon > 0 ? [text.slice(0, colon).trim(), text.slice(colon + 1)] : undefined
}

function checkHeader([name, value]: Header): string | undefined {
  if (!HEADER_NAME.test(name))
    return 'a header name may hold only letters, digits and -_.!#$%&\'*+^`|~; write "Name: value"'
  if (OWN_HEADERS.includes(name.toLowerCase())) return `the header "${name}" is set by inferbench and cannot be given`
  if (!HEADER_VALUE.test(value)) return `the value of the header "${name}" holds a control character`
  return undefined
}

/** `key=json`; text that is no JSON is a string, so that `--body user=me` works. */
export function bodyMembers(): v.GenericSchema<NonNullable<RunOptions['body']>, Readonly<Record<string, unknown>>> {
  const what = 'is not body members: "key=json", a list of them, or an object'
  return v.pipe(
    v.union([v.string(), v.array(v.string()), v.record(v.string(), v.unknown())], what),
    v.rawTransform<string | string[] | Record<string, unknown>, Readonly<Record<string, unknown>>>(
      ({ dataset, addIssue, NEVER }) => {
        const given = dataset.value
        if (typeof given !== 'string' && !Array.isArray(given)) return given
        const members = (typeof given === 'string' ? [given] : given).map(splitMember)
        if (members.every((member) => member !== undefined)) return Object.fromEntries(members)
        addIssue({ message: 'a body member is written key=json, such as top_k=20 or stop=["\\n"]' })
        return NEVER
      },
    ),
  )
}

function splitMember(text: string): readonly [string, unknown] | undefined {
  const equals = text.indexOf('=')
  if (equals < 1) return undefined
  return [text.slice(0, equals).trim(), parseJson(text.slice(equals + 1))]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * Requests a second: ten times what a client of many cores sends. What becomes due and is never sent is a record, too, and a rate that is a slip of
 * the pen would write them until the disk is full.
 */
export const MOST_RATE = 100_000

const STAGE = /^(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?:(.+)$/
const STAGES = `stages RATE:DURATION or FROM-TO:DURATION with rates up to ${MOST_RATE}, such as 5:30s,5-50:1m,50:30s`

export function stageList(): v.GenericSchema<NonNullable<RunOptions['stages']>, readonly RateStage[]> {
  const spelled = v.union([
    v.strictObject({ rate: v.number(), duration: v.string() }),
    v.strictObject({ from: v.number(), to: v.number(), duration: v.string() }),
  ])
  const stage = v.union([v.string(), spelled])
  return v.pipe(
    v.union([stage, v.array(stage)], `is not ${STAGES}`),
    v.rawTransform<StageInput | StageInput[], readonly RateStage[]>(({ dataset, addIssue, NEVER }) => {
      const given: readonly StageInput[] = Array.isArray(dataset.value) ? dataset.value : [dataset.value]
      const stages = given
        .flatMap<StageInput>((part) => (typeof part === 'string' ? part.split(',') : [part]))
        .map((part) => (typeof part === 'string' ? parseStage(part) : readStage(part)))
      if (stages.length > 0 && stages.every((part) => part !== undefined)) return stages
      addIssue({ message: `${JSON.stringify(dataset.value)} is not ${STAGES}` })
      return NEVER
    }),
  )
}

function parseStage(text: string): RateStage | undefined {
  const match = STAGE.exec(text.trim())
  if (!match) return undefined
  const [, from, to, duration] = match
  return to === undefined
    ? readStage({ rate: Number(from), duration: duration! })
    : readStage({ from: Number(from), to: Number(to), duration: duration! })
}

function readStage(stage: Exclude<StageInput, string>): RateStage | undefined {
  const durationMs = parseDuration(stage.duration)
  if (durationMs === undefined || durationMs <= 0) return undefined
  const isRate = (rate: number): boolean => rate >= 0 && rate <= MOST_RATE
  if ('rate' in stage) return isRate(stage.rate) ? { durationMs, rate: stage.rate } : undefined
  return isRate(stage.from) && isRate(stage.to) ? { durationMs, from: stage.from, to: stage.to } : undefined
}

/** `16` is requests, `5s` is time, `0` is none. */
export function warmup(): v.GenericSchema<string | number, NonNullable<CheckedOptions['warmup']>> {
  const what = 'a number of requests (16), a time (5s) or 0'
  return v.pipe(
    v.union([v.number(), v.string()], `is not ${what}`),
    v.rawTransform<string | number, NonNullable<CheckedOptions['warmup']>>(({ dataset, addIssue, NEVER }) => {
      const given = String(dataset.value).trim()
      if (/^\d+$/.test(given) && Number.isSafeInteger(Number(given))) return { requests: Number(given) }
      const ms = parseDuration(given)
      if (ms !== undefined) return { ms }
      addIssue({ message: `${JSON.stringify(dataset.value)} is not ${what}` })
      return NEVER
    }),
  )
}

export const PROMPT_PROFILES = ['micro', 'short', 'medium', 'long'] as const

export function promptProfiles(): v.GenericSchema<
  NonNullable<RunOptions['promptProfile']>,
  NonNullable<CheckedOptions['promptProfile']>
> {
  return nameList(PROMPT_PROFILES)
}

export function workloadNames(): v.GenericSchema<
  NonNullable<RunOptions['workload']>,
  NonNullable<CheckedOptions['workload']>
> {
  return nameList(WORKLOAD_NAMES)
}

/** One name or several: separated by commas, or a list. */
function nameList<Name extends string>(
  known: readonly Name[],
): v.GenericSchema<string | readonly string[], readonly Name[]> {
  return v.pipe(
    v.union([v.string(), v.array(v.string())], `is not one of ${known.join(', ')}, or a list of them`),
    v.rawTransform<string | string[], readonly Name[]>(({ dataset, addIssue, NEVER }) => {
      const names = (typeof dataset.value === 'string' ? dataset.value.split(',') : dataset.value).map((name) =>
        name.trim(),
      )
      const wrong = names.find((name) => !known.includes(name as Name))
      if (wrong === undefined && names.length > 0) return names as Name[]
      addIssue({ message: `there is no "${wrong ?? ''}"${suggestName(wrong ?? '', known)}` })
      return NEVER
    }),
  ) as v.GenericSchema<string | readonly string[], readonly Name[]>
}

/** Checked here, and kept as written. */
export function validation(): v.GenericSchema<string> {
  return v.pipe(
    v.string('is not basic, contains:TEXT or pattern:REGEX'),
    v.rawTransform<string, string>(({ dataset, addIssue, NEVER }) => {
      try {
        parseValidation(dataset.value)
        return dataset.value
      } catch (thrown) {
        addIssue({ message: describeError(thrown).replace(/^--validate: /, '') })
        return NEVER
      }
    }),
  )
}

export function adapter(): v.GenericSchema<string | Adapter> {
  return v.union(
    [v.pipe(v.string(), v.nonEmpty()), v.custom<Adapter>(isAdapter)],
    'is neither the name of an adapter nor an adapter',
  )
}

export function pluginList(): v.GenericSchema<NonNullable<RunOptions['plugins']>, readonly (string | MetricPlugin)[]> {
  const plugin = v.union([v.pipe(v.string(), v.nonEmpty()), v.custom<MetricPlugin>(isPlugin)])
  return v.pipe(
    v.union([plugin, v.array(plugin)], 'is not a list of plugins: names, paths, npm packages, or plugins themselves'),
    v.transform((given) => (Array.isArray(given) ? given : [given])),
  )
}

export function isAdapter(value: unknown): value is Adapter {
  const it = value as Partial<Adapter> | null | undefined
  return (
    typeof it === 'object' &&
    it !== null &&
    typeof it.name === 'string' &&
    typeof it.encode === 'function' &&
    typeof it.decoder === 'function'
  )
}

export function isPlugin(value: unknown): value is MetricPlugin {
  const it = value as Partial<MetricPlugin> | null | undefined
  return typeof it === 'object' && it !== null && typeof it.id === 'string' && Array.isArray(it.definitions)
}
