/** lm-eval as a process beside us: asked for, watched, and believed only when its result is there. */
import { BenchError } from '../errors.ts'
import { type EvalRequest, makeArguments } from '../eval/command.ts'
import { explainFailure } from '../eval/failure.ts'
import { createProgressReader, type EvalProgress } from '../eval/progress.ts'
import { type EvalResult, parseResult } from '../eval/result.ts'
import { parseSamples, type Sample } from '../eval/samples.ts'
import type { EvalSide } from '../eval/verdict.ts'
import type { Child, Files, Platform } from '../platform.ts'

/** What to do where lm-eval is not. `option`: how another executable is named. */
export function adviseInstall(command: string, option: string): string {
  return `${command} cannot be started; install it with: pip install 'lm-eval[api]', or say where it is with ${option}`
}

export interface LmEval {
  /** The executable. */
  readonly command: string
  readonly request: EvalRequest
  readonly apiKey?: string
  /** All that it writes, a line at a time, without secrets. */
  readonly log: string
  readonly scrub: (text: string) => string
  readonly onProgress: (progress: EvalProgress) => void
  /** How the user names another executable; absent: `--lm-eval PATH`. */
  readonly commandOption?: string
}

/** Between asking it to end and ending it. */
const GRACE_MS = 3000
/** Enough for a traceback. */
const KEPT_LINES = 200

/** Beside the user's own environment. One thread of tokenizers and a bar a second are enough. */
export const EVAL_ENVIRONMENT: Readonly<Record<string, string>> = {
  TOKENIZERS_PARALLELISM: 'false',
  TQDM_MININTERVAL: '1',
  PYTHONUNBUFFERED: '1',
  PYTHONIOENCODING: 'utf-8',
}

/** Resolves when the result file is there and can be read; rejects with what to do. Aborting ends the process. */
export async function runLmEval(asked: LmEval, platform: Platform, signal: AbortSignal): Promise<EvalResult> {
  const { request, log, scrub } = asked
  const files = platform.files!
  const file = await files.appendTo(log)
  const lines: string[] = []
  let ended: Awaited<Child['exited']>
  try {
    const child = start(asked, platform)
    asked.onProgress({ step: 'start' })
    const read = createProgressReader()
    ended = await follow(child, signal, (line) => {
      const clean = scrub(line)
      file.append(`${clean}\n`)
      lines.push(clean)
      if (lines.length > KEPT_LINES) lines.shift()
      const progress = read(clean)
      if (progress !== undefined) asked.onProgress(progress)
    })
  } finally {
    await file.close()
  }
  if (signal.aborted) throw new BenchError('run-failed', 'interrupted')
  if (ended.code !== 0) throw explainFailure(lines, ended.code, log)
  // A result that it could not write is only a warning to lm-eval, and its exit code stays 0.
  const path = await findResult(files, request.output)
  if (path === undefined) {
    throw new BenchError('run-failed', `lm-eval ended well but left no result in ${request.output}; see ${log}`)
  }
  return checkResult(parseResult(await files.readText(path), path), request, path)
}

/** Hands on what it writes until it has ended, which it has in any case then. */
async function follow(
  child: Child,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Awaited<Child['exited']>> {
  let killing: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => {
    child.kill('SIGTERM')
    killing = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  }
  signal.addEventListener('abort', stop)
  try {
    if (signal.aborted) stop()
    for await (const line of child.lines) onLine(line)
    return await child.exited
  } catch (thrown) {
    child.kill('SIGKILL')
    throw thrown
  } finally {
    clearTimeout(killing)
    signal.removeEventListener('abort', stop)
  }
}

function start({ command, request, apiKey, commandOption = '--lm-eval PATH' }: LmEval, platform: Platform): Child {
  if (platform.spawn === undefined) {
    throw new BenchError('unsupported', `${platform.name} cannot start lm-eval: it has no processes`)
  }
  const env = { ...EVAL_ENVIRONMENT, OPENAI_API_KEY: apiKey ?? '' }
  try {
    return platform.spawn(command, makeArguments(request), { env, redraws: true })
  } catch (thrown) {
    if (!(thrown instanceof BenchError) || !thrown.message.startsWith('cannot start')) throw thrown
    throw new BenchError('unsupported', adviseInstall(command, commandOption), { cause: thrown })
  }
}

/** A run without one score is none. */
function checkResult(result: EvalResult, { tasks }: EvalRequest, path: string): EvalResult {
  const scored = result.tasks.some(({ metrics }) => metrics.some(({ value }) => value !== undefined))
  if (scored) return result
  throw new BenchError('run-failed', `${path} holds no score of ${tasks.join(', ')}`)
}

/** `<folder>/<model>/results_<instant>.json`, the last by instant. */
async function findResult(files: Files, folder: string): Promise<string | undefined> {
  const found: (readonly [name: string, path: string])[] = []
  for (const name of (await files.list(folder)) ?? []) {
    const inner = files.join(folder, name)
    for (const file of (await files.list(inner)) ?? []) {
      if (/^results.*\.json$/.test(file)) found.push([file, files.join(inner, file)])
    }
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1)).at(-1)?.[1]
}

/** What lm-eval left in a folder, with the samples behind it. Throws `BenchError('usage')` when there is nothing. */
export async function readSide(files: Files, folder: string): Promise<EvalSide> {
  const path = await findResult(files, folder)
  if (path === undefined) throw new BenchError('usage', `${folder} holds no result of lm-eval`)
  const [, directory = '', instant = ''] = /^(.*)[/\\]results(.*)\.json$/.exec(path) ?? []
  const samples = new Map<string, readonly Sample[]>()
  for (const name of (await files.list(directory)) ?? []) {
    const end = `${instant}.jsonl`
    if (!name.startsWith('samples_') || !name.endsWith(end)) continue
    const task = name.slice('samples_'.length, -end.length)
    samples.set(task, parseSamples(await files.readText(files.join(directory, name))))
  }
  return { result: parseResult(await files.readText(path), path), samples }
}
