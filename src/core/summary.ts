/** What a run comes to: a pure fold of its records, equal to the last digit whether it is made live or from the log. */
import type { MetricDefinition, MetricResult } from './metric.ts'
import type { Outcome } from './record.ts'

/** A named stretch of a run over which metrics are taken. Milliseconds since the run's origin. */
export interface Window {
  readonly name: 'measure' | 'warmup' | (string & {})
  readonly startAt: number
  readonly endAt: number
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
  /** How many answers each source counted. */
  readonly tokenSources: Readonly<Record<string, number>>
  readonly slo?: readonly Slo[]
}

export interface VerdictReason {
  readonly code: string
  readonly figure?: number
  readonly limit?: number
  readonly unit?: string
  readonly remedy: string
}

export interface Verdict {
  readonly status: 'VALID' | 'SUSPECT' | 'INVALID' | 'not yet judged'
  readonly reasons: readonly VerdictReason[]
}

/** What plugins found by asking the server after the load: by id of the plugin, then of the metric. */
export type Evaluations = Readonly<Record<string, Readonly<Record<string, MetricResult>>>>

export interface Summary {
  /** Format version. */
  readonly v: 1
  readonly scenarios: readonly ScenarioSummary[]
  /** Of plugins' metrics, by id; absent when there are none. Those built in are known by `manifest.tool.definitions`. */
  readonly definitions?: Readonly<Record<string, MetricDefinition>>
  readonly gates: readonly GateResult[]
  readonly verdict: Verdict
  readonly evaluations?: Evaluations
  /** The run was interrupted or stopped early, and why. */
  readonly stopped?: string
}
