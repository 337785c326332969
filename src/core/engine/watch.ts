/** The instrument watching itself: was the client the bottleneck? Always on; see `ClientSample`. */
import type { ClientUsage } from '../platform.ts'
import type { ClientSample } from '../run.ts'
import type { Session } from './session.ts'

/** How often a timer of ours should fire, and how often a line is written. */
const TICK_MS = 25
const LINE_MS = 250

export interface WatchedState {
  readonly openSockets: number
  readonly inFlight: number
  readonly lateSends: number
  readonly undecodedBytes: number
}

/** Reads from whichever phase is running; between phases there is nothing to see. */
export function createStateReader(): { read(): WatchedState; set(read: () => WatchedState): void } {
  let current = (): WatchedState => ({ openSockets: 0, inFlight: 0, lateSends: 0, undecodedBytes: 0 })
  return {
    read: () => current(),
    set: (read) => {
      current = read
    },
  }
}

/** Runs until the returned function is called, which writes a last line. */
export function startWatch(
  session: Session,
  read: () => WatchedState,
  write: (sample: ClientSample) => void,
): () => void {
  const { platform, toRunMs } = session
  const { clock } = platform
  let timer: ReturnType<typeof setTimeout>
  let expectedAt = clock.now() + TICK_MS
  let worstLateMs = 0
  let lineAt = clock.now()
  let usage = platform.usage?.()

  const tick = (): void => {
    const now = clock.now()
    // Measured here because only Node reports the delay of its event loop. A timer may fire a little early: not late.
    worstLateMs = Math.max(worstLateMs, now - expectedAt)
    if (now - lineAt >= LINE_MS) writeLine(now)
    expectedAt = clock.now() + TICK_MS
    timer = setTimeout(tick, TICK_MS)
  }

  const writeLine = (now: number): void => {
    const latest = platform.usage?.()
    write({
      at: toRunMs(now),
      timerLateMs: Math.round(worstLateMs * 1000) / 1000,
      ...describeUsage(usage, latest, now - lineAt),
      ...read(),
    })
    usage = latest
    worstLateMs = 0
    lineAt = now
  }

  timer = setTimeout(tick, TICK_MS)
  return () => {
    clearTimeout(timer)
    writeLine(clock.now())
  }
}

function describeUsage(
  before: ClientUsage | undefined,
  now: ClientUsage | undefined,
  ms: number,
): Partial<ClientSample> {
  if (before === undefined || now === undefined) return {}
  const round = (value: number): number => Math.round(value * 1000) / 1000
  return {
    ...(ms > 0 ? { cpu: [round((now.cpuMs - before.cpuMs) / ms)] } : {}),
    ...(now.gcMs === undefined ? {} : { gcMs: round(now.gcMs) }),
    ...(now.gcMaxMs === undefined ? {} : { gcMaxMs: round(now.gcMaxMs) }),
    ...(now.memoryBytes === undefined ? {} : { memoryBytes: now.memoryBytes }),
  }
}
