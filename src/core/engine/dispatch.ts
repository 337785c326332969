/**
 * One phase of load, or one shard of it: sends what the arrival wants, when it wants it, and ends when every request has been
 * seen to. Sending must never keep answers waiting to be read: a wave of sends is spread over turns of the loop.
 */
import type { Arrival } from '../arrival.ts'
import type { Platform, Transport } from '../platform.ts'
import type { Flight, GivenUp, Job } from './flight.ts'
import { createPreparer } from './prepare.ts'
import type { Share } from './share.ts'

/** A timer is this coarse; the rest of the way to a due instant is spent turning the loop. */
const TIMER_COARSE_MS = 1.5
const SWEEP_MS = 20
/** The longest that the first requests of a closed loop wait for all of their connections. */
const GATHER_MS = 250
/** The longest that a turn of the loop sends. */
const SEND_SLICE_MS = 0.25
/** So many refusals in a row are an outage: a closed loop then sends one request at a time to see whether it is over. */
const OUTAGE_REFUSALS = 3
const OUTAGE_PROBE_MS = 250
/** A turn of the loop in which nothing happens takes at most so long. */
const EMPTY_TURN_MS = 0.02
/** How often a shard that waits for a permit looks whether another has given one back. */
const PERMIT_LOOK_MS = 1
/** A send this long after its due time counts as late. */
const LATE_MS = 1

export interface PhasePlan {
  /** Where all requests go. */
  readonly baseUrl: string
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

/** What becomes of requests once they are due. Decoding is its business, here or in another thread. */
export interface Desk<F extends Flight> {
  /** A request is about to be sent. */
  open(job: Job, dueAt: number, events: FlightEvents<F>): F
  /** It has ended, in whatever way. */
  close(flight: F): void
  /** It was due and is never sent. */
  drop(job: Job, dueAt: number, at: number, reason: string): void
  /** About fifty times a second. */
  tick(): void
  /** Requests that have ended and are not done with. */
  readonly waiting: number
  /** Captured bytes that are not decoded yet. */
  readonly undecodedBytes: number
}

/** What a flight says on the capture path. */
export interface FlightEvents<F> {
  sent(flight: F, at: number): void
  ended(flight: F, at: number): void
}

/** What a desk sees of the phase. */
export interface Floor<F> {
  readonly inFlight: ReadonlySet<F>
  /** Requests are waiting to be sent, and may be. */
  isSending(): boolean
  /** A request that had ended is done with. */
  settled(): void
  /** It counts for nothing: the same is to be sent once more. */
  redo(n: number): void
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
  /** Milliseconds spent turning the loop for a punctual send since the last call: no work. */
  takeSpinMs(): number
}

export interface Phase {
  readonly state: PhaseState
  readonly ended: Promise<PhaseEnd & { readonly startAt: number; readonly endAt: number }>
  /** Sends no more; what is open may end within the grace period. */
  stop(reason: string): void
  /** Gives up on everything now. */
  abort(reason: string): void
}

export interface PreparedPhase extends Phase {
  /** Starts the load. `startAt`: the instant that the schedule counts from, by the platform's clock. */
  begin(startAt: number): void
  /** A request counts for nothing: the same is sent once more. Only before the desk is done with it. */
  redo(n: number): void
}

interface Due {
  readonly n: number
  readonly at: number
  /** The cap on what is in flight was reached when it became due. */
  readonly held?: boolean
}

/** Makes everything ready for a phase. Nothing is sent before `begin`. */
export function preparePhase<F extends Flight>(
  plan: PhasePlan,
  share: Share,
  platform: Platform,
  transport: Transport,
  openDesk: (floor: Floor<F>) => Desk<F>,
): PreparedPhase {
  const { clock } = platform
  const { arrival } = plan
  const total = plan.requests
  const limit = total ?? Number.POSITIVE_INFINITY
  const permits = arrival.kind === 'open' ? (plan.maxInFlight ?? Number.POSITIVE_INFINITY) : arrival.slots
  /** Of a closed loop: its part of the slots. */
  const slots = arrival.kind === 'closed' ? share.part(Math.min(arrival.slots, limit)) : 0
  const ahead = arrival.kind === 'closed' ? Math.max(64, slots) : 256
  const waiting: Due[] = []
  const preparer = createPreparer(
    platform,
    plan.makeJob,
    Math.min(limit, ahead),
    limit,
    share,
    arrival.kind,
    () => waiting.length > 0,
  )

  const inFlight = new Set<F>()
  /** Of an open schedule. */
  let nextN = share.index
  let ended = 0
  let lateSends = 0
  let spinMs = 0
  let lastTurnAt: number | undefined
  let lastEndAt = 0
  let stopReason: string | undefined
  let pumping = false
  let isLooking = false
  let refusals = 0
  let outageSince: number | undefined
  let parkedSlots = 0
  const timers = new Set<ReturnType<typeof setTimeout>>()
  let resolve: (end: PhaseEnd & { startAt: number; endAt: number }) => void = () => {}
  const promise = new Promise<PhaseEnd & { startAt: number; endAt: number }>((settle) => {
    resolve = settle
  })

  let startAt = clock.now()
  let stopAt = Number.POSITIVE_INFINITY

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
    countSpin(now)
    let due = dueAt(nextN)
    while (due !== undefined && due <= now) {
      waiting.push({ n: nextN, at: due, held: share.taken() + waiting.length >= permits })
      nextN += share.shards
      due = dueAt(nextN)
    }
    if (waiting.length > 0) pump()
    if (due === undefined) {
      finishIfDone()
      return
    }
    const left = due - clock.now()
    if (left > TIMER_COARSE_MS + 0.5) {
      lastTurnAt = undefined
      after(left - TIMER_COARSE_MS, tick)
    } else {
      lastTurnAt = clock.now()
      platform.nextTurn(tick)
    }
  }

