/** `bench eval`: quality by lm-evaluation-harness, of one server or against another. */
import process from 'node:process'
import type { CommandDef } from 'citty'
import { BenchError } from '../core/errors.ts'
import { checkEndpoint, knownTypes, suites } from '../core/eval/suites.ts'
import { readTaskTypes } from '../core/options/task-files.ts'
import type { Files } from '../core/platform.ts'
import { renderJson } from '../core/report/json.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { describeFailure } from './errors.ts'
import { describeOutcome, finishAsOldTool, judgeOutcome, renderOutcome, renderOutcomeJUnit } from './eval-result.ts'
import { evaluateSides } from './eval-run.ts'
import { type Asked, planSides, SERVER_FLAGS } from './eval-sides.ts'
import { exit } from './exit.ts'
import { readChoice, readDecimal, readNumber } from './flag-values.ts'
import type { Flags, GivenFlags } from './flags.ts'
import { createInterruptHandler } from './interrupt.ts'
import { runFlags } from './run-options.ts'

const TOLERANCE = 0.02
const CONCURRENCY = 4
const SUITES = ['quick', 'standard', 'full'] as const

const flags: Flags = {
  ...Object.fromEntries(SERVER_FLAGS.map((name) => [name, { ...runFlags[name]!, group: 'Server' }])),
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
  'against-start': {
    type: 'string',
    valueHint: 'COMMAND',
    group: 'Server',
    description: 'Command that starts the reference at --against, once the first server has ended',
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
  junit: { type: 'string', valueHint: 'FILE', description: 'Write the verdict as JUnit XML: a case a task' },
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
      "bench eval --url http://localhost:8000 --start 'vllm serve M' --against earlier --junit out.xml",
      'bench eval --url http://localhost:8000 --tasks my_task --include-path tasks --endpoint chat',
    ],
  },
  evaluate,
)
export default command

function describeSuites(): string {
  return SUITES.map((name) => `${name} (${suites[name].join(', ')})`).join('; ')
}

async function evaluate({ values, terminal }: CommandContext): Promise<number> {
  const platform = await loadPlatform()
  if (platform.files === undefined) throw new BenchError('unsupported', `${platform.name} has no files to keep results`)
  const compat = readChoice(values, 'compat', ['vllm-rust'])
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
    const { files } = platform
    await files.writeText(files.join(outcome.folder, 'eval.json'), renderJson(describeOutcome(outcome)))
    const strict = values['fail-on-undecided'] === true
    if (typeof values.junit === 'string') await files.writeText(values.junit, renderOutcomeJUnit(outcome, strict))
    await terminal.out(values.json === true ? renderJson(describeOutcome(outcome)) : renderOutcome(outcome, asked))
    return compat === undefined
      ? judgeOutcome(outcome, strict)
      : await finishAsOldTool(outcome, asked, values['compat-out'] as string | undefined, platform, terminal)
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
  const suite = readChoice(values, 'suite', SUITES)
  const own = typeof values.tasks === 'string' ? splitNames(values.tasks) : undefined
  if (own !== undefined && suite !== undefined) {
    throw new BenchError('usage', '--suite and --tasks both say what to ask; give one')
  }
  const tasks = own ?? suites[suite ?? 'quick']
  const endpoint = readChoice(values, 'endpoint', ['completions', 'chat']) ?? 'completions'
  const includePath = values['include-path']
  const limit = readDecimal(values, 'limit', 0)
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
    tolerance: readDecimal(values, 'tolerance', 0) ?? TOLERANCE,
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
