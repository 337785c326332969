/**
 * One phase of load: sends what the arrival wants, when it wants it, and ends when every request has a record.
 * Sending must never keep answers waiting to be read: a wave of sends is spread over turns of the loop.
 */
import type { Arrival } from '../arrival.ts'
import type { Platform, Transport } from '../platform.ts'
import type { DroppedRecord, RequestRecord } from '../record.ts'
import { createDecodeQueue } from './decode-queue.ts'
import { Exchange, type ExchangeContext, type GivenUp, type Job } from './exchange.ts'
import { createPreparer } from './prepare.ts'

/** A timer is this coarse; the rest of the way to a due instant is spent turning the loop. */
const TIMER_COARSE_MS = 1.5
const SWEEP_MS = 20
/** So many refusals in a row are an outage: a closed loop then sends one request at a time to see whether it is over. */
const OUTAGE_REFUSALS = 3
const OUTAGE_PROBE_MS = 250
/** A send this long after its due time counts as late. */
const LATE_MS = 1

export interface PhasePlan {
  readonly arrival: Arrival
  readonly requests?: number
  readonly durationMs?: number
  readonly maxInFlight?: number
  readonly drainMs: number
  /** After so long without a connection the server is gone, ms. */
  readonly outageMs: number
  /** Makes request `n`; called ahead of its due time. */
  makeJob(n: number): Job
}

export interface PhaseHooks {
  /** Each record as it is decoded. `redo`: send the same request once more (it was refused for how it was asked). */
  onRecord(record: RequestRecord, exchange?: Exchange): 'keep' | 'redo'
}

export type PhaseEnd =
  /** All that was asked for was sent and has ended. */
  | { readonly why: 'complete' }
  /** Sending was stopped before, by {@link Phase.stop}. */
  | { readonly why: 'stopped'; readonly reason: string }

/** What the client's own log and the progress line read. */
export interface PhaseState {
  readonly startAt: number
  readonly inFlight: number
  readonly ended: number
  readonly total: number | undefined
  readonly draining: boolean
  readonly undecodedBytes: number
  /** Sends that were late since the last call. */
  takeLateSends(): number
}

export interface Phase {
  readonly state: PhaseState
  readonly ended: Promise<PhaseEnd & { readonly startAt: number; readonly endAt: number }>
  /** Sends no more; what is open may end within the grace period. */
  stop(reason: string): void
  /** Gives up on everything now. */
  abort(reason: string): void
}

interface Due {
  readonly n: number
  readonly at: number
  /** The cap on what is in flight was reached when it became due. */
  readonly held?: boolean
}

