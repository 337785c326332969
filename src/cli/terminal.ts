/** Standard output and error, and what is known of the terminal behind them. */
import process from 'node:process'
import { BenchError } from '../core/errors.ts'

export interface Terminal {
  /** Resolves when the text was handed over: an exit right after loses nothing. Rejects when it cannot be. */
  out(text: string): Promise<void>
  err(text: string): void
  /** Of standard error, where progress goes. */
  readonly live: boolean
  readonly width: number
  /** Of standard output. */
  readonly color: boolean
}

/** The process's own. `NO_COLOR` and `FORCE_COLOR` are honoured (no-color.org, force-color.org). */
export function openTerminal(): Terminal {
  const { stdout, stderr, env } = process
  // A reader that went away (`bench run | head`) is no defect; the run folder is complete all the same.
  stderr.on('error', () => {})
  return {
    out: (text) =>
      new Promise((resolve, reject) => {
        stdout.write(text, (error) => {
          if (!error || (error as NodeJS.ErrnoException).code === 'EPIPE') resolve()
          else reject(new BenchError('storage', `cannot write to standard output: ${error.message}`, { cause: error }))
        })
      }),
    err: (text) => {
      stderr.write(text)
    },
    live: stderr.isTTY === true && env.TERM !== 'dumb',
    get width() {
      return (stdout.isTTY ? stdout.columns : stderr.isTTY ? stderr.columns : undefined) || 80
    },
    color: env.NO_COLOR
      ? false
      : env.FORCE_COLOR
        ? env.FORCE_COLOR !== '0'
        : stdout.isTTY === true && env.TERM !== 'dumb',
  }
}
