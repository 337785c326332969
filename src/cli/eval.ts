/** `bench eval`: quality by lm-evaluation-harness, of one server or against another. */
import process from 'node:process'
import type { CommandDef } from 'citty'
import { compareQuality } from '../core/compat/vllm-rust/quality.ts'
import { type EvalServer, findEvalServer } from '../core/engine/eval-server.ts'
import { makeRunFolder } from '../core/engine/journal.ts'
import { EVAL_ENVIRONMENT, readSide, runLmEval } from '../core/engine/lm-eval.ts'
import { BenchError } from '../core/errors.ts'
import { type EvalRequest, makeArguments } from '../core/eval/command.ts'
import type { EvalResult } from '../core/eval/result.ts'
import { checkEndpoint, knownTypes, type OutputTypes, suites } from '../core/eval/suites.ts'
import { isLimited, renderEvaluation, summarizeVerdict } from '../core/eval/text.ts'
import { type EvalSide, type EvalVerdict, judgeQuality } from '../core/eval/verdict.ts'
import { suggestName } from '../core/nearest.ts'
import { createScrubber, planRun } from '../core/options/mod.ts'
import { readUserPart } from '../core/options/url.ts'
import type { RunPlan } from '../core/plan.ts'
import type { Files, Platform } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import { TOOL_VERSION } from '../core/version.ts'
import { loadPlatform } from '../platform/load.ts'
import { loadPart } from '../registry.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { describeFailure, rememberSecrets } from './errors.ts'
import { createEvalProgress } from './eval-progress.ts'
import { readTaskTypes } from './eval-tasks.ts'
import { exit } from './exit.ts'
import { readNumber } from './flag-values.ts'
import type { Flags, GivenFlags } from './flags.ts'
import { createInterruptHandler } from './interrupt.ts'
import { readRunOptions, runFlags } from './run-options.ts'
import type { Terminal } from './terminal.ts'

const SHARED = ['url', 'model', 'api-key-env', 'api-key-file', 'ready-timeout', 'insecure', 'ca']
const TOLERANCE = 0.02
const CONCURRENCY = 4
const RETRIES = 3
const SUITES = ['quick', 'standard', 'full'] as const

const flags: Flags = {
  ...Object.fromEntries(SHARED.map((name) => [name, { ...runFlags[name]!, group: 'Server' }])),
  endpoint: {
    type: 'string',
    valueHint: 'KIND',
    group: 'Server',
    fallback: 'completions',
    description: 'completions, which can do every task, or chat, for tasks that generate text',
  },
  against: {
    type: 'string',
    valueHint: 'URL|FOLDER',
    group: 'Server',
    description: 'The reference: another server, or the folder of an earlier evaluation',
  },
  'against-api-key-env': {
    type: 'string',
    valueHint: 'NAME',
    group: 'Server',
    description: "Variable that holds the reference's API key",
  },
  suite: { type: 'string', valueHint: 'NAME', group: 'Tasks', fallback: 'quick', description: describeSuites() },
  tasks: {
    type: 'string',
    valueHint: 'NAME,...',
    group: 'Tasks',
    description: 'Tasks of lm-eval, or of your own, in place of a suite',
  },
  'include-path': {
    type: 'string',
    valueHint: 'FOLDER',
    group: 'Tasks',
    description: 'Folder of task files of your own',
  },
  limit: {
    type: 'string',
    valueHint: 'N',
    group: 'Tasks',
    description:
      'Ask the first N documents of each task (below 1: that share of them); what comes out is no full score',
  },
  tolerance: {
    type: 'string',
    valueHint: 'X',
    group: 'Verdict',
    fallback: `${TOLERANCE}`,
    description: 'How much worse than the reference a score may be',
  },
  'fail-on-undecided': {
    type: 'boolean',
    group: 'Verdict',
    description: 'Exit with 3 also when the documents are too few to tell',
  },
  concurrency: { type: 'string', valueHint: 'N', fallback: `${CONCURRENCY}`, description: 'Requests in flight' },
  tokenizer: {
    type: 'string',
    valueHint: 'NAME',
    fallback: "the server's own",
    description: 'Tokenizer of Hugging Face, or none, for tasks that generate text',
  },
  'lm-eval': { type: 'string', valueHint: 'PATH', fallback: 'lm_eval', description: "lm-eval's executable" },
  out: { type: 'string', alias: 'o', valueHint: 'FOLDER', description: 'Where everything is kept' },
  json: { type: 'boolean', description: 'Print the result as JSON and nothing else' },
  compat: {
    type: 'string',
    valueHint: 'NAME',
    description: 'vllm-rust: verdict, result file and exit codes of its quality_eval.py',
  },
  'compat-out': { type: 'string', valueHint: 'FILE', description: 'With --compat: where its result file goes' },
}

