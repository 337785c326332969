/** What a run comes to: a pure fold of its records, equal to the last digit whether it is made live or from the log. */
import type { MetricDefinition, MetricResult } from './metric.ts'
import type { Outcome } from './record.ts'
import type { SweepResult } from './sweep.ts'

/** A named stretch of a run over which metrics are taken. Milliseconds since the run's origin. */
export interface Window {
  readonly name: 'measure' | 'warmup' | (string & {})
  readonly startAt: number
  readonly endAt: number
  /** Within it, what lies between repetitions and is no part of any: left out of rates. */
  readonly pausedMs?: number
}

/** A limit that a good request meets: `ttft<=200ms`. */
export interface Slo {
  readonly metric: 'ttft' | 'tpot' | 'itl' | 'e2e' | (string & {})
  readonly limitMs: number
}

/** `ttft.p99<500ms`, checked against the metric's own statistics and unit. */
export interface Gate {
  /** As the user wrote it. */
  readonly text: string
  readonly metric: string
  /** `p50`, `mean`, `max`, ...; absent for a scalar. */
  readonly statistic?: string
  readonly operator: '<' | '<=' | '>' | '>='
  /** In the metric's own unit. */
  readonly limit: number
}

export interface GateResult {
  readonly gate: string
  readonly scenario: string
  readonly status: 'met' | 'missed' | 'not-measured'
  /** In the metric's own unit; absent when not measured. */
  readonly value?: number
  readonly limit: number
  readonly unit: string
  /** One line for people. */
  readonly line: string
}

export interface ScenarioSummary {
  readonly scenario: string
  /** What the scenario was, for tables: `16 streams`, `20/s poisson`. */
  readonly title: string
  readonly window: Window
  readonly counts: {
    /** Records of the window, whatever became of them. */
    readonly requests: number
    readonly byOutcome: Readonly<Partial<Record<Outcome, number>>>
    /** Failures by `outcome/reason`. */
    readonly byReason: Readonly<Record<string, number>>
    readonly warmupRequests: number
    readonly notes: Readonly<Record<string, number>>
  }
  readonly metrics: Readonly<Record<string, MetricResult>>
  /** Where the server says that its time went, the largest share first; only with `--trace-level`. */
  readonly trace?: readonly TracedOperation[]
  /** How many answers each source counted. */
  readonly tokenSources: Readonly<Record<string, number>>
  readonly slo?: readonly Slo[]
  /** The stretch in which nothing changed any more; absent when there were too few requests, none was found, or with `--runs`. */
  readonly steady?: SteadyWindow
  /** Each repetition by itself, in order; only with `--runs`. The members above are of all together. */
  readonly runs?: readonly RepetitionSummary[]
  /** What the repetitions say of each figure: by metric, then by statistic (`mean`, `p50`, ...; `value` of a scalar). */
  readonly aggregate?: Readonly<Record<string, Readonly<Record<string, Aggregate>>>>
}

/** One operation of a server over all answers that it traced. */
export interface TracedOperation {
  readonly name: string
  readonly meanUs: number
  readonly minUs: number
  readonly maxUs: number
  /** Percent: the mean, of the mean total of all traces. */
  readonly share: number
  readonly samples: number
}

/** One repetition of a scenario. Its distributions come without histograms. */
export interface RepetitionSummary {
  readonly run: number
  readonly window: Window
  readonly counts: ScenarioSummary['counts']
  readonly metrics: Readonly<Record<string, MetricResult>>
}

/** One figure over repetitions, each of which counts for one. */
export interface Aggregate {
  /** One a repetition, in order; null where it was not measured. */
  readonly values: readonly (number | null)[]
  readonly mean: number
  /** Sample deviation (n - 1); absent, as the interval is, below two values. */
  readonly deviation?: number
  /** Where the true mean lies with 95 % confidence, by Student's distribution with n - 1 degrees of freedom. */
  readonly low?: number
  readonly high?: number
}

