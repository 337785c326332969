/** `bench run`: reads options, measures, shows and judges. */
import process from 'node:process'
import type { CommandDef } from 'citty'
import type { RunObserver } from '../core/engine/run.ts'
import { BenchError } from '../core/errors.ts'
import type { CheckedOptions } from '../core/options/mod.ts'
import type { RunPlan } from '../core/plan.ts'
import type { Platform } from '../core/platform.ts'
import type { RunResult } from '../core/run.ts'
import { formatDuration } from '../core/units.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { describeFailure } from './errors.ts'
import { exit, exitCodeOf } from './exit.ts'
import { createInterruptHandler } from './interrupt.ts'
import { makePlan } from './plan.ts'
import { createProgressView, type ProgressView } from './progress.ts'
import { judgeSummary, publishResult } from './publish.ts'
import { findMeantFlag, type ReadRunOptions, readRunOptions, runFlags } from './run-options.ts'
import type { Terminal } from './terminal.ts'

const command: CommandDef = makeCommand(
  {
    name: 'run',
    summary: 'Measure an LLM inference server.',
    about:
      'Without --url it starts a mock server and measures that. Durations carry a unit (500ms, 10s, 2m). Exit code: 0 done, 1 the run failed, 2 wrong usage, 3 a gate was not met, 4 the verdict is worse than --require asks, 130 interrupted.',
    flags: runFlags,
    findMeant: findMeantFlag,
    examples: [
      'bench run',
      'bench run --url http://localhost:8000 --concurrency 1,4,16 --prompt-tokens 128 --output-tokens 64',
      'bench run --url http://localhost:8000 --rate 5,10 --duration 1m --slo ttft=200ms,tpot=30ms',
      "bench run --url http://localhost:8000 --gate 'ttft.p99<500ms' --gate 'errors<1%' --junit gates.xml",
      'bench run -c bench.yaml',
    ],
  },
  runCommand,
)
export default command

async function runCommand({ values, terminal }: CommandContext): Promise<number> {
  const platform = await loadPlatform()
  const given = await readRunOptions(values, platform)
  const read = given.options.compat === undefined ? given : await readAsOldTool(given)
  return await carryOut(read, platform, terminal)
}

/** Plans, measures, shows and judges; returns the exit code. `arrange` may change the plan. */
export async function carryOut(
  read: ReadRunOptions,
  platform: Platform,
  terminal: Terminal,
  arrange: (plan: RunPlan) => RunPlan = (plan) => plan,
): Promise<number> {
  if (read.options.html !== undefined && read.options.out === null) {
    throw new BenchError('usage', '--html is made from the run folder, and "out" is null')
  }
  const view = createProgressView(terminal, () => platform.clock.now(), read.options.json === true)
  const stopping = new AbortController()
  const restore = listenForInterrupts(platform, stopping, view, read.options)
  try {
    const result = await measure(read, platform, view, stopping.signal, arrange)
    view.clear()
    await publishResult(result, read.options, platform, terminal)
    await publishPage(result, read.options, platform, terminal)
    const code = judge(result, read.options, terminal)
    return read.options.compat === undefined ? code : await finishAsOldTool(code, result, read.options, platform)
  } catch (thrown) {
    view.clear()
    if (!stopping.signal.aborted) throw thrown
    terminal.log.warn('interrupted before anything was measured')
    return exit.interrupted
  } finally {
    restore()
  }
}

/** From the run folder, so that `bench report` gives the same. */
async function publishPage(
  { folder }: RunResult,
  { html, plugins = [] }: CheckedOptions,
  platform: Platform,
  terminal: Terminal,
): Promise<void> {
  if (html === undefined || folder === undefined) return
  const { writeRunPage } = await import('./report-page.ts')
  const named = plugins.filter((one) => typeof one === 'string')
  await writeRunPage(html, folder, named, platform, terminal)
}

