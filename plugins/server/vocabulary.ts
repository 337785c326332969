/** One vocabulary over all servers. Adapters of servers that are not in the table of dialects speak it in their `scrape`. */

/** Of an instant. */
export const GAUGES = ['requests_running', 'requests_waiting', 'kv_cache_usage'] as const
/** Since the server's start. */
export const COUNTERS = [
  'prompt_tokens',
  'generation_tokens',
  'prefix_cache_queries',
  'prefix_cache_hits',
  'draft_tokens',
  'accepted_tokens',
  'preemptions',
  'requests_finished',
] as const
/** Durations since the server's start: how many, their sum, and in how many buckets, where the server says. */
export const TIMES = ['ttft', 'itl', 'tpot', 'end_to_end', 'queue_time', 'prefill_time', 'decode_time'] as const

export type Gauge = (typeof GAUGES)[number]
export type Counter = (typeof COUNTERS)[number]
export type Time = (typeof TIMES)[number]

/** Durations, ms. */
export interface Times {
  readonly count: number
  readonly sum: number
  /** Finite upper bounds of the buckets, ascending, up to the first that holds all; absent where the server counts and adds alone. */
  readonly bounds?: readonly number[]
  /** As long as `bounds`: how many are at or below each. */
  readonly below?: readonly number[]
}

/**
 * What a server said at one instant: gauges and counters as numbers (cache use in percent), durations as {@link Times}. What it
 * does not say is missing.
 */
export interface Reading {
  /** Which dialect it was: `vLLM`. */
  readonly server: string
  /** In how many readings so far a counter had begun again; absent: in none. Counters in {@link values} are read on. */
  readonly restarts?: number
  readonly values: Readonly<Partial<Record<Gauge | Counter, number> & Record<Time, Times>>>
}