const command: CommandDef = makeCommand(
  {
    name: 'eval',
    summary: 'Measure the quality of answers by lm-evaluation-harness.',
    about:
      "Runs lm_eval (pip install 'lm-eval[api]') against the server, and against a reference where one is given. Exit code: 0, 1 the evaluation failed, 2 wrong usage or something that is missing, 3 quality dropped.",
    flags,
    examples: [
      'bench eval --url http://localhost:8000 --suite quick --limit 200',
      'bench eval --url http://localhost:8000 --against http://localhost:8001 --tasks gsm8k --tolerance 0.01',
      'bench eval --url http://localhost:8000 --tasks my_task --include-path tasks --endpoint chat',
    ],
  },
  evaluate,
)
export default command

function describeSuites(): string {
  return SUITES.map((name) => `${name} (${suites[name].join(', ')})`).join('; ')
}

/** What is asked of every side. */
interface Asked {
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

async function evaluate({ values, terminal }: CommandContext): Promise<number> {
  const platform = await loadPlatform()
  if (platform.files === undefined) throw new BenchError('unsupported', `${platform.name} has no files to keep results`)
  const compat = pick('compat', values.compat, ['vllm-rust'] as const)
  if (compat === undefined && values['compat-out'] !== undefined) {
    throw new BenchError('usage', '--compat-out goes with --compat only')
  }
  const asked = await readAsked(values, platform.files)
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  // lm-eval's process group goes with us.
  const leave = (): void => process.exit(exit.interrupted)
  const restore = platform.onInterrupt?.(createInterruptHandler(() => platform.clock.now(), stop, leave))
  try {
    const plans = await planSides(values, platform, asked)
    const outcome = await evaluateSides(plans, asked, values, platform, terminal, stopping.signal)
    return await publish(outcome, asked, values, platform, terminal)
  } catch (thrown) {
    if (stopping.signal.aborted) {
      terminal.log.warn('interrupted; there is no result')
      return exit.interrupted
    }
    // The old tool knows no other code once its flags are read.
    if (compat === undefined) throw thrown
    terminal.err(describeFailure(thrown).text)
    return exit.failed
  } finally {
    restore?.()
  }
}

async function readAsked(values: GivenFlags['values'], files: Files): Promise<Asked> {
  const suite = pick('suite', values.suite, SUITES)
  const own = typeof values.tasks === 'string' ? splitNames(values.tasks) : undefined
  if (own !== undefined && suite !== undefined) {
    throw new BenchError('usage', '--suite and --tasks both say what to ask; give one')
  }
  const tasks = own ?? suites[suite ?? 'quick']
  const endpoint = pick('endpoint', values.endpoint, ['completions', 'chat'] as const) ?? 'completions'
  const includePath = values['include-path']
  const limit = readAmount(values, 'limit')
  if (limit !== undefined && (limit <= 0 || (limit >= 1 && !Number.isInteger(limit)))) {
    throw new BenchError('usage', `--limit: "${values.limit}" is neither a number of documents nor a share below 1`)
  }
  const types = knownTypes(typeof includePath === 'string' ? await readTaskTypes(files, includePath) : new Map())
  checkEndpoint(tasks, types, endpoint)
  return {
    ...(own === undefined && { suite: suite ?? 'quick' }),
    tasks,
    types,
    endpoint,
    ...(typeof includePath === 'string' && { includePath }),
    ...(limit !== undefined && { limit }),
    tolerance: readAmount(values, 'tolerance') ?? TOLERANCE,
    concurrency: readNumber(values, 'concurrency', 1, 10_000) ?? CONCURRENCY,
    ...(typeof values.tokenizer === 'string' && { tokenizer: values.tokenizer }),
    lmEval: (values['lm-eval'] as string | undefined) ?? 'lm_eval',
  }
}

function splitNames(text: string): readonly string[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '')
  if (names.length === 0) throw new BenchError('usage', '--tasks names no task')
  return names
}

function pick<Name extends string>(flag: string, value: unknown, names: readonly Name[]): Name | undefined {
  if (value === undefined) return undefined
  const found = names.find((name) => name === value)
  if (found !== undefined) return found
  throw new BenchError('usage', `--${flag}: there is no "${value}"${suggestName(String(value), names)}`)
}

