/** What a run leaves behind, and what it says while it goes. */
import type { RunCalibration } from './calibration.ts'
import type { BenchError } from './errors.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { PluginSummary, Summary } from './summary.ts'
import type { SweepRules } from './sweep.ts'

/** `manifest.json`: with `records.jsonl` enough to recompute every number without the server. */
export interface Manifest {
  /** Format version. */
  readonly v: 1
  readonly id: string
  readonly tool: { readonly name: 'inferbench'; readonly version: string; readonly definitions: number }
  readonly platform: {
    readonly name: string
    readonly version: string
    readonly machine: Readonly<Record<string, string | number>>
  }
  readonly clock: {
    /** Epoch ms of the instant that records count from. */
    readonly originEpochMs: number
    readonly stepMs: number
    /**
     * How the clock of each load thread differs from the main one, whose instants these are: what was added to its readings,
     * and the most that this can be wrong by, ms. Absent when the main thread carried the load.
     */
    readonly threads?: readonly { readonly offsetMs: number; readonly uncertaintyMs: number }[]
  }
  readonly adapter: string
  readonly target: {
    /** User part removed. */
    readonly url: string
    readonly model: string
    readonly modelDiscovered: boolean
    readonly endpoint: string
    readonly stream: boolean
    readonly server?: string
    readonly fingerprint?: string
  }
  readonly transport: { readonly name: string; readonly connections: string; readonly insecure: boolean }
  readonly seed: number
  /** Only when the run started its server. */
  readonly server?: ManifestServer
  /** Only of a sweep: its scenarios are those that were measured, all that may be until it ends. */
  readonly sweep?: SweepRules
  readonly scenarios: readonly ManifestScenario[]
  readonly slo: readonly { readonly metric: string; readonly limitMs: number }[]
  readonly gates: readonly string[]
  /** Limits of the verdict that the user changed, by code; absent when there are none. */
  readonly limits?: Readonly<Record<string, { readonly suspect?: number; readonly invalid?: number }>>
  readonly options: Readonly<Record<string, unknown>>
  /** What the run noticed about itself or the server before or while measuring; one line each. */
  readonly notes: readonly string[]
  /** The instrument's error at this run's loads, as calibrated; absent until the run ends, and where nothing can be known. */
  readonly calibration?: RunCalibration
  /** What must match before this run may be compared with another; absent in runs from before there was one. */
  readonly fingerprint?: Fingerprint
  /** What plugins read, or why they read nothing: with their series enough to compute their figures again. */
  readonly plugins?: readonly ManifestPlugin[]
  /** Before the first and after the last request nothing was sent for so long, so that plugins see an idle server. */
  readonly idle?: readonly { readonly name: 'before' | 'after'; readonly startAt: number; readonly endAt: number }[]
  readonly startedAt: string
  readonly endedAt?: string
}

export interface ManifestPlugin extends Pick<PluginSummary, 'plugin' | 'auto' | 'source' | 'absent' | 'sampling'> {
  /** It came with inferbench: a report may load it. */
  readonly builtIn?: true
  /** With defaults; secrets removed. */
  readonly options?: Readonly<Record<string, string | number | boolean>>
}

export interface ManifestServer {
  /** As given, secrets removed. */
  readonly command: string
  /** What was asked until it was ready, all in order: `GET /health`. */
  readonly probes: readonly string[]
  /** One a start; none until it is ready. */
  readonly coldStarts: readonly ColdStart[]
}

/** From starting the command to the answer that said ready. */
export interface ColdStart {
  /** The repetition that it was started for, where each has its own. */
  readonly run?: number
  readonly coldStartMs: number
  /** How far it may be below {@link coldStartMs}: the time since the last question that was not answered so. */
  readonly resolutionMs: number
}

export interface ManifestScenario {
  readonly name: string
  readonly title: string
  readonly arrival: string
  readonly requests?: number
  readonly durationMs?: number
  readonly maxInFlight?: number
  /** Absent in runs of older versions. An open schedule without one rate (stages, replay) has no `ratePerSecond`. */
  readonly load?:
    | { readonly kind: 'closed'; readonly streams: number }
    | { readonly kind: 'open'; readonly ratePerSecond?: number }
  readonly workload: Readonly<Record<string, unknown>>
  /** Windows as they came out; absent until the scenario ends. */
  readonly windows?: readonly {
    readonly name: string
    /** The repetition, from 1; only with `--runs`. */
    readonly run?: number
    readonly startAt: number
    readonly endAt: number
  }[]
}

/** A moment of a run, for people: about four a second. */
export interface Progress {
  readonly scenario: string
  readonly title: string
  /** From 0. */
  readonly scenarioIndex: number
  readonly scenarioCount: number
  /** Which repetition of how many, from 1; absent where there is but one. */
  readonly run?: number
  readonly runCount?: number
  readonly phase: 'prepare' | 'warmup' | 'measure' | 'drain'
  readonly done: number
  /** Absent when only a duration bounds the phase. */
  readonly total?: number
  readonly inFlight: number
  readonly errors: number
  readonly elapsedMs: number
  readonly leftMs?: number
  /** So far in this phase; absent until measured. */
  readonly requestsPerSecond?: number
  readonly outputTokensPerSecond?: number
  readonly ttftMs?: number
  readonly itlMs?: number
}

export interface RunResult {
  readonly manifest: Manifest
  readonly summary: Summary
  /** Where it was written; absent when nothing was. */
  readonly folder?: string
  readonly interrupted: boolean
  /** The run ended, and did not do what it should: no request succeeded, the server died, the disk is full. Exit code 1. */
  readonly failure?: BenchError
}

/** One line of `series/client.jsonl`: the instrument watching itself. Absent means not known on this runtime. */
export interface ClientSample {
  /** ms since the run's origin. */
  readonly at: number
  /** How late a timer of ours fired at most since the last line, ms. */
  readonly timerLateMs: number
  /** CPU used since the last line as a share of one core, per thread. */
  readonly cpu?: readonly number[]
  /** Of {@link cpu}, what was spent turning the loop for a punctual send, per thread: no work, and no saturation. */
  readonly spin?: readonly number[]
  readonly gcMs?: number
  readonly gcMaxMs?: number
  /** How far the wall clock has moved against ours since the run began, ms: a jump of it shows here. */
  readonly wallDriftMs?: number
  readonly memoryBytes?: number
  readonly openSockets: number
  readonly inFlight: number
  /** Requests sent more than 1 ms after they were due since the last line. */
  readonly lateSends: number
  /** Captured and not yet decoded. */
  readonly undecodedBytes: number
}
