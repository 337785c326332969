/** How far an evaluation has come: one redrawn line on a terminal, a plain line now and then elsewhere. */
import type { EvalProgress } from '../core/eval/progress.ts'
import { truncate } from '../core/report/text.ts'
import type { Terminal } from './terminal.ts'

const PLAIN_EVERY_MS = 10_000

export interface EvalProgressView {
  update(title: string, progress: EvalProgress): void
  clear(): void
}

/** `now` in ms. */
export function createEvalProgress(
  terminal: Pick<Terminal, 'err' | 'live' | 'width'>,
  now: () => number,
  silent: boolean,
): EvalProgressView {
  let lastAt = Number.NEGATIVE_INFINITY
  let lastStep = ''
  const wipe = '\r\u001b[K'
  return {
    update(title, progress) {
      if (silent) return
      const line = `${title}: ${describe(progress)}`
      if (terminal.live) return terminal.err(`${wipe}${truncate(line, terminal.width - 1)}`)
      const step = `${title} ${progress.step} ${progress.kind ?? ''}`
      if (step === lastStep && now() - lastAt < PLAIN_EVERY_MS) return
      lastStep = step
      lastAt = now()
      terminal.err(`${line}\n`)
    },
    clear() {
      if (!silent && terminal.live) terminal.err(wipe)
    },
  }
}

const steps: Readonly<Record<EvalProgress['step'], string>> = {
  start: 'starting lm-eval',
  'load tasks': 'loading tasks',
  tokenize: 'counting tokens',
  ask: 'asking',
  save: 'saving',
}

function describe({ step, kind, done, total }: EvalProgress): string {
  const count = done === undefined || total === undefined ? '' : ` ${done}/${total}`
  return `${steps[step]}${count}${step === 'ask' && kind !== undefined ? ` (${kind})` : ''}`
}
