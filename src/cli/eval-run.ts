/** An evaluation under way: each side is asked whether it can do it, and evaluated, one after the other. */
import { type EvalServer, findEvalServer } from '../core/engine/eval-server.ts'
import { makeRunFolder } from '../core/engine/journal.ts'
import { EVAL_ENVIRONMENT, readSide, runLmEval } from '../core/engine/lm-eval.ts'
import { openServer } from '../core/engine/server.ts'
import { openSession } from '../core/engine/session.ts'
import { type EvalRequest, makeArguments } from '../core/eval/command.ts'
import type { EvalResult } from '../core/eval/result.ts'
import { type EvalSide, type EvalVerdict, judgeQuality } from '../core/eval/verdict.ts'
import { createScrubber } from '../core/options/mod.ts'
import type { RunPlan } from '../core/plan.ts'
import type { Files, Platform } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import type { ManifestServer } from '../core/run.ts'
import { TOOL_VERSION } from '../core/version.ts'
import { createEvalProgress } from './eval-progress.ts'
import type { Asked, Plans } from './eval-sides.ts'
import type { GivenFlags } from './flags.ts'
import type { Terminal } from './terminal.ts'

const RETRIES = 3

type Role = 'candidate' | 'reference'

export interface Evaluated {
  readonly server: Pick<EvalServer, 'baseUrl' | 'model'>
  readonly side: EvalSide
}

export interface Outcome {
  readonly folder: string
  readonly startedAt: string
  readonly candidate: Evaluated
  readonly reference?: Evaluated
  /** In place of a reference server. */
  readonly earlier?: { readonly folder: string; readonly side: EvalSide }
  readonly verdict?: EvalVerdict
}

/** Of the bootstrap: the same samples give the same interval. */
const SEED = 42

/** With the verdict where there is a reference. */
export function concludeOutcome(outcome: Omit<Outcome, 'verdict'>, tolerance: number): Outcome {
  const other = outcome.reference?.side ?? outcome.earlier?.side
  return other === undefined
    ? outcome
    : { ...outcome, verdict: judgeQuality(outcome.candidate.side, other, tolerance, SEED) }
}

/** One side, and what is known of it so far. */
interface Side {
  readonly role: Role
  readonly plan: RunPlan
  server?: EvalServer
  request?: EvalRequest
  started?: ManifestServer
  result?: EvalResult
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
  const sides = listSides(plans)
  const say = (line: string): void => {
    if (json !== true) terminal.log.info(line)
  }
  // A reference that is not there should not be found out after an hour. One that is started later is asked then.
  for (const side of sides.filter(({ plan }) => plan.start === undefined)) {
    side.server = await findServer(side.plan, asked, platform, terminal, say, signal)
  }
  const id = platform.randomId()
  const startedAt = new Date(platform.clock.epoch()).toISOString()
  const folder = await makeRunFolder(files, { id, startedAt, ...(typeof out === 'string' && { out }) })
  const scrub = createScrubber(sides.flatMap(({ plan }) => plan.secrets))
  const writeManifest = async (ended: object): Promise<void> => {
    const servers = sides.map((side) => describeSide(side, asked))
    const manifest = { ...describeAsked(asked, plans, platform, id, startedAt), servers, ...ended }
    await files.writeText(files.join(folder, 'manifest.json'), scrub(renderJson(manifest)))
  }
  await writeManifest({})
  const view = createEvalProgress(terminal, () => platform.clock.now(), json === true)
  try {
    for (const side of sides) {
      await evaluateSide(side, asked, files.join(folder, side.role), platform, terminal, say, signal, (job) => {
        const { baseUrl } = job.server
        const title = sides.length > 1 ? `${side.role} ${baseUrl}` : baseUrl
        return runLmEval(
          {
            ...job,
            command: asked.lmEval,
            log: files.join(folder, `${side.role}.log`),
            scrub,
            onProgress: (progress) => view.update(title, progress),
          },
          platform,
          job.signal,
        )
      })
    }
  } finally {
    view.clear()
    await writeManifest({ endedAt: new Date(platform.clock.epoch()).toISOString() })
  }
  const [candidate, reference] = await Promise.all(sides.map((side) => readEvaluated(files, side)))
  return concludeOutcome(
    {
      folder,
      startedAt,
      candidate: candidate!,
      ...(reference !== undefined && { reference }),
      ...(plans.earlier !== undefined && { earlier: plans.earlier }),
    },
    asked.tolerance,
  )
}