function readAmount(values: GivenFlags['values'], name: string): number | undefined {
  const text = values[name]
  if (typeof text !== 'string') return undefined
  const number = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  if (number >= 0) return number
  throw new BenchError('usage', `--${name}: "${text}" is no number from 0 on`)
}

interface Plans {
  readonly candidate: RunPlan
  readonly reference?: RunPlan
  /** In place of a reference server. */
  readonly earlier?: { readonly folder: string; readonly side: EvalSide }
}

async function planSides(values: GivenFlags['values'], platform: Platform, asked: Asked): Promise<Plans> {
  const given = Object.fromEntries(SHARED.flatMap((name) => (name in values ? [[name, values[name]!]] : [])))
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
  const plan = await planRun(
    { ...options, endpoint, requests: 1 },
    {
      platform,
      nameOption: (key) => (key === 'url' ? flag : nameOption(key)),
      loadAdapter: (specifier) => loadPart('adapter', specifier, platform),
      loadPlugin: (specifier) => loadPart('plugin', specifier, platform),
    },
  )
  rememberSecrets(plan.secrets)
  return plan
}

interface Evaluated {
  readonly server: EvalServer
  readonly request: EvalRequest
  readonly side: EvalSide
}

interface Outcome {
  readonly folder: string
  readonly candidate: Evaluated
  readonly reference?: Evaluated
  readonly earlier?: Plans['earlier']
  readonly verdict?: EvalVerdict
}

