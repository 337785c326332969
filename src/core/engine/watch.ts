/** The instrument watching itself: was the client the bottleneck? Always on; see `ClientSample`. */
import type { ClientUsage, Platform } from '../platform.ts'
import type { ClientSample } from '../run.ts'
import type { Session } from './session.ts'

/** How often a timer of ours should fire, and how often it is said how late that was. */
const TICK_MS = 25
const LINE_MS = 250

/** What a thread saw of itself since the last time. Shares of one core; what a runtime does not tell is absent. */
export interface ThreadSample {
  readonly timerLateMs: number
  readonly cpu?: number
  /** Of `cpu`, what was spent turning the loop for a punctual send. */
  readonly spin?: number
  readonly gcMs?: number
  readonly gcMaxMs?: number
}

export interface WatchedState {
  readonly openSockets: number
  readonly inFlight: number
  readonly lateSends: number
  readonly undecodedBytes: number
  /** Share of a core that this thread spent turning the loop for a punctual send, when it carries the load itself. */
  readonly spin?: number
  /** Threads that carry the load, since the last time. Absent: this one does. */
  readonly threads?: readonly ThreadSample[]
}

/** Reads from whichever phase is running; between phases there is nothing to see. */
export function createStateReader(): { read(ms: number): WatchedState; set(read: (ms: number) => WatchedState): void } {
  let current = (_: number): WatchedState => ({ openSockets: 0, inFlight: 0, lateSends: 0, undecodedBytes: 0 })
  return {
    read: (ms) => current(ms),
    set: (read) => {
      current = read
    },
  }
}

/** Watches the thread that it runs in, about four times a second, until the returned function is called: a last time. */
export function watchThread(
  platform: Platform,
  onSample: (at: number, sample: ThreadSample, ms: number, memoryBytes: number | undefined) => void,
): () => void {
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
    if (now - lineAt >= LINE_MS) say(now)
    expectedAt = clock.now() + TICK_MS
    timer = setTimeout(tick, TICK_MS)
  }

  const say = (now: number): void => {
    const latest = platform.usage?.()
    const ms = now - lineAt
    onSample(now, { timerLateMs: round(worstLateMs), ...describeUsage(usage, latest, ms) }, ms, latest?.memoryBytes)
    usage = latest
    worstLateMs = 0
    lineAt = now
  }

  timer = setTimeout(tick, TICK_MS)
  return () => {
    clearTimeout(timer)
    say(clock.now())
  }
}

/** The same for a run, as lines of its own log. Runs until the returned function is called, which writes a last line. */
export function startWatch(
  { platform, toRunMs }: Session,
  read: (ms: number) => WatchedState,
  write: (sample: ClientSample) => void,
): () => void {
  const startEpochMs = platform.clock.epoch() - platform.clock.now()
  return watchThread(platform, (at, own, ms, memoryBytes) => {
    const { threads, spin, ...state } = read(ms)
    const driftMs = platform.clock.epoch() - platform.clock.now() - startEpochMs
    write({
      at: toRunMs(at),
      ...(threads === undefined ? joinSamples([{ ...own, spin: spin ?? 0 }], []) : joinSamples(threads, [own])),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      wallDriftMs: round(driftMs),
      ...state,
    })
  })
}

/** Pauses and lateness count where the load is carried; the CPU of the `others` stands after that of these. */
function joinSamples(
  load: readonly ThreadSample[],
  others: readonly ThreadSample[],
): Pick<ClientSample, 'timerLateMs' | 'cpu' | 'spin' | 'gcMs' | 'gcMaxMs'> {
  const all = [...load, ...others]
  const cpu = all.map((sample) => sample.cpu)
  const pauses = load.flatMap(({ gcMs }) => gcMs ?? [])
  return {
    timerLateMs: Math.max(0, ...load.map(({ timerLateMs }) => timerLateMs)),
    ...(cpu.every((share) => share !== undefined) ? { cpu, spin: all.map(({ spin }) => round(spin ?? 0)) } : {}),
    ...(pauses.length === 0
      ? {}
      : {
          gcMs: round(pauses.reduce((sum, ms) => sum + ms, 0)),
          gcMaxMs: Math.max(...load.map(({ gcMaxMs }) => gcMaxMs ?? 0)),
        }),
  }
}

function describeUsage(
  before: ClientUsage | undefined,
  now: ClientUsage | undefined,
  ms: number,
): Omit<ThreadSample, 'timerLateMs'> {
  if (before === undefined || now === undefined) return {}
  return {
    ...(ms > 0 && now.cpuMs !== undefined && before.cpuMs !== undefined
      ? { cpu: round((now.cpuMs - before.cpuMs) / ms) }
      : {}),
    ...(now.gcMs === undefined ? {} : { gcMs: round(now.gcMs) }),
    ...(now.gcMaxMs === undefined ? {} : { gcMaxMs: round(now.gcMaxMs) }),
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
