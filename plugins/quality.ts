/**
 * Quality under load: lm-evaluation-harness asks the server idle, and again while the load that was measured goes on beside it.
 * A server that truncates, mixes up or quantises its cache when it is full answers worse then, and no latency shows it.
 */
import {
  BenchError,
  describeError,
  type EvaluationContext,
  type Files,
  type LoadBeside,
  lmEval,
  type MetricPlugin,
  type MetricResult,
  type Platform,
} from 'inferbench'
import { type Asked, options, readAsked } from './quality/asked.ts'
import { definitions } from './quality/definitions.ts'
import {
  concludeTasks,
  describeNothing,
  describePasses,
  describeTasks,
  judgePasses,
  type Pass,
  type Passes,
} from './quality/figures.ts'

const COMMAND_OPTION = '--plugin-option quality.lmEval=PATH'
const RETRIES = 3

const quality: MetricPlugin = {
  id: 'quality',
  summary: 'Scores of lm-eval while the server is idle, and while it is under the load that was measured',
  needs: "lm-eval (pip install 'lm-eval[api]')",
  definitions,
  options,
  check: (platform) => checkCommand(platform, 'lm_eval'),
  evaluate,
}
export default quality

/** Whether it can be started is all that is asked: a Python that loads everything takes seconds. */
async function checkCommand(platform: Platform, command: string): Promise<string | undefined> {
  if (platform.spawn === undefined || platform.files === undefined) {
    return `${platform.name} cannot start lm-eval: it has no processes`
  }
  try {
    const child = platform.spawn(command, ['--help'])
    child.kill('SIGKILL')
    await child.exited
    return undefined
  } catch {
    return lmEval.adviseInstall(command, COMMAND_OPTION)
  }
}

async function evaluate(context: EvaluationContext): Promise<Readonly<Record<string, MetricResult>>> {
  const { note, signal } = context
  try {
    const asked = readAsked(context.options)
    const work = await prepare(context, asked)
    const passes = await ask(work)
    const verdict = judgePasses(passes)
    await keep(work, passes, verdict)
    const lines = describeTasks(passes, verdict)
    const conclusion = concludeTasks(lines, verdict)
    if (conclusion !== undefined) context.conclude(conclusion)
    if (lines.length > 1) for (const line of lines) note(line)
    return describePasses(passes, verdict)
  } catch (thrown) {
    if (signal.aborted) throw thrown
    // What is missing is told where the figures would stand.
    note(describeError(thrown))
    return describeNothing(describeError(thrown))
  }
}

/** Ready to be asked. */
interface Work {
  readonly context: EvaluationContext
  readonly asked: Asked
  readonly files: Files
  readonly folder: string
  readonly request: Omit<lmEval.EvalRequest, 'output'>
}

async function prepare(context: EvaluationContext, asked: Asked): Promise<Work> {
  const { platform, target, transport, note, signal } = context
  const { tasks, endpoint, includePath } = asked
  const problem = await checkCommand(platform, asked.command)
  if (problem !== undefined) throw new BenchError('unsupported', problem)
  const files = platform.files!
  const types = lmEval.knownTypes(
    includePath === undefined ? new Map() : await lmEval.readTaskTypes(files, includePath),
  )
  lmEval.checkEndpoint(tasks, types, endpoint)
  if (target.headers.some(([name]) => name.toLowerCase() === 'authorization')) {
    throw new BenchError(
      'unsupported',
      'lm-eval can be given an authorization header on its command line alone, where every user of the machine reads it; use an API key',
    )
  }
  if (transport.unixSocket !== undefined) throw new BenchError('unsupported', 'lm-eval reaches no Unix socket')
  if (target.headers.length > 0) note("lm-eval sends none of the run's own headers")
  await lmEval.checkEvalServer({ ...target, endpoint, headers: [] }, tasks, types, platform, transport, signal)
  const folder = await context.makeFolder()
  if (folder === undefined) throw new BenchError('unsupported', 'lm-eval leaves files, and this run writes none')
  const ca = transport.ca === undefined ? undefined : files.join(folder, 'ca.pem')
  if (ca !== undefined) await files.writeText(ca, transport.ca!)
  const { limit, fewshot, seed, concurrency, tokenizer } = asked
  return {
    context,
    asked,
    files,
    folder,
    request: {
      baseUrl: target.baseUrl,
      model: target.model,
      endpoint,
      tasks,
      ...(includePath !== undefined && { includePath }),
      ...(limit !== undefined && { limit }),
      ...(fewshot !== undefined && { fewshot }),
      ...(seed !== undefined && { seed }),
      concurrency,
      retries: RETRIES,
      ...(tokenizer !== undefined && { tokenizer }),
      insecure: transport.insecure,
      ...(ca !== undefined && { ca }),
    },
  }
}