export function startPhase(
  plan: PhasePlan,
  context: ExchangeContext,
  platform: Platform,
  transport: Transport,
  hooks: PhaseHooks,
): Phase {
  const { clock } = platform
  const { arrival } = plan
  const total = plan.requests
  const limit = total ?? Number.POSITIVE_INFINITY
  const ahead = Math.min(limit, arrival.kind === 'closed' ? Math.max(64, arrival.slots) : 256)
  const preparer = createPreparer(platform, plan.makeJob, ahead, limit)
  const permits = arrival.kind === 'open' ? (plan.maxInFlight ?? Number.POSITIVE_INFINITY) : arrival.slots

  const inFlight = new Set<Exchange>()
  const waiting: Due[] = []
  let nextN = 0
  let ended = 0
  let lateSends = 0
  let lastEndAt = 0
  let stopReason: string | undefined
  let pumping = false
  let refusals = 0
  let outageSince: number | undefined
  let parkedSlots = 0
  const timers = new Set<ReturnType<typeof setTimeout>>()
  let resolve: (end: PhaseEnd & { startAt: number; endAt: number }) => void = () => {}
  const promise = new Promise<PhaseEnd & { startAt: number; endAt: number }>((settle) => {
    resolve = settle
  })

  const startAt = clock.now()
  const stopAt = plan.durationMs === undefined ? Number.POSITIVE_INFINITY : startAt + plan.durationMs

  const after = (ms: number, task: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      task()
    }, ms)
    timers.add(timer)
  }

  // --- what becomes due ---------------------------------------------------------------------------------------------

  /** When request `n` of an open schedule is due; undefined when the schedule, the count or the time ends before it. */
  const dueAt = (n: number): number | undefined => {
    if (arrival.kind !== 'open' || n >= limit) return undefined
    const due = arrival.due(n)
    return due === undefined || startAt + due >= stopAt ? undefined : startAt + due
  }

  const tick = (): void => {
    if (stopReason !== undefined) return
    const now = clock.now()
    let due = dueAt(nextN)
    while (due !== undefined && due <= now) {
      waiting.push({ n: nextN++, at: due, held: inFlight.size + waiting.length >= permits })
      due = dueAt(nextN)
    }
    if (waiting.length > 0) pump()
    if (due === undefined) {
      finishIfDone()
      return
    }
    const left = due - clock.now()
    if (left > TIMER_COARSE_MS + 0.5) after(left - TIMER_COARSE_MS, tick)
    else platform.nextTurn(tick)
  }

  /** A slot of a closed loop became free. */
  const freeSlot = (at: number): void => {
    if (stopReason !== undefined || nextN >= limit || at >= stopAt) return
    if (outageSince !== undefined) {
      parkedSlots++
      return
    }
    waiting.push({ n: nextN++, at })
  }

  // --- sending ------------------------------------------------------------------------------------------------------

  const wakePump = (): void => {
    if (pumping) return
    pumping = true
    platform.nextTurn(() => {
      pumping = false
      pump()
    })
  }

  /** One a turn of the loop: measured, larger waves keep the first answers of a burst waiting. */
  const pump = (): void => {
    if (!canSend()) return
    send(waiting.shift()!)
    if (canSend()) wakePump()
  }

  /** What waits for a permit is not to be sent now. */
  const canSend = (): boolean => waiting.length > 0 && inFlight.size < permits

  const send = (due: Due): void => {
    const exchange = new Exchange(preparer.take(due.n), due.at, context, onSent, onEnd)
    if (due.held === true) exchange.permitAt = clock.now()
    inFlight.add(exchange)
    transport.send(exchange.job.spec, exchange.capture, exchange.abort.signal)
  }

  const onSent = (exchange: Exchange, at: number): void => {
    if (at - exchange.dueAt > LATE_MS) lateSends++
  }

  // --- ending -------------------------------------------------------------------------------------------------------

  const onEnd = (exchange: Exchange, at: number): void => {
    if (!inFlight.delete(exchange)) return
    ended++
    lastEndAt = Math.max(lastEndAt, at)
    noteOutage(exchange, at)
    if (arrival.kind === 'closed') freeSlot(at)
    if (waiting.length > 0) wakePump()
    decoding.push(exchange)
  }

  const giveUp = (exchange: Exchange, given: GivenUp): void => {
    exchange.givenUp = given
    exchange.abort.abort()
    onEnd(exchange, given.at)
  }

  const decoding = createDecodeQueue(platform, inFlight, canSend, (exchange) => {
    if (hooks.onRecord(exchange.toRecord(), exchange) === 'redo') {
      ended--
      preparer.reset()
      waiting.push({ n: exchange.job.n, at: clock.now() })
      wakePump()
    }
    finishIfDone()
  })

  const finishIfDone = (): void => {
    if (inFlight.size > 0 || waiting.length > 0 || decoding.waiting > 0) return
    if (stopReason === undefined) {
      const moreToCome = arrival.kind === 'open' ? dueAt(nextN) !== undefined : nextN < limit && clock.now() < stopAt
      if (moreToCome) return
    }
    for (const timer of timers) clearTimeout(timer)
    clearInterval(sweeper)
    const end: PhaseEnd =
      stopReason === undefined || stopReason === 'duration'
        ? { why: 'complete' }
        : { why: 'stopped', reason: stopReason }
    resolve({ ...end, startAt, endAt: Math.max(startAt, lastEndAt) })
  }

  // --- limits of time -----------------------------------------------------------------------------------------------

  const sweeper = setInterval(() => {
    decoding.wake()
    const now = clock.now()
    for (const exchange of inFlight) {
      if (!exchange.needsLook(now)) continue
      const verdict = exchange.checkDeadlines(now)
      if (verdict === undefined) continue
      if (verdict === 'done') {
        exchange.capture.end(exchange.reader?.doneAt ?? now, 'complete')
        exchange.abort.abort()
      } else giveUp(exchange, verdict)
    }
  }, SWEEP_MS)

  // --- outages ------------------------------------------------------------------------------------------------------

  const noteOutage = (exchange: Exchange, at: number): void => {
    const ending = exchange.capture.ending
    const refused = exchange.capture.sentAt === undefined && ending?.kind === 'error'
    if (!refused) {
      refusals = 0
      if (outageSince === undefined) return
      outageSince = undefined
      const parked = parkedSlots
      parkedSlots = 0
      for (let slot = 0; slot < parked; slot++) freeSlot(at)
      wakePump()
      return
    }
    refusals++
    if (refusals < OUTAGE_REFUSALS) return
    if (outageSince === undefined) {
      outageSince = at
      if (arrival.kind === 'closed') after(OUTAGE_PROBE_MS, probeOutage)
    }
    if (at - outageSince >= plan.outageMs) stop('server gone')
  }

  /** Takes one parked slot and sends with it; all others wait for what becomes of it. */
  const probeOutage = (): void => {
    if (outageSince === undefined || stopReason !== undefined) return
    if (parkedSlots > 0 && nextN < limit) {
      parkedSlots--
      waiting.push({ n: nextN++, at: clock.now() })
      pump()
    }
    after(OUTAGE_PROBE_MS, probeOutage)
    finishIfDone()
  }

  // --- stopping -----------------------------------------------------------------------------------------------------

  const stop = (reason: string): void => {
    if (stopReason !== undefined) return
    stopReason = reason
    dropWaiting(reason)
    // Cut by the user is another thing than too slow to end in time.
    after(plan.drainMs, () => abort(reason === 'duration' ? 'drain' : reason))
    finishIfDone()
  }

  /** Open arrivals that were due and not sent are records; a slot of a closed loop that had nothing sent is not. */
  const dropWaiting = (reason: string): void => {
    const now = clock.now()
    const dropped = waiting.splice(0)
    if (arrival.kind === 'closed') return
    for (const due of dropped) {
      const { call, id } = preparer.take(due.n)
      const record: DroppedRecord = {
        n: due.n,
        id,
        scenario: context.scenario,
        phase: context.phase,
        item: call.item,
        dueAt: context.toRunMs(due.at),
        endAt: context.toRunMs(now),
        outcome: 'dropped',
        reason: reason === 'duration' ? 'run-ended' : reason,
      }
      hooks.onRecord(record)
    }
  }

  const abort = (reason: string): void => {
    stop(reason)
    const at = clock.now()
    for (const exchange of [...inFlight]) giveUp(exchange, { at, outcome: 'aborted', reason })
    finishIfDone()
  }

  if (stopAt !== Number.POSITIVE_INFINITY) after(stopAt - clock.now(), () => stop('duration'))
  if (arrival.kind === 'open') tick()
  else {
    for (let slot = 0; slot < Math.min(arrival.slots, limit); slot++) waiting.push({ n: nextN++, at: startAt })
    pump()
  }

  return {
    ended: promise,
    stop,
    abort,
    state: {
      startAt,
      get inFlight() {
        return inFlight.size
      },
      get ended() {
        return ended
      },
      total,
      get draining() {
        return stopReason !== undefined
      },
      get undecodedBytes() {
        return decoding.waitingBytes
      },
      takeLateSends() {
        const count = lateSends
        lateSends = 0
        return count
      },
    },
  }
}