  /** A turn of the loop that took longer than an empty one did some work on the way. */
  const countSpin = (now: number): void => {
    if (lastTurnAt !== undefined) spinMs += Math.min(now - lastTurnAt, EMPTY_TURN_MS)
  }

  /** A slot of a closed loop became free. */
  const freeSlot = (at: number): void => {
    if (stopReason !== undefined || at >= stopAt) return
    if (outageSince !== undefined) {
      parkedSlots++
      return
    }
    const n = share.draw(limit)
    if (n !== undefined) waiting.push({ n, at })
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

  /**
   * The connections of a closed loop's first wave are made before anything is sent: to make one costs several times what a send
   * does, and would keep the first answers waiting to be read.
   */
  const gather = async (): Promise<void> => {
    if (slots > 1) await transport.gather?.(plan.baseUrl, slots, GATHER_MS)
  }

  /** A slice a turn of the loop: larger waves keep the first answers of a burst waiting. */
  const pump = (): void => {
    if (waiting.length === 0) return
    const until = clock.now() + SEND_SLICE_MS
    while (waiting.length > 0 && share.enter(permits)) {
      send(waiting.shift()!)
      if (clock.now() >= until) break
    }
    if (canSend()) wakePump()
    else if (waiting.length > 0) lookForPermit()
  }

  /** A permit that this shard gives back wakes it; one of another shard has to be looked for. */
  const lookForPermit = (): void => {
    if (share.shards === 1 || isLooking) return
    isLooking = true
    after(PERMIT_LOOK_MS, () => {
      isLooking = false
      wakePump()
    })
  }

  /** What waits for a permit is not to be sent now. */
  const canSend = (): boolean => waiting.length > 0 && share.taken() < permits

  const send = (due: Due): void => {
    const job = preparer.take(due.n)
    const flight = desk.open(job, due.at, events)
    if (due.held === true) flight.permitAt = clock.now()
    inFlight.add(flight)
    transport.send(job.spec, flight.trace, flight.abort.signal)
  }

  // --- ending -------------------------------------------------------------------------------------------------------

  const onEnd = (flight: F, at: number): void => {
    if (!inFlight.delete(flight)) return
    share.leave()
    ended++
    lastEndAt = Math.max(lastEndAt, at)
    noteOutage(flight, at)
    if (arrival.kind === 'closed') freeSlot(at)
    if (waiting.length > 0) wakePump()
    desk.close(flight)
    finishIfDone()
  }

  const events: FlightEvents<F> = {
    sent(flight, at) {
      if (at - flight.dueAt > LATE_MS) lateSends++
    },
    ended: onEnd,
  }

  const giveUp = (flight: F, given: GivenUp): void => {
    flight.givenUp = given
    flight.abort.abort()
    onEnd(flight, given.at)
  }

  const redo = (n: number): void => {
    ended--
    preparer.reset()
    waiting.push({ n, at: clock.now() })
    wakePump()
  }

  const finishIfDone = (): void => {
    if (inFlight.size > 0 || waiting.length > 0 || desk.waiting > 0) return
    if (stopReason === undefined) {
      const moreToCome = arrival.kind === 'open' ? dueAt(nextN) !== undefined : parkedSlots > 0 && clock.now() < stopAt
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
    desk.tick()
    const now = clock.now()
    for (const flight of inFlight) {
      if (!flight.needsLook(now)) continue
      const verdict = flight.checkDeadlines(now)
      if (verdict === undefined) continue
      if (typeof verdict === 'number') {
        flight.trace.end(verdict, 'complete')
        flight.abort.abort()
      } else giveUp(flight, verdict)
    }
  }, SWEEP_MS)

  // --- outages ------------------------------------------------------------------------------------------------------

  const noteOutage = (flight: F, at: number): void => {
    const { ending, sentAt } = flight.trace
    const refused = sentAt === undefined && ending?.kind === 'error'
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
    const n = parkedSlots > 0 ? share.draw(limit) : undefined
    parkedSlots = n === undefined ? 0 : parkedSlots - 1
    if (n !== undefined) {
      waiting.push({ n, at: clock.now() })
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
      desk.drop(preparer.take(due.n), due.at, now, reason === 'duration' ? 'run-ended' : reason)
    }
  }

  const abort = (reason: string): void => {
    stop(reason)
    const at = clock.now()
    for (const flight of [...inFlight]) giveUp(flight, { at, outcome: 'aborted', reason })
    finishIfDone()
  }

  const desk = openDesk({ inFlight, isSending: canSend, settled: finishIfDone, redo })
  const begin = (at: number): void => {
    startAt = at
    if (stopReason !== undefined) return
    if (plan.durationMs !== undefined) {
      stopAt = at + plan.durationMs
      after(stopAt - clock.now(), () => stop('duration'))
    }
    for (let slot = 0; slot < slots; slot++) freeSlot(at)
    if (arrival.kind === 'open') tick()
    else void gather().then(pump, pump)
    finishIfDone()
  }

  return {
    ended: promise,
    begin,
    stop,
    abort,
    redo,
    state: {
      get startAt() {
        return startAt
      },
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
        return desk.undecodedBytes
      },
      takeLateSends() {
        const count = lateSends
        lateSends = 0
        return count
      },
      takeSpinMs() {
        const ms = spinMs
        spinMs = 0
        return ms
      },
    },
  }
}
