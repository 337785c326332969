/** `bench calibrate --against URL` and `--run DIR`: our records beside the log of a server that says what it sent. */
import type { StampedAnswer } from '../core/engine/instrument-error.ts'
import { checkStamps, readRunStamps } from '../core/engine/truth-check.ts'
import { readTruthLog, type TruthLog } from '../core/engine/truth-log.ts'
import { BenchError } from '../core/errors.ts'
import type { Files, Platform } from '../core/platform.ts'
import { renderTruthCheck } from '../core/report/ladder.ts'
import { exit } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { makePlan } from './plan.ts'
import { readRunOptions } from './run-options.ts'
import type { Terminal } from './terminal.ts'

/** A server may write its log a moment after it has answered. */
const LOG_WAIT_MS = 5000
const LOG_LOOK_MS = 250

/** Flags of `bench run` that say what load the server gets, and how to reach it. */
export const AGAINST_FLAGS: readonly string[] = [
  'adapter',
  'model',
  'endpoint',
  'api-key-env',
  'api-key-file',
  'header',
  'body',
  'concurrency',
  'requests',
  'warmup',
  'prompt-tokens',
  'output-tokens',
  'timeout',
  'insecure',
  'ca',
  'out',
]

/** `given`: the flags that `bench run` knows, with the URL; absent to check the run in `folder`. */
export interface AgainstPlan {
  readonly log: string
  readonly folder?: string
  readonly given?: GivenFlags['values']
  readonly json: boolean
}

export async function compareWithLog(plan: AgainstPlan, platform: Platform, terminal: Terminal): Promise<number> {
  const { files } = platform
  if (files === undefined) throw new BenchError('unsupported', `${platform.name} has no files to read a log from`)
  const folder = plan.folder ?? (await runAgainst(plan.given ?? {}, platform, terminal))
  const stamped = await readRunStamps(files, folder)
  const check = checkStamps(stamped, await readLog(files, plan, stamped, folder))
  const text = plan.json
    ? JSON.stringify({ v: 1, run: folder, log: plan.log, ...check }, null, 2)
    : [...renderTruthCheck(check), '', ...(check.missing === 0 ? [] : [adviseEnd(plan, folder)]), folder].join('\n')
  await terminal.out(`${text}\n`)
  return exit.ok
}

/** Returns the folder of the run. */
async function runAgainst(values: GivenFlags['values'], platform: Platform, terminal: Terminal): Promise<string> {
  const { run } = await import('../core/engine/run.ts')
  const { options, nameOption } = await readRunOptions(values, platform)
  const made = await makePlan(options, platform, nameOption)
  const stopping = new AbortController()
  const restore = platform.onInterrupt?.(() => stopping.abort())
  try {
    const { folder, failure } = await run(made, platform, { say: (line) => terminal.log.info(line) }, stopping.signal)
    if (failure !== undefined) throw failure
    return folder!
  } finally {
    restore?.()
  }
}

/** A run that has just ended waits for what the server has not written yet. */
async function readLog(
  files: Files,
  { log, folder: existing }: AgainstPlan,
  stamped: readonly StampedAnswer[],
  folder: string,
): Promise<TruthLog> {
  const attempts = existing === undefined ? LOG_WAIT_MS / LOG_LOOK_MS : 0
  for (let left = attempts; ; left--) {
    try {
      const truths = await readTruthLog(log, files.readPieces(log))
      if (left === 0 || stamped.every(({ id }) => truths.has(id))) return requireSome(truths, log, folder)
    } catch (thrown) {
      if (left === 0) throw thrown
    }
    await new Promise((resolve) => setTimeout(resolve, LOG_LOOK_MS))
  }
}

function requireSome(truths: TruthLog, log: string, folder: string): TruthLog {
  if (truths.size > 0) return truths
  throw new BenchError('usage', `${log} holds no whole line; ${adviseEnd({ log }, folder)}`)
}

function adviseEnd({ log }: Pick<AgainstPlan, 'log'>, folder: string): string {
  return `where it writes its log as it ends, end the server, then: bench calibrate --run ${folder} --log ${log}`
}