function listSides({ candidate, reference }: Plans): readonly Side[] {
  return [
    { role: 'candidate', plan: candidate },
    ...(reference === undefined ? [] : [{ role: 'reference' as const, plan: reference }]),
  ]
}

async function readEvaluated(files: Files, { server, request }: Side): Promise<Evaluated> {
  return { server: server!, side: await readSide(files, request!.output) }
}

async function findServer(
  plan: RunPlan,
  { tasks, types }: Asked,
  platform: Platform,
  { log }: Terminal,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<EvalServer> {
  const server = await findEvalServer(plan, tasks, types, platform, say, signal)
  for (const note of server.notes) log.warn(note)
  return server
}

interface Job {
  readonly server: EvalServer
  readonly request: EvalRequest
  readonly apiKey?: string
  readonly signal: AbortSignal
}

/** Starts its server where that is asked for, and ends it whatever happens. Its log is kept beside lm-eval's files. */
async function evaluateSide(
  side: Side,
  asked: Asked,
  output: string,
  platform: Platform,
  terminal: Terminal,
  say: (line: string) => void,
  signal: AbortSignal,
  evaluate: (job: Job) => Promise<EvalResult>,
): Promise<void> {
  const { plan } = side
  const session = openSession(plan, platform, signal)
  const transport = platform.transports[platform.defaultTransport]!(plan.transportOptions, platform.clock)
  if (plan.start !== undefined) await platform.files!.makeFolder(output)
  const own = openServer(session, transport, output)
  try {
    await own.start(say)
    if (own.description !== undefined) side.started = own.description
    side.server ??= await findServer(plan, asked, platform, terminal, say, session.stop)
    side.request = makeRequest(asked, plan, side.server, output)
    const { apiKey } = plan.target
    const job = { server: side.server, request: side.request, ...(apiKey !== undefined && { apiKey }) }
    side.result = await evaluate({ ...job, signal: session.stop })
  } catch (thrown) {
    // What was waited for in vain has a reason of its own: the server that we started has ended.
    throw session.failure ?? thrown
  } finally {
    session.close()
    await own.stop()
    await transport.close()
  }
}

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

function describeAsked(
  asked: Asked,
  { earlier }: Plans,
  platform: Platform,
  id: string,
  startedAt: string,
): Readonly<Record<string, unknown>> {
  const { suite, tasks, endpoint, includePath, limit, tolerance, concurrency, tokenizer } = asked
  return {
    v: 1,
    kind: 'eval',
    id,
    tool: { name: 'inferbench', version: TOOL_VERSION },
    platform: { name: platform.name, version: platform.version, machine: platform.machine },
    asked: { suite, tasks, endpoint, includePath, limit, tolerance, concurrency, tokenizer },
    ...(earlier === undefined ? {} : { earlier: earlier.folder }),
    startedAt,
  }
}

/** What is not known yet is absent. */
function describeSide({ role, plan, server, request, started, result }: Side, { lmEval }: Asked): object {
  const { version, environment, seconds } = result ?? {}
  return {
    role,
    url: plan.target.baseUrl,
    model: server?.model ?? plan.target.model,
    version: server?.version,
    ...(started === undefined ? {} : { started }),
    ...(request === undefined
      ? {}
      : {
          lmEval: {
            command: [lmEval, ...makeArguments(request)],
            environmentVariables: EVAL_ENVIRONMENT,
            version,
            environment,
            seconds,
          },
        }),
  }
}
