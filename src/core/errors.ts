/**
 * The errors that stop a command. What goes wrong with one request is no error but a record (`record.ts`).
 *
 * - `usage`: wrong flag, value, config or named file; nothing was sent. Exit code 2.
 * - `unreachable`: the server could not be reached, or is not ready. Exit code 1.
 * - `run-failed`: no request succeeded, or the server died and stayed away. Exit code 1.
 * - `storage`: results could not be written or read (full disk, no permission). Exit code 1.
 * - `unsupported`: this runtime or server lacks what was asked for. Exit code 2.
 * - `internal`: a defect of inferbench. Exit code 1.
 */
export type BenchErrorCode = 'usage' | 'unreachable' | 'run-failed' | 'storage' | 'unsupported' | 'internal'

/** An error with a stable code and one line for people: what, where, what to do. Never carries a secret. */
export class BenchError extends Error {
  override readonly name = 'BenchError'
  readonly code: BenchErrorCode

  constructor(code: BenchErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** One line about anything that was thrown, for evidence and logs. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const code = (thrown as { code?: unknown }).code
  const text = thrown.message || thrown.name
  return typeof code === 'string' && !text.includes(code) && !(thrown instanceof BenchError)
    ? `${text} (${code})`
    : text
}
