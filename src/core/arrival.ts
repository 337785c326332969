/** When requests are sent. Pure and seeded: computed without a clock, cut into shards by index. */

/** Requests become due whether or not earlier ones have ended. */
export interface OpenArrival {
  readonly kind: 'open'
  /** For the manifest and for people: `poisson 20/s seed 42`. */
  readonly name: string
  /**
   * When request `n` (from 0) is due, in ms since the phase began; undefined when the schedule ends before it. Does not
   * decrease with `n`; the same for the same `n`, in whatever order it is asked. Shard k of m asks n = k mod m.
   */
  due(n: number): number | undefined
  /** Requests a second at each instant, for gates on the achieved rate; undefined where there is no such rate (replay). */
  readonly meanRate?: number
}

/** A request is sent as soon as one of `slots` is free. */
export interface ClosedArrival {
  readonly kind: 'closed'
  readonly name: string
  readonly slots: number
}

export type Arrival = OpenArrival | ClosedArrival