/** One server after the other: two at once would disturb each other on a machine that they share. */
async function evaluateSides(
  plans: Plans,
  asked: Asked,
  values: GivenFlags['values'],
  platform: Platform,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Outcome> {
  const files = platform.files!
  const say = (line: string): void => terminal.log.info(line)
  const sides = [['candidate', plans.candidate] as const, ['reference', plans.reference] as const].flatMap(
    ([name, plan]) => (plan === undefined ? [] : [{ name, plan }]),
  )
  // Both are asked first: a reference that is not there should not be found out after an hour.
  const servers: EvalServer[] = []
  for (const { plan } of sides) {
    servers.push(await findEvalServer(plan, asked.tasks, asked.types, platform, say, signal))
  }
  for (const note of servers.flatMap(({ notes }) => notes)) terminal.log.warn(note)
  const id = platform.randomId()
  const startedAt = new Date(platform.clock.epoch()).toISOString()
  const out = values.out as string | undefined
  const folder = await makeRunFolder(files, { id, startedAt, ...(out !== undefined && { out }) })
  const scrub = createScrubber(sides.flatMap(({ plan }) => plan.secrets))
  const requests = sides.map(({ name, plan }, index) =>
    makeRequest(asked, plan, servers[index]!, files.join(folder, name)),
  )
  const writeManifest = async (results: readonly EvalResult[], ended: object): Promise<void> => {
    const described = sides.map(({ name }, index) =>
      describeServer(name, servers[index]!, requests[index]!, asked, results[index]),
    )
    const manifest = { ...describeAsked(asked, platform, id, startedAt), servers: described, ...ended }
    await files.writeText(files.join(folder, 'manifest.json'), scrub(renderJson(manifest)))
  }
  await writeManifest([], {})
  const view = createEvalProgress(terminal, () => platform.clock.now(), values.json === true)
  const results: EvalResult[] = []
  try {
    for (const [index, { name, plan }] of sides.entries()) {
      const title = sides.length > 1 ? `${name} ${servers[index]!.baseUrl}` : servers[index]!.baseUrl
      const { apiKey } = plan.target
      results.push(
        await runLmEval(
          {
            command: asked.lmEval,
            request: requests[index]!,
            ...(apiKey !== undefined && { apiKey }),
            log: files.join(folder, `${name}.log`),
            scrub,
            onProgress: (progress) => view.update(title, progress),
          },
          platform,
          signal,
        ),
      )
    }
  } finally {
    view.clear()
    await writeManifest(results, { endedAt: new Date(platform.clock.epoch()).toISOString() })
  }
  const evaluated: Evaluated[] = []
  for (const [index, { name }] of sides.entries()) {
    const side = await readSide(files, files.join(folder, name))
    evaluated.push({ server: servers[index]!, request: requests[index]!, side })
  }
  const [candidate, reference] = evaluated
  const other = reference?.side ?? plans.earlier?.side
  return {
    folder,
    candidate: candidate!,
    ...(reference !== undefined && { reference }),
    ...(plans.earlier !== undefined && { earlier: plans.earlier }),
    ...(other !== undefined && { verdict: judgeQuality(candidate!.side, other, asked.tolerance, SEED) }),
  }
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

function describeServer(
  role: string,
  { baseUrl, model, version }: EvalServer,
  request: EvalRequest,
  { lmEval }: Asked,
  result: EvalResult | undefined,
): object {
  return {
    role,
    url: baseUrl,
    model,
    version,
    lmEval: {
      command: [lmEval, ...makeArguments(request)],
      environmentVariables: EVAL_ENVIRONMENT,
      ...(result !== undefined && {
        version: result.version,
        environment: result.environment,
        seconds: result.seconds,
      }),
    },
  }
}

async function publish(
  outcome: Outcome,
  asked: Asked,
  values: GivenFlags['values'],
  platform: Platform,
  terminal: Terminal,
): Promise<number> {
  const { folder, candidate, verdict } = outcome
  const files = platform.files!
  const { result } = candidate.side
  const reference = (outcome.reference?.side ?? outcome.earlier?.side)?.result
  const limited = isLimited(result) || (reference !== undefined && isLimited(reference))
  const document = {
    v: 1,
    kind: 'eval',
    limited,
    candidate: { url: candidate.server.baseUrl, model: candidate.server.model, tasks: result.tasks },
    ...(reference !== undefined && { reference: { ...nameReference(outcome), tasks: reference.tasks } }),
    ...(verdict !== undefined && { verdict: { ...verdict, summary: summarizeVerdict(verdict, limited) } }),
    folder,
  }
  await files.writeText(files.join(folder, 'eval.json'), renderJson(document))
  const text = renderEvaluation({ result, ...(reference && { reference }), ...(verdict && { verdict }) })
  await terminal.out(
    values.json === true ? renderJson(document) : `${describeSides(outcome, asked)}\n\n${text}\n${folder}\n`,
  )
  if (values.compat !== undefined) return await finishAsOldTool(outcome, asked, values, platform, terminal)
  if (verdict === undefined) return exit.ok
  if (!verdict.passed) return exit.gateMissed
  const decided = verdict.tasks.every(({ status }) => status === 'held' || status === 'better')
  return !decided && values['fail-on-undecided'] === true ? exit.gateMissed : exit.ok
}

function nameReference({ reference, earlier }: Outcome): object {
  return reference === undefined
    ? { folder: earlier?.folder }
    : { url: reference.server.baseUrl, model: reference.server.model }
}

function describeSides({ candidate, reference, earlier }: Outcome, { endpoint }: Asked): string {
  const { server, side } = candidate
  const version = side.result.version === undefined ? 'lm-eval' : `lm-eval ${side.result.version}`
  const against = reference === undefined ? earlier?.folder : `${reference.server.baseUrl}, ${reference.server.model}`
  return [
    `${server.baseUrl}, ${server.model}, ${endpoint}, ${version}`,
    ...(against === undefined ? [] : [`against ${against}`]),
  ].join('\n')
}

/** Its own verdict, by tolerance alone; 1 for a drop. */
async function finishAsOldTool(
  { candidate, reference, earlier }: Outcome,
  { suite, tolerance, limit }: Asked,
  values: GivenFlags['values'],
  platform: Platform,
  terminal: Terminal,
): Promise<number> {
  const other = (reference?.side ?? earlier?.side)?.result
  const path = values['compat-out']
  if (other === undefined) {
    if (path !== undefined) terminal.log.warn('--compat-out: the old tool writes a comparison only; give --against')
    return exit.ok
  }
  const { passed, status } = compareQuality(candidate.side.result.raw, other.raw, tolerance)
  for (const [task, word] of Object.entries(status)) terminal.log.info(`${task}: ${word}`)
  if (typeof path === 'string') {
    const file = {
      timestamp: new Date(platform.clock.epoch()).toISOString(),
      model: candidate.server.model,
      suite: suite ?? null,
      tolerance,
      limit: limit ?? null,
      rust_url: `${candidate.server.baseUrl}/v1/completions`,
      vllm_url: reference === undefined ? null : `${reference.server.baseUrl}/v1/completions`,
      rust_results: candidate.side.result.raw,
      vllm_results: other.raw,
      passed,
    }
    await platform.files!.writeText(path, renderJson(file))
  }
  return passed ? exit.ok : exit.failed
}
