/** Who carries the load: this thread, or threads of its own (`threads/`). */
import type { Adapter } from '../adapter.ts'
import type { Arrival } from '../arrival.ts'
import type { Platform, Transport } from '../platform.ts'
import type { PreparedWorkload } from '../workload/mod.ts'
import { type Floor, type Phase, preparePhase } from './dispatch.ts'
import type { Exchange, ExchangeContext } from './exchange.ts'
import { createJobMaker, type JobPlan } from './job-maker.ts'
import { openLocalDesk, type RecordHooks } from './local-desk.ts'
import { shareAlone } from './share.ts'
import type { ClockOffset } from './threads/clock-offset.ts'
import type { ThreadSample } from './watch.ts'

/** One phase of load, decided. */
export interface PhaseLoad {
  readonly arrival: Arrival
  readonly requests?: number
  readonly durationMs?: number
  readonly maxInFlight?: number
  readonly drainMs: number
  /** After so long without a connection the server is gone, ms. */
  readonly outageMs: number
  readonly workload: PreparedWorkload
  /** Which calls of the workload. */
  readonly part: 'measure' | 'warmup'
  readonly jobs: JobPlan
  /** The instrument's own exercise: over connections of its own, that end with it. */
  readonly isRehearsal?: boolean
}

/** A phase under way, and how its requests are asked from now on. */
export interface DrivenPhase extends Phase {
  /** See {@link createJobMaker}. To be called before `redo` is said of a request. */
  dropUsage(): void
}

export interface Driver {
  /** Opens connections ahead (`open-first`); returns how many are open. */
  open(url: string, count: number): Promise<number>
  start(load: PhaseLoad, context: ExchangeContext, hooks: RecordHooks): DrivenPhase
  readonly openSockets: number
  /** How the clocks of threads of its own differ from ours. */
  readonly offsets?: readonly ClockOffset[]
  /** What threads of its own saw of themselves since the last call; absent where this thread carries the load. */
  takeSamples?(): readonly ThreadSample[]
  /** Resolves when all connections are closed. */
  close(): Promise<void>
}

/** Sends, captures and decodes in this thread, over the transport that is given. `openTransport` makes one for a rehearsal. */
export function driveHere(
  platform: Platform,
  adapter: Adapter,
  transport: Transport,
  openTransport: () => Transport,
): Driver {
  return {
    open: async (url, count) => (await transport.open?.(url, count)) ?? count,
    start(load, context, hooks) {
      const workload = load.part === 'warmup' ? load.workload.warmup : load.workload
      const maker = createJobMaker(adapter, workload, load.jobs)
      const through = load.isRehearsal === true ? openTransport() : transport
      const phase = preparePhase(
        { ...load, baseUrl: load.jobs.target.baseUrl, makeJob: maker.make },
        shareAlone(),
        platform,
        through,
        (floor: Floor<Exchange>) => openLocalDesk(platform, context, hooks, floor),
      )
      phase.begin(platform.clock.now())
      if (through !== transport) void phase.ended.then(() => through.close())
      return { ...phase, dropUsage: maker.dropUsage }
    },
    get openSockets() {
      return transport.stats().openSockets
    },
    close: () => transport.close(),
  }
}
