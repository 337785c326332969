/** A run, decided: options are read, checked and completed into a {@link RunPlan}, and the engine asks no questions. */
import type { Adapter, Target } from './adapter.ts'
import type { Arrival } from './arrival.ts'
import type { ChatMessage } from './call.ts'
import type { TransportOptions } from './platform.ts'
import type { MetricPlugin, PluginValues } from './plugin.ts'
import type { Gate, Slo } from './summary.ts'
import type { SweepRules } from './sweep.ts'
import type { Spread } from './units.ts'

/** Limits of time for one request, ms. Absent: no such limit. */
export interface Timeouts {
  readonly connectMs: number
  /** From sending to the response head. */
  readonly headersMs?: number
  /** From sending to the first token (text, reasoning or tool call). */
  readonly firstTokenMs?: number
  /** Between tokens; comments and empty events do not count. */
  readonly idleMs?: number
  /** From sending to the end. */
  readonly totalMs?: number
}

/** One row of a data set, checked. */
export interface DatasetRow {
  readonly row: number
  readonly content:
    | { readonly prompt: string }
    | { readonly promptTokenIds: readonly number[] }
    | { readonly messages: readonly ChatMessage[] }
  readonly maxTokens?: number
  readonly inputTokens?: number
  /** More members of the request body. */
  readonly body?: Readonly<Record<string, unknown>>
}

/** What is to be asked. Lengths in tokens of the model. */
export type PromptPlan =
  | {
      readonly kind: 'synthetic'
      readonly inputTokens: Spread
      readonly outputTokens: Spread
      /** The first so many tokens of every prompt are the same. 0: every prompt differs from its first token on. */
      readonly sharedPrefixTokens: number
      /** How tokens are drawn, as members of the request body: part of what a named workload asks. */
      readonly sampling?: Readonly<Record<string, number>>
    }
  | {
      readonly kind: 'dataset'
      readonly name: string
      /** Of the file's bytes, for the fingerprint. */
      readonly hash: string
      readonly rows: readonly DatasetRow[]
      /** For rows that say nothing. */
      readonly outputTokens?: Spread
    }

export type Warmup =
  | { readonly kind: 'none' }
  | { readonly kind: 'requests'; readonly requests: number }
  | { readonly kind: 'time'; readonly ms: number }

/** One cell of the matrix. */
export interface ScenarioPlan {
  readonly name: string
  /** For tables: `16 streams`, `20/s poisson`. */
  readonly title: string
  readonly arrival: Arrival
  /** At least one of the two, unless the arrival itself ends. Whichever comes first. */
  readonly requests?: number
  readonly durationMs?: number
  /** An open arrival above it waits, and that wait is recorded (`dueAt` to `sentAt`). */
  readonly maxInFlight?: number
  readonly warmup: Warmup
  readonly prompts: PromptPlan
}

export interface Repeat {
  /** At least 2. */
  readonly runs: number
  /** Between two of them nothing is sent for so long. */
  readonly cooldownMs: number
  /** The server of {@link RunPlan.start} is started afresh for each. */
  readonly restart: boolean
}

/** How a plugin takes part. */
export interface PluginSetting {
  readonly options: PluginValues
  /** Nobody asked for it. */
  readonly auto?: true
  /** It came with inferbench. */
  readonly builtIn?: true
}

export interface RunPlan {
  readonly adapter: Adapter
  /** How it was named: another thread finds it by that. Absent when it was given as an object. */
  readonly adapterSource?: string
  /** Threads that carry the load; 0: the main one does. */
  readonly threads?: number | 'auto'
  /** `model` is discovered when absent. */
  readonly target: Omit<Target, 'model'> & { readonly model?: string }
  readonly scenarios: readonly [ScenarioPlan, ...ScenarioPlan[]]
  readonly seed: number
  readonly temperature?: number
  /** Ask for exactly the output length, where the adapter can. */
  readonly forceLength: boolean
  /** Path of a `tokenizer.json`. */
  readonly tokenizer?: string
  readonly transport?: string
  readonly transportOptions: TransportOptions
  readonly timeouts: Timeouts
  /** How long open requests may go on after the last one was sent by time limit or interrupt. */
  readonly drainMs: number
  /** How long to wait for a server that does not answer yet. */
  readonly readyTimeoutMs: number
  /** A command that starts the server, for the system's shell. May hold secrets. */
  readonly start?: string
  /** All scenarios, so many times; absent: once. */
  readonly repeat?: Repeat
  /** The scenarios are the loads of a sweep, in its order, and differ in nothing else: its rules say which are measured. */
  readonly sweep?: SweepRules
  readonly slo: readonly Slo[]
  readonly gates: readonly Gate[]
  /** Limits of the verdict that the user changed, by code. */
  readonly limits?: Readonly<Record<string, { readonly suspect?: number; readonly invalid?: number }>>
  readonly plugins: readonly MetricPlugin[]
  /** By id; one that is missing has the defaults of its options. */
  readonly pluginSettings?: Readonly<Record<string, PluginSetting>>
  /** Time before the first and after the last request in which nothing is sent; absent: as plugins that were asked for want it. */
  readonly idleMs?: number
  readonly saveText: boolean
  /** `basic`, `contains:TEXT` or `pattern:REGEX`, checked: what every whole answer is judged by. */
  readonly validate?: string
  /** Folder to write into; absent: a new one under `bench-runs/`. null: write nothing. */
  readonly out?: string | null
  /** The options as given, secrets removed, for the manifest. */
  readonly options: Readonly<Record<string, unknown>>
  /** Strings that must never reach a file or a terminal. */
  readonly secrets: readonly string[]
}
