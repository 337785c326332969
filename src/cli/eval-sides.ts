/** The one or two sides of an evaluation: planned, asked whether they can do it, and evaluated one after the other. */
import { type EvalServer, findEvalServer } from '../core/engine/eval-server.ts'
import { makeRunFolder } from '../core/engine/journal.ts'
import { EVAL_ENVIRONMENT, readSide, runLmEval } from '../core/engine/lm-eval.ts'
import { BenchError } from '../core/errors.ts'
import { type EvalRequest, makeArguments } from '../core/eval/command.ts'
import type { EvalProgress } from '../core/eval/progress.ts'
import type { EvalResult } from '../core/eval/result.ts'
import type { OutputTypes } from '../core/eval/suites.ts'
import { type EvalSide, type EvalVerdict, judgeQuality } from '../core/eval/verdict.ts'
import { createScrubber } from '../core/options/mod.ts'
import { readUserPart } from '../core/options/url.ts'
import type { RunPlan } from '../core/plan.ts'
import type { Platform } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import { TOOL_VERSION } from '../core/version.ts'
import { createEvalProgress } from './eval-progress.ts'
import type { GivenFlags } from './flags.ts'
import { makePlan } from './plan.ts'
import { readRunOptions } from './run-options.ts'
import type { Terminal } from './terminal.ts'

/** Those of a run that say where the server is, and how to reach it. */
export const SERVER_FLAGS: readonly string[] = [
  'url',
  'model',
  'api-key-env',
  'api-key-file',
  'ready-timeout',
  'insecure',
  'ca',
]
const RETRIES = 3

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
  const { against, 'against-api-key-env': keyName } = values
  if (typeof against !== 'string') {
    if (keyName !== undefined) throw new BenchError('usage', '--against-api-key-env goes with --against only')
    return { candidate }
  }
  const files = platform.files!
  if ((await files.list(against)) !== undefined) {
    return { candidate, earlier: { folder: against, side: await readSide(files, files.join(against, 'candidate')) } }
  }
  const { 'api-key-env': _env, 'api-key-file': _file, ...rest } = given
  const key = keyName === undefined ? {} : { 'api-key-env': keyName }
  return { candidate, reference: await planSide({ ...rest, ...key, url: against }, '--against', platform, asked) }
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

/** One side, ready to be evaluated. */
interface Side {
  readonly role: 'candidate' | 'reference'
  readonly plan: RunPlan
  readonly server: EvalServer
  readonly request: EvalRequest
}

export interface Evaluated {
  readonly server: EvalServer
  readonly side: EvalSide
}

export interface Outcome {
  readonly folder: string
  readonly candidate: Evaluated
  readonly reference?: Evaluated
  readonly earlier?: Plans['earlier']
  readonly verdict?: EvalVerdict
}

/** One server after the other: two at once would disturb each other on a machine that they share. */
export async function evaluateSides(
  plans: Plans,
  asked: Asked,
  { out, json }: GivenFlags['values'],
  platform: Platform,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Outcome> {
  const files = platform.files!
  const found = await findServers(plans, asked, platform, terminal, signal)
  const id = platform.randomId()
  const startedAt = new Date(platform.clock.epoch()).toISOString()
  const folder = await makeRunFolder(files, { id, startedAt, ...(typeof out === 'string' && { out }) })
  const sides = found.map(
    (one): Side => ({ ...one, request: makeRequest(asked, one.plan, one.server, files.join(folder, one.role)) }),
  )
  const scrub = createScrubber(sides.flatMap(({ plan }) => plan.secrets))
  const results: EvalResult[] = []
  const writeManifest = async (ended: object): Promise<void> => {
    const servers = sides.map((side, index) => describeSide(side, asked, results[index]))
    const manifest = { ...describeAsked(asked, platform, id, startedAt), servers, ...ended }
    await files.writeText(files.join(folder, 'manifest.json'), scrub(renderJson(manifest)))
  }
  await writeManifest({})
  const view = createEvalProgress(terminal, () => platform.clock.now(), json === true)
  try {
    for (const { role, plan, server, request } of sides) {
      const title = sides.length > 1 ? `${role} ${server.baseUrl}` : server.baseUrl
      const { apiKey } = plan.target
      const job = {
        command: asked.lmEval,
        request,
        ...(apiKey !== undefined && { apiKey }),
        log: files.join(folder, `${role}.log`),
        scrub,
        onProgress: (progress: EvalProgress) => view.update(title, progress),
      }
      results.push(await runLmEval(job, platform, signal))
    }
  } finally {
    view.clear()
    await writeManifest({ endedAt: new Date(platform.clock.epoch()).toISOString() })
  }
  const [candidate, reference] = await Promise.all(
    sides.map(async ({ server, request }) => ({ server, side: await readSide(files, request.output) })),
  )
  const other = reference?.side ?? plans.earlier?.side
  return {
    folder,
    candidate: candidate!,
    ...(reference !== undefined && { reference }),
    ...(plans.earlier !== undefined && { earlier: plans.earlier }),
    ...(other !== undefined && { verdict: judgeQuality(candidate!.side, other, asked.tolerance, SEED) }),
  }
}

/** All are asked before any is evaluated: a reference that is not there should not be found out after an hour. */
async function findServers(
  { candidate, reference }: Plans,
  { tasks, types }: Asked,
  platform: Platform,
  { log }: Terminal,
  signal: AbortSignal,
): Promise<readonly Omit<Side, 'request'>[]> {
  const found: Omit<Side, 'request'>[] = []
  for (const [role, plan] of [['candidate', candidate] as const, ['reference', reference] as const]) {
    if (plan === undefined) continue
    const server = await findEvalServer(plan, tasks, types, platform, (line) => log.info(line), signal)
    for (const note of server.notes) log.warn(note)
    found.push({ role, plan, server })
  }
  return found
}

/** Of the bootstrap: the same samples give the same interval. */
const SEED = 42

function makeRequest(asked: Asked, plan: RunPlan, server: EvalServer, output: string): EvalRequest {
  const { endpoint, tasks, includePath, limit, concurrency, tokenizer } = asked
  return {
    baseUrl: server.baseUrl,
    model: server.model,
    endpoint,
    tasks,
    ...(includePath !== undefined && { includePath }),
    ...(limit !== undefined && { limit }),
    concurrency,
    retries: RETRIES,
    ...(tokenizer !== undefined && { tokenizer }),
    insecure: plan.transportOptions.insecure,
    ...(typeof plan.options.ca === 'string' && { ca: plan.options.ca }),
    output,
  }
}

function describeAsked(asked: Asked, platform: Platform, id: string, startedAt: string): object {
  const { suite, tasks, endpoint, includePath, limit, tolerance, concurrency, tokenizer } = asked
  return {
    v: 1,
    kind: 'eval',
    id,
    tool: { name: 'inferbench', version: TOOL_VERSION },
    platform: { name: platform.name, version: platform.version, machine: platform.machine },
    asked: { suite, tasks, endpoint, includePath, limit, tolerance, concurrency, tokenizer },
    startedAt,
  }
}

function describeSide({ role, server, request }: Side, { lmEval }: Asked, result: EvalResult | undefined): object {
  const { version, environment, seconds } = result ?? {}
  return {
    role,
    url: server.baseUrl,
    model: server.model,
    version: server.version,
    lmEval: {
      command: [lmEval, ...makeArguments(request)],
      environmentVariables: EVAL_ENVIRONMENT,
      version,
      environment,
      seconds,
    },
  }
}
