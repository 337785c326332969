/** In which order scenarios and their repetitions take their turns, and what happens between them. */
import { BenchError } from '../errors.ts'
import type { ScenarioPlan } from '../plan.ts'
import { formatDuration } from '../units.ts'
import { pause } from './discover.ts'
import type { RunObserver } from './run.ts'
import type { OwnServer } from './server.ts'
import type { Session } from './session.ts'

export interface Turn {
  readonly index: number
  readonly scenario: ScenarioPlan
  /** From 1; absent where there is but one. */
  readonly repetition?: number
  /** Of turns that ask the same calls: which this one is, from 0. Absent: scenarios have calls of their own. */
  readonly order?: number
}

/**
 * All scenarios, then all again: what changes with time falls on each alike. Between two repetitions lies the cooldown; with
 * `restart` the server ends before it, and another starts after. Ends early when the run must stop.
 */
export async function* listTurns(session: Session, server: OwnServer, observer: RunObserver): AsyncGenerator<Turn> {
  const { plan, stop } = session
  const { repeat } = plan
  for (let repetition = 1; repetition <= (repeat?.runs ?? 1); repetition++) {
    if (repeat !== undefined && repetition > 1) {
      if (repeat.cooldownMs > 0) observer.say?.(`cooling down for ${formatDuration(repeat.cooldownMs)}`)
      if (repeat.restart) await server.stop()
      await pause(repeat.cooldownMs, stop)
      await observer.rest?.()
      if (stop.aborted) return
      if (repeat.restart && !(await startAgain(session, server, observer, repetition))) return
    }
    for (const [index, scenario] of plan.scenarios.entries()) {
      yield { index, scenario, ...(repeat === undefined ? {} : { repetition }) }
      if (stop.aborted) return
    }
  }
}

/** What was measured before is kept when the server does not come back. */
async function startAgain(session: Session, server: OwnServer, observer: RunObserver, run: number): Promise<boolean> {
  try {
    await server.start((line) => observer.say?.(session.scrub(line)), run)
    return true
  } catch (thrown) {
    if (!(thrown instanceof BenchError)) throw thrown
    if (!session.stop.aborted) session.fail(thrown)
    return false
  }
}