/** Idle first: what the load leaves behind would be seen there. A pass that fails leaves the other standing. */
async function ask(work: Work): Promise<Passes> {
  const { context, asked } = work
  const { tolerance } = asked
  const idle: Pass =
    asked.load === 'busy'
      ? { reason: 'not asked: load=busy' }
      : await attempt(context, () => runSide(work, 'idle', context.signal))
  if (asked.load === 'idle') return { idle, busy: { reason: 'not asked: load=idle' }, tolerance }
  let load: LoadBeside | undefined
  const busy = await attempt(context, () =>
    context.underLoad((beside) => {
      load = beside
      return runSide(work, 'busy', beside.signal)
    }),
  )
  return { idle, busy, tolerance, ...(load !== undefined && 'side' in busy && { load: load.busy() }) }
}

async function attempt({ signal, note }: EvaluationContext, pass: () => Promise<lmEval.EvalSide>): Promise<Pass> {
  try {
    return { side: await pass() }
  } catch (thrown) {
    if (signal.aborted) throw thrown
    note(describeError(thrown))
    return { reason: describeError(thrown) }
  }
}

async function runSide(
  { context, asked, files, folder, request }: Work,
  name: 'idle' | 'busy',
  signal: AbortSignal,
): Promise<lmEval.EvalSide> {
  const { platform, target, scrub } = context
  const output = files.join(folder, name)
  await lmEval.runLmEval(
    {
      command: asked.command,
      commandOption: COMMAND_OPTION,
      request: { ...request, output },
      ...(target.apiKey !== undefined && { apiKey: target.apiKey }),
      log: files.join(folder, `${name}.log`),
      scrub,
      onProgress: createTeller(context, name),
    },
    platform,
    signal,
  )
  return await lmEval.readSide(files, output)
}

/** A line when it comes to something new. */
function createTeller({ say }: EvaluationContext, name: string): (progress: lmEval.EvalProgress) => void {
  let last = ''
  return ({ step, kind, total }) => {
    const count = total === undefined ? '' : `, ${total} requests`
    const line = `quality, server ${name}: lm-eval ${step}${kind === undefined ? '' : ` (${kind})`}${count}`
    if (line !== last) say(line)
    last = line
  }
}

/** All that it takes to know later what was asked, by what, and what came out. */
async function keep(work: Work, passes: Passes, verdict: lmEval.EvalVerdict | undefined): Promise<void> {
  const { context, asked, files, folder } = work
  const { idle, busy, load } = passes
  if ([idle, busy].some((pass) => 'side' in pass && lmEval.isLimited(pass.side.result))) {
    context.note('LIMITED: not all documents were asked; these are no full scores')
  }
  const document = {
    v: 1,
    asked,
    idle: describeSide(work, 'idle', idle),
    busy: describeSide(work, 'busy', busy),
    load,
    verdict,
  }
  await files.writeText(files.join(folder, 'quality.json'), `${context.scrub(JSON.stringify(document, null, 2))}\n`)
}

function describeSide({ asked, files, folder, request }: Work, name: 'idle' | 'busy', pass: Pass): object {
  if (!('side' in pass)) return pass
  const { version, environment, seconds, tasks } = pass.side.result
  return {
    limited: lmEval.isLimited(pass.side.result),
    command: [asked.command, ...lmEval.makeArguments({ ...request, output: files.join(folder, name) })],
    environmentVariables: lmEval.EVAL_ENVIRONMENT,
    version,
    environment,
    seconds,
    tasks,
  }
}