/** Key figures of the steady state, beside those of the whole window. */
export interface SteadyWindow {
  /** From the sending of its first request to the sending of the last: neither warming up nor running out. */
  readonly window: Window
  /** How it was found. */
  readonly method: string
  /** Requests sent before it. */
  readonly skipped: number
  /** `ttft`, `tpot`, `e2e` of the answers sent in it, `req_s` and `output_tok_s` of those that ended in it. */
  readonly metrics: Readonly<Record<string, MetricResult>>
}

/** Why a run is not VALID, or what a reader should know although it is (`note`). */
export interface VerdictReason {
  /** A code of the table of limits: `bench list limits`. */
  readonly code: string
  /** What it does to the verdict. */
  readonly severity?: 'invalid' | 'suspect' | 'note'
  /** The scenario's name; absent when it is about the run as a whole. */
  readonly scenario?: string
  /** Which repetition of it, with `--runs`: each is judged by itself. */
  readonly run?: number
  readonly figure?: number
  /** The limit that was passed, in the same unit. */
  readonly limit?: number
  readonly unit?: string
  /** What was found, on one line, without the remedy. */
  readonly message?: string
  readonly remedy: string
  /** The code of the reason whose consequence this is: it needs no remedy of its own. */
  readonly follows?: string
}

export interface Verdict {
  readonly status: 'VALID' | 'SUSPECT' | 'INVALID'
  /** Causes first, then what follows from them. Empty when VALID. */
  readonly reasons: readonly VerdictReason[]
  /** What changes nothing about the status: advice, and what could not be judged. */
  readonly notes?: readonly VerdictReason[]
}

/** What plugins found by asking the server after the load: by id of the plugin, then of the metric. */
export type Evaluations = Readonly<Record<string, Readonly<Record<string, MetricResult>>>>

/** What a plugin saw beside the load, or why it saw nothing. */
export interface PluginSummary {
  readonly plugin: string
  /** Nobody asked for it: it takes part where it works, and nothing is said where it does not. */
  readonly auto?: true
  /** What it read; absent when nothing could be. */
  readonly source?: string
  /** Why there is nothing, or nothing more: one line. */
  readonly absent?: string
  /** What sampling was like, and what it cost; absent when nothing was read. */
  readonly sampling?: SamplingCost
  /** None when nothing was read. */
  readonly scenarios: readonly PluginFigures[]
}

export interface SamplingCost {
  readonly samples: number
  /** Readings that failed or did not come in time, and samples that were none. */
  readonly failed: number
  /** Why the first of them failed. */
  readonly firstFailure?: string
  /** Median distance of two samples, ms; absent below two. */
  readonly everyMs?: number
  /** The longest distance, ms. */
  readonly longestGapMs?: number
  /** How long a reading took, ms: from asking to having it. */
  readonly readMeanMs: number
  readonly readMaxMs: number
}

/** The figures of one scenario. */
export interface PluginFigures {
  readonly scenario: string
  /** The most important of it, on one line. */
  readonly line?: string
  /** Over its measured windows, by id of the metric. */
  readonly metrics: Readonly<Record<string, MetricResult>>
  /** Over its other windows, where there were samples: `before`, `warmup`, `after`. */
  readonly phases?: Readonly<Record<string, Readonly<Record<string, MetricResult>>>>
  /** What was wrong with what the plugin made of its samples: one line. */
  readonly fault?: string
}

export interface Summary {
  /** Format version. */
  readonly v: 1
  /** Whose definitions the figures follow; absent: ours. Never in a run folder. */
  readonly profile?: string
  readonly scenarios: readonly ScenarioSummary[]
  /** Of plugins' metrics, by id; absent when there are none. Those built in are known by `manifest.tool.definitions`. */
  readonly definitions?: Readonly<Record<string, MetricDefinition>>
  /** What the scenarios of a sweep say together. */
  readonly sweep?: SweepResult
  readonly gates: readonly GateResult[]
  readonly verdict: Verdict
  readonly evaluations?: Evaluations
  /** What they come to, by id of the plugin: one line each. */
  readonly conclusions?: Readonly<Record<string, string>>
  /** What was watched beside the load, in the order in which plugins were named; absent when nothing was. */
  readonly plugins?: readonly PluginSummary[]
  /** The run was interrupted or stopped early, and why. */
  readonly stopped?: string
}
