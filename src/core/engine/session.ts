import type { BenchError } from '../errors.ts'
import { createScrubber } from '../options/secrets.ts'
import type { RunPlan } from '../plan.ts'
import type { Platform } from '../platform.ts'
import type { RequestRecord } from '../record.ts'
import { roundToMicros } from '../units.ts'

/** What every part of one run shares: its identity, its origin in time, what it noticed, and whether it must stop. */
export interface Session {
  readonly plan: RunPlan
  readonly platform: Platform
  /** Letters and digits; the start of every request's id. */
  readonly id: string
  readonly originEpochMs: number
  /** Platform clock to milliseconds since the run's origin, in whole microseconds. */
  toRunMs(at: number): number
  /** Removes secrets from a text. */
  scrub(text: string): string
  readonly notes: readonly string[]
  note(line: string): void
  /** The first system fingerprint that an answer carried: records hold only what differs from it. */
  readonly fingerprint: string | undefined
  noteServed(record: RequestRecord): void
  /** Aborted when nothing more may be sent: by the user, or by {@link Session.fail}. */
  readonly stop: AbortSignal
  readonly interrupted: boolean
  /** The first failure; later ones follow from it. */
  readonly failure: BenchError | undefined
  fail(error: BenchError): void
  close(): void
}

/** The origin of the run's time is now. */
export function openSession(plan: RunPlan, platform: Platform, signal: AbortSignal | undefined): Session {
  const originAt = platform.clock.now()
  const notes: string[] = []
  const stopping = new AbortController()
  const interrupt = (): void => stopping.abort('interrupted')
  if (signal?.aborted) interrupt()
  signal?.addEventListener('abort', interrupt)
  let failure: BenchError | undefined
  let fingerprint: string | undefined
  return {
    plan,
    platform,
    id: platform.randomId(),
    // The wall clock is asked a moment later, and its first answer may take milliseconds.
    originEpochMs: platform.clock.epoch() - (platform.clock.now() - originAt),
    toRunMs: (at) => roundToMicros(at - originAt),
    scrub: createScrubber(plan.secrets),
    notes,
    note: (line) => notes.push(line),
    get fingerprint() {
      return fingerprint
    },
    noteServed(record) {
      if (fingerprint === undefined && record.outcome === 'ok') fingerprint = record.fingerprint
    },
    stop: stopping.signal,
    get interrupted() {
      return signal?.aborted ?? false
    },
    get failure() {
      return failure
    },
    fail(error) {
      failure ??= error
      stopping.abort('failed')
    },
    close: () => signal?.removeEventListener('abort', interrupt),
  }
}
