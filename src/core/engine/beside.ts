/** The load of the last scenario, going on while a plugin asks the server: recorded as `beside`, part of no figure. */
import { BenchError, describeError } from '../errors.ts'
import type { BesideFigures, EvaluationContext, LoadBeside } from '../plugin.ts'
import type { RequestRecord } from '../record.ts'
import { createGuard, firstCallAfter, type ScenarioRun, startPhase } from './scenario.ts'

/** Why the load's last requests were cut, when they did not end within the time to drain. */
const TASK_ENDED = 'task-ended'

/** `last`: the turn whose load goes on. `keep`: what becomes of its records. */
export function openBeside(last: ScenarioRun, keep: (record: RequestRecord) => void): EvaluationContext['underLoad'] {
  const { session } = last
  const place: Place = { rounds: 0, asked: 0 }
  let isTaken = false

  async function underLoad<Result>(task: (load: LoadBeside) => Promise<Result>): Promise<Result> {
    const meter = createMeter(() => session.toRunMs(session.platform.clock.now()))
    const over = new AbortController()
    const load = keepSending(last, place, (record) => {
      meter.add(record)
      keep(record)
    })
    void load.ended.then(() => over.abort(load.why() ?? TASK_ENDED))
    const interrupt = (): void => {
      over.abort('interrupted')
      load.abort('interrupted')
    }
    if (session.stop.aborted) interrupt()
    session.stop.addEventListener('abort', interrupt)
    const attempt = async (): Promise<Result> => {
      await load.answered
      meter.start()
      return over.signal.aborted
        ? Promise.reject(load.why())
        : await task({ title: last.scenario.title, signal: over.signal, busy: meter.read })
    }
    const [outcome] = await Promise.allSettled([attempt()])
    meter.end()
    load.stop(TASK_ENDED)
    await load.ended
    session.stop.removeEventListener('abort', interrupt)
    // What a task came to when its load was gone is no answer; that it failed most likely follows from that.
    const why = load.why()
    if (why !== undefined) throw new BenchError('run-failed', `the load beside (${last.scenario.title}) ended: ${why}`)
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }

  return async (task) => {
    if (isTaken) throw new BenchError('usage', 'underLoad: one task at a time')
    isTaken = true
    try {
      return await underLoad(task)
    } finally {
      isTaken = false
    }
  }
}

/** How far the loads beside of one run have come: no id, no index and no call comes twice. */
interface Place {
  rounds: number
  /** Requests, of all rounds. */
  asked: number
}

interface Load {
  /** The first request has ended, or the load has. */
  readonly answered: Promise<void>
  readonly ended: Promise<void>
  /** Why it ended, if that was not asked for. */
  why(): string | undefined
  stop(reason: string): void
  abort(reason: string): void
}

/** One phase without limits after the other, until it is stopped. */
function keepSending(last: ScenarioRun, place: Place, onRecord: (record: RequestRecord) => void): Load {
  let stopped = false
  let why: string | undefined
  let phase: ReturnType<typeof startPhase> | undefined
  let answer: () => void = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })

  const sendRound = async (): Promise<void> => {
    const { repetition: _, ...rest } = last
    const first = place.asked
    const round: ScenarioRun = {
      ...rest,
      onRecord(record) {
        const n = first + record.n
        place.asked = Math.max(place.asked, n + 1)
        onRecord({ ...record, n })
        if (record.outcome !== 'dropped') answer()
      },
    }
    const guard = createGuard(round)
    const idPrefix = `${last.session.id}-${last.index}b${place.rounds++}-`
    phase = startPhase(round, guard, 'beside', {}, { idPrefix, firstCall: firstCallAfter(last) + first })
    const end = await phase.ended
    guard.judgeEnd(end)
    if (guard.failure !== undefined) why = guard.failure.message
    else if (end.why === 'stopped' && end.reason !== TASK_ENDED) why = end.reason
    else if (place.asked === first && !stopped) why = 'its schedule holds no request'
  }
  const send = async (): Promise<void> => {
    try {
      while (!stopped && why === undefined) await sendRound()
    } catch (thrown) {
      why = describeError(thrown)
    }
    answer()
  }

  return {
    ended: send(),
    answered,
    why: () => why,
    stop(reason) {
      stopped = true
      phase?.stop(reason)
    },
    abort(reason) {
      stopped = true
      phase?.abort(reason)
    },
  }
}

interface Meter {
  /** The task begins. */
  start(): void
  end(): void
  add(record: RequestRecord): void
  read(): BesideFigures
}

/** Sums up how long requests were in flight while the task ran. Instants are milliseconds since the run's origin. */
function createMeter(now: () => number): Meter {
  let startAt = Number.POSITIVE_INFINITY
  let endAt: number | undefined
  let [busyMs, requests, failed] = [0, 0, 0]
  return {
    start() {
      startAt = now()
    },
    end() {
      endAt = now()
    },
    add(record) {
      if (!('sentAt' in record) || record.sentAt === undefined) return
      const ms = Math.min(record.endAt, endAt ?? record.endAt) - Math.max(record.sentAt, startAt)
      if (ms <= 0) return
      busyMs += ms
      requests++
      if (record.outcome !== 'ok' && record.outcome !== 'aborted') failed++
    },
    read() {
      const ms = Math.max(0, (endAt ?? now()) - startAt)
      return { ms, inFlightMean: ms > 0 ? busyMs / ms : 0, requests, failed }
    },
  }
}
