/** Programs that tell about GPUs, as processes. */
import { BenchError, type Child, type Platform } from 'inferbench'

/** Numbers with a point, messages in English. */
const env = { LC_ALL: 'C' }

/** undefined: there is no such program here, or none may be started. */
export function start(platform: Platform, command: string, args: readonly string[]): Child | undefined {
  if (platform.mayDo?.('run', command) === false) return undefined
  try {
    return platform.spawn?.(command, args, { env })
  } catch {
    return undefined
  }
}

export interface Answer {
  readonly lines: readonly string[]
  /** null: it was killed. */
  readonly code: number | null
}

/**
 * Runs a program to its end and gives what it said, errors among it. undefined: there is no such program. Rejects with `unreachable` when it
 * takes longer than `limitMs` or is no longer wanted; then it is killed.
 */
export async function ask(
  platform: Platform,
  command: string,
  args: readonly string[],
  limitMs: number,
  signal?: AbortSignal,
): Promise<Answer | undefined> {
  const child = start(platform, command, args)
  if (child === undefined) return undefined
  let late = false
  const end = (): void => {
    late = true
    child.kill('SIGKILL')
  }
  const timer = setTimeout(end, limitMs)
  signal?.addEventListener('abort', end, { once: true })
  if (signal?.aborted) end()
  try {
    const lines: string[] = []
    for await (const line of child.lines) lines.push(line)
    const { code } = await child.exited
    if (late) throw new BenchError('unreachable', `${command} did not answer within ${limitMs} ms`)
    return { lines, code }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}

/** Ends a program that streams; it is gone when this resolves. */
export async function stop(child: Child): Promise<void> {
  child.kill('SIGTERM')
  const hurry = setTimeout(() => child.kill('SIGKILL'), 1000)
  await child.exited
  clearTimeout(hurry)
}

/** The last thing that a program said, for a reason on one line. */
export function lastWords({ lines, code }: Answer): string {
  return joinWords(lines) ?? `it ended with code ${code} and said nothing`
}

const MOST_LINES = 3
const MOST_CHARACTERS = 200

/**
 * What is wrong may stand before the last line (`Driver/library version mismatch`, then a version); of a program in Python it is the last one. undefined:
 * nothing was said.
 */
export function joinWords(lines: readonly string[]): string | undefined {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '')
  const traced = said.some((line) => line.startsWith('Traceback (most recent call last)'))
  const last = said.slice(traced ? -1 : -MOST_LINES).join('; ')
  return last === '' ? undefined : last.slice(0, MOST_CHARACTERS)
}
