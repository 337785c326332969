/**
 * What crosses between the main thread and those that carry the load. Plain data, all of it. Instants are by the clock of the
 * load thread that says or hears them; the main thread converts (`clock-offset.ts`).
 */
import type { ArrivalRecipe } from '../../arrival.ts'
import type { Timeouts } from '../../plan.ts'
import type { ConnectionOpened, Thread, TransportError, TransportOptions } from '../../platform.ts'
import type { WorkloadRecipe } from '../../workload/mod.ts'
import type { PhaseEnd } from '../dispatch.ts'
import type { Asked, GivenUp, Look } from '../flight.ts'
import type { JobPlan } from '../job-maker.ts'
import type { ThreadSample } from '../watch.ts'

export interface ThreadSetup {
  /** A name, a path or a package. */
  readonly adapter: string
  readonly transport: string
  readonly transportOptions: TransportOptions
}

/** One shard of a phase. */
export interface PhaseOrder {
  readonly arrival: ArrivalRecipe
  readonly requests?: number
  readonly durationMs?: number
  readonly maxInFlight?: number
  readonly drainMs: number
  readonly outageMs: number
  readonly workload: WorkloadRecipe
  readonly part: 'measure' | 'warmup'
  readonly jobs: JobPlan
  readonly timeouts: Timeouts
  readonly stream: boolean
  /** When set, over connections of its own with these options. */
  readonly rehearsal?: TransportOptions
  readonly shard: number
  readonly shards: number
  /** See `share.ts`. */
  readonly memory: SharedArrayBuffer
}

/** From the main thread. */
export type Order =
  | { readonly kind: 'setup'; readonly setup: ThreadSetup }
  | { readonly kind: 'ping' }
  | { readonly kind: 'open'; readonly url: string; readonly count: number }
  | { readonly kind: 'prepare'; readonly phase: PhaseOrder }
  | { readonly kind: 'begin'; readonly startAt: number }
  | { readonly kind: 'stop' | 'abort'; readonly reason: string }
  | { readonly kind: 'drop-usage' }
  | { readonly kind: 'redo'; readonly n: number }
  /** What a running answer has come to: asked for, or because it has ended. */
  | { readonly kind: 'seen'; readonly key: number; readonly look: Look }
  /** A batch was read, and so many of its requests are done with. Its buffer comes back to be filled again. */
  | { readonly kind: 'taken'; readonly settled: number; readonly buffer: ArrayBuffer }
  | { readonly kind: 'close' }

/** How a shard stands. */
export interface ShardState {
  readonly inFlight: number
  readonly ended: number
  readonly draining: boolean
  readonly openSockets: number
  /** Since the last one. */
  readonly lateSends: number
}

/** From a load thread. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string; readonly code?: string }
  /** An error that nobody caught: this thread is to be ended. */
  | { readonly kind: 'broken'; readonly message: string }
  | { readonly kind: 'pong'; readonly at: number }
  | { readonly kind: 'opened'; readonly count: number }
  /** Nothing is left to be done before the first send. */
  | { readonly kind: 'prepared' }
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'state'; readonly state: ShardState }
  | { readonly kind: 'sample'; readonly sample: ThreadSample }
  | { readonly kind: 'idle'; readonly end: PhaseEnd & { readonly startAt: number; readonly endAt: number } }
  | { readonly kind: 'closed' }

/** Captured bytes and what else was reported, in the order in which it happened. See `batch.ts`. */
export interface Batch {
  readonly buffer: ArrayBuffer
  readonly chunks: number
  /** {@link Note}s as JSON: the cheapest way across threads. */
  readonly notes: readonly string[]
  /** How many chunks came before each note. */
  readonly positions: readonly number[]
}

/** What happened to the request `key`, besides bytes. */
export type Note =
  | readonly ['open', key: number, asked: Asked, dueAt: number, startedAt: number]
  | readonly ['opened', key: number, connection: ConnectionOpened]
  | readonly ['sent', key: number, at: number]
  | readonly ['headers', key: number, at: number, status: number, headers: readonly (readonly [string, string])[]]
  | readonly ['end', key: number, at: number, how: 'complete' | 'closed']
  | readonly ['error', key: number, at: number, error: TransportError]
  /** What has it come to? A limit of time may have passed at that instant. */
  | readonly ['look', key: number, at: number]
  /** It is over. */
  | readonly ['close', key: number, permitAt: number | null, givenUp: GivenUp | null]
  | readonly ['drop', asked: Asked, dueAt: number, at: number, reason: string]

/** One end of the line between two threads: a `Thread` of the platform, with words of its own. */
export interface Line<Out, In> {
  send(message: Out, transfer?: readonly ArrayBuffer[]): void
  listen(listener: (message: In) => void): void
}

/** The main thread's end. */
export interface LoadThread extends Line<Order, Report>, Pick<Thread, 'ended' | 'end'> {}
