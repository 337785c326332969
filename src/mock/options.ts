/** What can be set on a mock: as users write it ({@link MockOptions}) and as the rest of the mock reads it ({@link MockSettings}). */
import * as v from 'valibot'
import { BenchError } from '../core/errors.ts'
import { parseDurationSpread, type Spread } from '../core/units.ts'
import { type Fault, type FaultRule, faultSchema } from './faults.ts'

export const mockProfiles = ['vllm', 'vllm-rust', 'openai', 'ollama', 'gateway'] as const
export type MockProfile = (typeof mockProfiles)[number]

/** A server of limited size. Without it timing does not depend on load. */
export interface Capacity {
  /** Requests that run at once; more wait. */
  readonly slots: number
  /** Requests that may wait; more are rejected. Absent: no limit. */
  readonly queue?: number
  /** Prompt tokens a second of one request alone. */
  readonly prefillTokensPerSecond: number
  /** Output tokens a second of one request alone. */
  readonly decodeTokensPerSecond: number
  /** With all slots taken, each request is slower by this share: 1 means half as fast. Linear in between; default 0.5. */
  readonly slowdown?: number
}

/** Instants in milliseconds or text with a unit: `50ms`, `50ms±5`. All members are optional. */
export interface MockOptions {
  readonly profile?: MockProfile | undefined
  /** Served model name, default `mock-model`. */
  readonly model?: string | undefined
  /** From a request's arrival to its first token; default 50 ms. */
  readonly ttft?: string | number | Spread | undefined
  /** Between tokens; default 10 ms. */
  readonly itl?: string | number | Spread | undefined
  readonly seed?: number | undefined
  /** The first token comes alone, then so many a chunk; the last chunk holds the rest. Default 1. */
  readonly tokensPerChunk?: number | undefined
  readonly capacity?: Capacity | undefined
  /** Which requests go wrong, and how. */
  readonly faults?: readonly FaultRule[] | undefined
  /** Every event is preceded by a comment `: sent <epoch ms with microseconds>`. */
  readonly truth?: boolean | undefined
  /** Natural length of an answer, which then ends with `stop`; `ignore_eos` and `max_tokens` win. Absent: `max_tokens` tokens. */
  readonly naturalTokens?: number | Spread | undefined
  /** Reported instead of the true finish reason. */
  readonly finishReason?: string | undefined
  /** `asked`: when the request says so. `always`, `continuous` (on every chunk), `never`: whatever it says. */
  readonly usage?: 'asked' | 'always' | 'continuous' | 'never' | undefined
  /** The first so many tokens of a chat answer are reasoning. */
  readonly reasoningTokens?: number | undefined
  /** The share of each prompt's tokens, 0 to 1, that the usage says came from a prefix cache. Not given: it says nothing. */
  readonly cachedShare?: number | undefined
  /** The share of answers, 0 to 1, that take the second most likely token at one place, so that the same prompt is answered otherwise. */
  readonly nondeterminism?: number | undefined
  /** The same, of those that begin while others run: as batching does it. Default {@link nondeterminism}. */
  readonly busyNondeterminism?: number | undefined
  /** A chat answer to a request with `tools` is a call of the first one. Default true. */
  readonly toolCalls?: boolean | undefined
  /** Prompt and answer together; default 32768. */
  readonly maxModelLength?: number | undefined
  readonly apiKey?: string | undefined
  /** vllm-rust started without a model: healthy, and serving nothing. */
  readonly idle?: boolean | undefined
}

export interface MockSettings {
  readonly profile: MockProfile
  readonly model: string
  readonly ttft: Spread
  readonly itl: Spread
  readonly seed: number
  readonly tokensPerChunk: number
  readonly capacity?: Capacity | undefined
  readonly faults: readonly FaultRule[]
  readonly truth: boolean
  readonly naturalTokens?: Spread | undefined
  readonly finishReason?: string | undefined
  readonly usage: 'asked' | 'always' | 'continuous' | 'never'
  readonly reasoningTokens: number
  readonly cachedShare?: number | undefined
  readonly nondeterminism: number
  readonly busyNondeterminism?: number | undefined
  readonly toolCalls: boolean
  readonly maxModelLength: number
  readonly apiKey?: string | undefined
  readonly idle: boolean
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const positive = v.pipe(v.number(), v.minValue(Number.MIN_VALUE))
const spreadObject = v.strictObject({
  mean: v.pipe(v.number(), v.minValue(0)),
  deviation: v.pipe(v.number(), v.minValue(0)),
})

const durationSpread = v.union(
  [
    v.pipe(
      v.number(),
      v.minValue(0),
      v.transform((mean): Spread => ({ mean, deviation: 0 })),
    ),
    v.pipe(
      v.string(),
      v.transform(parseDurationSpread),
      v.custom<Spread>((value) => value !== undefined),
    ),
    spreadObject,
  ],
  'must be a duration such as 50ms or 50ms±5',
)

const capacity = v.strictObject({
  slots: v.pipe(count, v.minValue(1)),
  queue: v.optional(count),
  prefillTokensPerSecond: positive,
  decodeTokensPerSecond: positive,
  slowdown: v.optional(v.pipe(v.number(), v.minValue(0))),
})

const schema = v.strictObject({
  profile: v.optional(v.picklist(mockProfiles), 'vllm'),
  model: v.optional(v.pipe(v.string(), v.minLength(1)), 'mock-model'),
  ttft: v.optional(durationSpread, '50ms'),
  itl: v.optional(durationSpread, '10ms'),
  seed: v.optional(v.pipe(v.number(), v.integer()), 0),
  tokensPerChunk: v.optional(v.pipe(count, v.minValue(1)), 1),
  capacity: v.optional(capacity),
  faults: v.optional(v.array(faultSchema), []),
  truth: v.optional(v.boolean(), false),
  naturalTokens: v.optional(
    v.union([
      v.pipe(
        count,
        v.transform((mean): Spread => ({ mean, deviation: 0 })),
      ),
      spreadObject,
    ]),
  ),
  finishReason: v.optional(v.string()),
  usage: v.optional(v.picklist(['asked', 'always', 'continuous', 'never']), 'asked'),
  reasoningTokens: v.optional(count, 0),
  cachedShare: v.optional(share),
  nondeterminism: v.optional(share, 0),
  busyNondeterminism: v.optional(share),
  toolCalls: v.optional(v.boolean(), true),
  maxModelLength: v.optional(v.pipe(count, v.minValue(1)), 32_768),
  apiKey: v.optional(v.string()),
  idle: v.optional(v.boolean(), false),
})

/** Checks and completes; a `BenchError('usage')` names the first option that is wrong. */
export function readMockOptions(options: MockOptions = {}): MockSettings {
  const result = v.safeParse(schema, options)
  if (result.success) return result.output as MockSettings
  const issue = result.issues[0]
  throw new BenchError('usage', `mock option ${v.getDotPath(issue) ?? 'object'}: ${issue.message}`)
}

export type { Fault, FaultRule }
