/** The one or two sides of an evaluation, planned: which servers are asked, and what. */
import { readSide } from '../core/engine/lm-eval.ts'
import { BenchError } from '../core/errors.ts'
import type { OutputTypes } from '../core/eval/suites.ts'
import type { EvalSide } from '../core/eval/verdict.ts'
import { readUserPart } from '../core/options/url.ts'
import type { RunPlan } from '../core/plan.ts'
import type { Platform } from '../core/platform.ts'
import type { GivenFlags } from './flags.ts'
import { makePlan } from './plan.ts'
import { readRunOptions } from './run-options.ts'

/** Those of a run that say where the server is, and how to reach it. */
export const SERVER_FLAGS: readonly string[] = [
  'url',
  'start',
  'adapter',
  'model',
  'api-key-env',
  'api-key-file',
  'ready-timeout',
  'insecure',
  'ca',
]

/** What is asked of every side. */
export interface Asked {
  readonly suite?: string
  readonly tasks: readonly string[]
  readonly types: OutputTypes
  readonly endpoint: 'chat' | 'completions'
  readonly includePath?: string
  readonly limit?: number
  readonly tolerance: number
  readonly concurrency: number
  readonly tokenizer?: string
  readonly lmEval: string
}

export interface Plans {
  readonly candidate: RunPlan
  readonly reference?: RunPlan
  /** In place of a reference server. */
  readonly earlier?: { readonly folder: string; readonly side: EvalSide }
}

export async function planSides(values: GivenFlags['values'], platform: Platform, asked: Asked): Promise<Plans> {
  const given = Object.fromEntries(SERVER_FLAGS.flatMap((name) => (name in values ? [[name, values[name]!]] : [])))
  if (given.url === undefined) throw new BenchError('usage', '--url is missing: which server is to be evaluated?')
  const candidate = await planSide(given, '--url', platform, asked)
  const { against, 'against-api-key-env': keyName, 'against-start': start } = values
  const alone = ['against-api-key-env', 'against-start'].find((name) => values[name] !== undefined)
  if (typeof against !== 'string') {
    if (alone !== undefined) throw new BenchError('usage', `--${alone} goes with --against only`)
    return { candidate }
  }
  const files = platform.files!
  if ((await files.list(against)) !== undefined) {
    if (alone !== undefined) throw new BenchError('usage', `--${alone}: ${against} is a folder, and no server`)
    return { candidate, earlier: { folder: against, side: await readSide(files, files.join(against, 'candidate')) } }
  }
  const { 'api-key-env': _env, 'api-key-file': _file, start: _start, ...rest } = given
  const own = {
    ...(keyName !== undefined && { 'api-key-env': keyName }),
    ...(start !== undefined && { start }),
    url: against,
  }
  return { candidate, reference: await planSide({ ...rest, ...own }, '--against', platform, asked) }
}

async function planSide(
  given: GivenFlags['values'],
  flag: string,
  platform: Platform,
  { endpoint }: Asked,
): Promise<RunPlan> {
  if (readUserPart(String(given.url).replace(/^(?![a-z]+:\/\/)/i, 'http://')) !== undefined) {
    throw new BenchError(
      'usage',
      `${flag}: lm-eval can be given a user part on its command line alone, where every user of the machine reads it; use an API key (--api-key-env)`,
    )
  }
  const { options, nameOption } = await readRunOptions(given, platform)
  return await makePlan({ ...options, endpoint, requests: 1 }, platform, (key) =>
    key === 'url' ? flag : nameOption(key),
  )
}
