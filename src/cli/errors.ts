/** The one line on standard error that a failed command leaves. */
import process from 'node:process'
import { BenchError, describeError } from '../core/errors.ts'
import { createScrubber } from '../core/options/secrets.ts'
import { exit, exitCodeOf } from './exit.ts'

/** Secrets that this process knows of: whatever is printed about an error passes through them. */
const known = new Set<string>()

export function rememberSecrets(secrets: readonly string[]): void {
  for (const secret of secrets) known.add(secret)
}

export function scrub(text: string): string {
  return createScrubber([...known])(text)
}

export interface Failure {
  /** Ends with a line end. */
  readonly text: string
  readonly code: number
}

/** What to print and how to exit. With `BENCH_DEBUG=1` the stack follows; a defect of ours says so. */
export function describeFailure(thrown: unknown): Failure {
  const debug = isDebugging()
  const expected = thrown instanceof BenchError && thrown.code !== 'internal'
  const line = oneLine(describeError(thrown))
  const advice = expected || debug ? '' : ' (this is a defect of inferbench; BENCH_DEBUG=1 shows where it happened)'
  const stack = debug && thrown instanceof Error ? `${describeStack(thrown)}\n` : ''
  return {
    text: scrub(`bench: ${line}${advice}\n${stack}`),
    code: thrown instanceof BenchError ? exitCodeOf(thrown.code) : exit.failed,
  }
}

function isDebugging(): boolean {
  try {
    return Boolean(process.env.BENCH_DEBUG)
  } catch {
    // Deno may refuse the environment; an error while an error is described would never end.
    return false
  }
}

/** Control characters from a server or a file must not reach a terminal. */
function oneLine(text: string): string {
  return text
    .replaceAll(/\s*[\r\n]+\s*/g, ' ')
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '�')
    .trim()
}

function describeStack(thrown: Error): string {
  const own = thrown.stack ?? thrown.message
  return thrown.cause instanceof Error ? `${own}\ncaused by ${describeStack(thrown.cause)}` : own
}
