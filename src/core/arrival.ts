/** When requests are sent. Pure and seeded: computed without a clock, cut into shards by index. */

/** A step of one rate, or a ramp from one rate to another, in requests a second. A rate of 0 is a pause. */
export type RateStage =
  | { readonly durationMs: number; readonly rate: number }
  | { readonly durationMs: number; readonly from: number; readonly to: number }

/** A schedule as data. Rates in requests a second. */
export type ArrivalPlan =
  | { readonly kind: 'closed'; readonly slots: number }
  | { readonly kind: 'constant'; readonly rate: number }
  | { readonly kind: 'poisson'; readonly rate: number }
  | { readonly kind: 'gamma'; readonly rate: number; readonly burstiness: number }
  | {
      readonly kind: 'stages'
      readonly stages: readonly RateStage[]
      /** How requests follow each other within the rate; Poisson when absent. */
      readonly pace?: 'constant' | 'poisson' | 'gamma'
      /** For the gamma pace. */
      readonly burstiness?: number
    }
  /** ms since the phase began, in order. */
  | { readonly kind: 'replay'; readonly instants: readonly number[] }

/** What a schedule was made from: enough to make it again in another thread. */
export interface ArrivalRecipe {
  readonly plan: ArrivalPlan
  readonly seed: number
}

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
  readonly recipe?: ArrivalRecipe
}

/** A request is sent as soon as one of `slots` is free. */
export interface ClosedArrival {
  readonly kind: 'closed'
  readonly name: string
  readonly slots: number
  readonly recipe?: ArrivalRecipe
}

export type Arrival = OpenArrival | ClosedArrival