async function readAsOldTool(given: ReadRunOptions): Promise<ReadRunOptions> {
  const { completeAsOldTool } = await import('./old-result.ts')
  return { ...given, options: completeAsOldTool(given.options) }
}

async function measure(
  read: ReadRunOptions,
  platform: Platform,
  view: ProgressView,
  signal: AbortSignal,
  arrange: (plan: RunPlan) => RunPlan,
): Promise<RunResult> {
  if (read.options.url !== undefined) {
    const made = arrange(await makePlan(read.options, platform, read.nameOption, true))
    return await measurePlan(made, platform, view, signal, pickExtras(read))
  }
  // Loaded where it is needed: a user waits for every module between the command and the first request.
  const { startOwnServer } = await import('./own-server.ts')
  const own = await startOwnServer(read.options, platform)
  try {
    const made = arrange(await makePlan(own.options, platform, read.nameOption, true))
    return await measurePlan(made, platform, sayFirst(view, own.said), signal, pickExtras(read))
  } finally {
    await own.close()
  }
}

export interface MeasureExtras extends Pick<RunObserver, 'rest'> {
  readonly definitions?: CheckedOptions['definitions']
}

/** Calibrates first where that is asked for; shows how far it has come. */
export async function measurePlan(
  plan: RunPlan,
  platform: Platform,
  view: ProgressView,
  signal: AbortSignal,
  { definitions, ...extras }: MeasureExtras = {},
): Promise<RunResult> {
  if (plan.options.calibrate === true) {
    const { calibrateFirst } = await import('./own-calibration.ts')
    await calibrateFirst(plan, platform, view.say, signal)
  }
  const { run } = await import('../core/engine/run.ts')
  const observer = { ...extras, progress: view.update, say: view.say }
  if (definitions === undefined) return await run(plan, platform, observer, signal)
  const { showAs } = await import('../core/profiles/show.ts')
  const shown = showAs(definitions)
  const result = await run(plan, platform, { ...observer, record: shown.add }, signal)
  return { ...result, summary: shown.apply(result.summary) }
}

function pickExtras({ options: { definitions } }: ReadRunOptions): MeasureExtras {
  return definitions === undefined ? {} : { definitions }
}

/** Says a line once the run is under way: an error before that is the only line there is. */
function sayFirst(view: ProgressView, line: string): ProgressView {
  let said = false
  return {
    ...view,
    update(progress) {
      if (!said) view.say(line)
      said = true
      view.update(progress)
    },
  }
}

/** The first Ctrl-C stops sending and drains; the second leaves. Returns how to stop listening. */
export function listenForInterrupts(
  platform: Platform,
  stopping: AbortController,
  view: ProgressView,
  options: CheckedOptions,
): () => void {
  const stop = (): void => {
    const drain =
      options.drain === 0
        ? ''
        : `, waiting${options.drain === undefined ? '' : ` ${formatDuration(options.drain)} at most`} for open requests`
    view.say(`stopping${drain}; Ctrl-C again leaves at once`)
    stopping.abort()
  }
  const leave = (): void => {
    view.clear()
    process.exit(exit.interrupted)
  }
  return platform.onInterrupt?.(createInterruptHandler(() => platform.clock.now(), stop, leave)) ?? (() => {})
}

/** Older tools know no code but 1. */
async function finishAsOldTool(
  code: number,
  result: RunResult,
  options: CheckedOptions,
  platform: Platform,
): Promise<number> {
  const { writeOldResult } = await import('./old-result.ts')
  const oldCode = await writeOldResult(result, options, platform)
  return code === exit.ok || code === exit.interrupted ? Math.max(code, oldCode) : exit.failed
}

/** What is not on standard output already is said here, a line each. */
function judge(result: RunResult, options: CheckedOptions, terminal: Terminal): number {
  if (result.failure !== undefined) terminal.err(describeFailure(result.failure).text)
  if (result.interrupted) return exit.interrupted
  if (result.failure !== undefined) return exitCodeOf(result.failure.code)
  return judgeSummary(result.summary, options, terminal)
}
