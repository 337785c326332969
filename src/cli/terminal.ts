/** Standard output and error, and what is known of the terminal behind them. */
import process from 'node:process'
import { type ConsolaInstance, createConsola } from 'consola/core'
import { getColor } from 'consola/utils'
import { BenchError } from '../core/errors.ts'
import { scrub } from './errors.ts'

export interface Terminal {
  /** Resolves when the text was handed over: an exit right after loses nothing. Rejects when it cannot be. */
  out(text: string): Promise<void>
  err(text: string): void
  /** What there is to say beside the result: a line each on standard error, secrets removed. */
  readonly log: ConsolaInstance
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
    log: openLog((text) => stderr.write(text), usesColor(stderr.isTTY === true)),
    live: stderr.isTTY === true && env.TERM !== 'dumb',
    get width() {
      return (stdout.isTTY ? stdout.columns : stderr.isTTY ? stderr.columns : undefined) || 80
    },
    color: usesColor(stdout.isTTY === true),
  }
}

function usesColor(isTerminal: boolean): boolean {
  const { env } = process
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0'
  return isTerminal && env.TERM !== 'dumb'
}

/** Lines as every command line tool writes them: its name first, so that they can be told from a server's. */
function openLog(write: (text: string) => void, color: boolean): ConsolaInstance {
  const plain = (text: string | number): string => String(text)
  const label = { error: color ? getColor('red') : plain, warn: color ? getColor('yellow') : plain }
  return createConsola({
    reporters: [
      {
        log({ type, args }) {
          const paint = type === 'error' || type === 'fatal' ? label.error : type === 'warn' ? label.warn : plain
          write(`${paint('bench:')} ${scrub(args.map(String).join(' '))}\n`)
        },
      },
    ],
    // Every line counts: none is held back because it repeats.
    throttle: 0,
  })
}
