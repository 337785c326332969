/** How far a run has come: redrawn lines on a terminal, a plain line now and then elsewhere. */
import type { Progress } from '../core/run.ts'
import { formatDuration } from '../core/units.ts'
import type { Terminal } from './terminal.ts'

type LiveTerminal = Pick<Terminal, 'err' | 'live' | 'width'>

const PLAIN_EVERY_MS = 5_000
const BAR_WIDTH = 20

export interface ProgressView {
  update(progress: Progress): void
  /** A line that stays. */
  say(line: string): void
  /** Takes the redrawn lines away. */
  clear(): void
}

/** `now` in ms. Nothing is shown when `silent`. */
export function createProgressView(terminal: LiveTerminal, now: () => number, silent: boolean): ProgressView {
  if (silent) return { update: () => {}, say: () => {}, clear: () => {} }
  return terminal.live ? createLiveView(terminal) : createPlainView(terminal, now)
}

function createLiveView(terminal: LiveTerminal): ProgressView {
  let drawn = 0
  // To the first drawn line, and everything from there on away.
  const wipe = (): string => (drawn === 0 ? '' : `\r${drawn > 1 ? `\u001b[${drawn - 1}A` : ''}\u001b[J`)
  return {
    update(progress) {
      // A line as wide as the terminal would wrap, and what follows would be drawn one line too low.
      const lines = renderLive(progress).map((line) => line.slice(0, terminal.width - 1))
      terminal.err(wipe() + lines.join('\n'))
      drawn = lines.length
    },
    say(line) {
      terminal.err(`${wipe()}${line}\n`)
      drawn = 0
    },
    clear() {
      terminal.err(wipe())
      drawn = 0
    },
  }
}

function createPlainView(terminal: LiveTerminal, now: () => number): ProgressView {
  let lastAt = Number.NEGATIVE_INFINITY
  let lastPhase = ''
  return {
    update(progress) {
      const phase = `${progress.run} ${progress.scenarioIndex} ${progress.phase}`
      if (phase === lastPhase && now() - lastAt < PLAIN_EVERY_MS) return
      lastPhase = phase
      lastAt = now()
      terminal.err(`${renderPlain(progress)}\n`)
    },
    say: (line) => terminal.err(`${line}\n`),
    clear: () => {},
  }
}

const phases: Readonly<Record<Progress['phase'], string>> = {
  prepare: 'preparing',
  warmup: 'warming up',
  measure: 'measuring',
  drain: 'draining',
}

/** One line, or two once something was measured. */
export function renderLive(progress: Progress): readonly string[] {
  const share = shareOf(progress)
  const bar = share === undefined ? '' : drawBar(share)
  const figures = describeFigures(progress)
  return [
    [describePlace(progress), bar, ...describeCounts(progress), describeLeft(progress)].filter(isSaid).join('  '),
    ...(figures.length > 0 ? [`  ${figures.join('  ')}`] : []),
  ]
}

/** One line, without anything that moves. */
export function renderPlain(progress: Progress): string {
  const parts = [...describeCounts(progress), ...describeFigures(progress), describeLeft(progress)].filter(isSaid)
  return `${describePlace(progress)}: ${parts.join(', ')}`
}

function describePlace({ title, scenarioIndex, scenarioCount, run, runCount, phase }: Progress): string {
  const repetition = run === undefined ? '' : `run ${run}/${runCount} `
  const place = scenarioCount > 1 ? `[${scenarioIndex + 1}/${scenarioCount}] ` : ''
  return `${repetition}${place}${title}, ${phases[phase]}`
}

function describeCounts({ done, total, inFlight, errors }: Progress): readonly string[] {
  const requests = total === undefined ? `${done} done` : `${done}/${total}`
  return [requests, `${inFlight} in flight`, ...(errors > 0 ? [`${errors} failed`] : [])]
}

function describeFigures(progress: Progress): readonly string[] {
  const { requestsPerSecond, outputTokensPerSecond, ttftMs, itlMs } = progress
  return [
    requestsPerSecond === undefined ? '' : `${requestsPerSecond.toFixed(1)} req/s`,
    outputTokensPerSecond === undefined ? '' : `${outputTokensPerSecond.toFixed(0)} tok/s`,
    ttftMs === undefined ? '' : `TTFT ${ttftMs.toFixed(1)} ms`,
    itlMs === undefined ? '' : `ITL ${itlMs.toFixed(1)} ms`,
  ].filter(isSaid)
}

function describeLeft({ leftMs }: Progress): string {
  return leftMs === undefined ? '' : `${formatDuration(Math.ceil(leftMs / 1000) * 1000).replace('.0 s', ' s')} left`
}

function shareOf({ done, total, elapsedMs, leftMs }: Progress): number | undefined {
  if (total !== undefined && total > 0) return done / total
  return leftMs === undefined || elapsedMs + leftMs === 0 ? undefined : elapsedMs / (elapsedMs + leftMs)
}

function drawBar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH)
  return `[${'='.repeat(full)}${' '.repeat(BAR_WIDTH - full)}]`
}

function isSaid(part: string): boolean {
  return part !== ''
}
