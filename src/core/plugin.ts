/**
 * A metric plugin adds figures to a run, by one or more of: `accumulate` (folds records), `sample` (watches something beside
 * the run), `evaluate` (asks the server). Whatever it does, it never harms the run: what fails is a named reason.
 */
import type { ProbeReply, ScrapeMap, Target } from './adapter.ts'
import type { Call } from './call.ts'
import type { WireMessage } from './event.ts'
import type { Finding, Limit } from './limit.ts'
import type { Accumulator, MetricDefinition, MetricResult } from './metric.ts'
import type { Platform, TransportOptions } from './platform.ts'
import type { ManifestScenario } from './run.ts'
import type { ScenarioSummary, Window } from './summary.ts'

export interface MetricPlugin {
  /** Kebab case; names its file `series/<id>.jsonl` and its options. */
  readonly id: string
  /** One line for `bench list`. */
  readonly summary: string
  /** Every metric that may come out. Gates and SLOs are checked against them before the run. */
  readonly definitions: readonly MetricDefinition[]
  /** Runs by default where it works; `--no-plugin ID` switches it off. */
  readonly auto?: boolean
  /** What it needs of a machine or a server, for `bench list plugins`. Absent: nothing. */
  readonly needs?: string
  /** What may be said in a config file under `pluginOptions.<id>`, or as `--plugin-option <id>.<name>=VALUE`. */
  readonly options?: Readonly<Record<string, PluginOption>>
  /** How long an idle server is worth watching before and after the load, ms; the run waits only where the plugin was asked for. */
  readonly idleMs?: number
  /** Rows that it adds to the verdict's table, for the findings of {@link summarize}. */
  readonly limits?: readonly Limit[]
  /** What of its samples is drawn over time. */
  readonly charts?: readonly SeriesChart[]
  /** Called once a scenario and repetition, live and again by `bench report`. */
  accumulate?(): Accumulator
  /** Why it cannot work on this machine, whatever the run is; undefined: it may. For `bench list plugins`, and before a run. */
  check?(platform: Platform): Promise<string | undefined>
  /**
   * Opens what it watches, once, before the load and after the server is ready. Rejects with a `BenchError` whose message is the
   * reason when there is nothing to watch: then the run goes on without it.
   */
  sample?(context: PluginContext): Promise<Sampler>
  /**
   * Figures of its samples over one window; pure, so that `bench report` gives what the run gave. Called for the measured windows of each
   * scenario, and for each of `before`, `warmup`, `after` that there was.
   */
  summarize?(series: Series, window: Window): Observation
  /**
   * Asks the server after the load, once. By id of {@link definitions}; where a metric has several values (a task each), by `id.name` for
   * each of them, with the id alone for what they come to together. A rejection is noted, and is no result.
   */
  evaluate?(context: EvaluationContext): Promise<Readonly<Record<string, MetricResult>>>
}

/** One option: checked before the run; a wrong one ends the command with its name and what it has to be. */
export type PluginOption = { readonly summary: string; readonly secret?: true } & (
  | { readonly kind: 'text'; readonly default?: string; readonly choices?: readonly string[] }
  | { readonly kind: 'url'; readonly default?: string }
  | {
      readonly kind: 'number'
      readonly default?: number
      readonly min?: number
      readonly max?: number
      readonly unit?: string
    }
  /** ms; written as `100ms`, `2s` or a number of milliseconds. */
  | { readonly kind: 'duration'; readonly default?: number; readonly min?: number; readonly max?: number }
  | { readonly kind: 'flag'; readonly default?: boolean }
)

/** Checked, with defaults filled in; absent where there is none. */
export type PluginValues = Readonly<Record<string, string | number | boolean>>

/** What a plugin is given of a run. */
export interface PluginContext {
  readonly platform: Platform
  readonly options: PluginValues
  readonly target: Target
  /** How the adapter says that its server's metrics are named. */
  readonly scrape?: ScrapeMap
  readonly seed: number
  /** Process id of the server where the run started it (that of its group); another after a restart. */
  serverPid(): number | undefined
  /** Platform clock to milliseconds since the run's origin. */
  toRunMs(at: number): number
  /**
   * One GET beside the load, over connections of its own, with the run's TLS settings, and its headers and key where the address has the
   * server's origin. Rejects with a `BenchError('unreachable')` when there is no whole answer within the time or the signal is aborted.
   */
  get(url: string, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<PluginReply>
  /** For the manifest; one line, secrets are removed from it. */
  note(line: string): void
}

export interface PluginReply extends ProbeReply {
  /** By the platform's clock: when it was asked, and when its answer was whole. */
  readonly sentAt: number
  readonly endAt: number
}

export interface EvaluationContext extends PluginContext {
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
  /** How the run reaches servers: certificates, a proxy. */
  readonly transport: TransportOptions
  /** A line for whoever waits; secrets are removed from it. */
  say(line: string): void
  /** What it comes to, for the table: one line of at most 76 characters. The last one counts. */
  conclude(line: string): void
  /** Removes the run's secrets from a text: for what it writes itself. */
  scrub(text: string): string
  /** Makes a folder of its own within the run's, for what it leaves behind; undefined where the run writes nothing. */
  makeFolder(): Promise<string | undefined>
  /** Call `n` (from 0) of the last scenario: the run's own prompts. */
  call(n: number): Call
  /**
   * A server to be asked as the run asks: by its adapter, streamed or not. The run's own, or another, which gets the run's key and headers
   * at the same origin only. Rejects with a `BenchError` when it is not there, or names no model.
   */
  reach(other?: OtherServer): Promise<Asker>
  /**
   * Runs a task while the load of the last scenario goes on beside it: the same arrival without limits of number and time, and calls that
   * nobody asked yet; a schedule that ends (stages, a replay) starts over when its last answer has come. The task begins when
   * the first answer of the load has come. When it has ended, well or not, the load is stopped and drained; then its result
   * is given. The load's requests are recorded with the phase `beside`, and are in no figure. Rejects with a
   * `BenchError('run-failed')` when the load ended before the task. One task at a time.
   */
  underLoad<Result>(task: (load: LoadBeside) => Promise<Result>): Promise<Result>
}

export interface OtherServer {
  readonly url: string
  /** Absent: the run's where it is served there, else the first that is listed. */
  readonly model?: string
  readonly apiKey?: string
}

/** Asks one server, over connections of its own; nothing of it is recorded. */
export interface Asker {
  readonly baseUrl: string
  readonly model: string
  /** Resolves with a whole, good answer; rejects with a `BenchError` that says what came in its place. */
  ask(call: Call, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<AskedAnswer>
}

export interface AskedAnswer {
  readonly text: string
  readonly reasoning?: string
  /** In the server's words. */
  readonly finish?: string
  /** As far as the server, or the run's tokenizer, counts them. */
  readonly outputTokens?: number
  /** What the server sent, as framed: for what an adapter does not read. */
  readonly messages: readonly WireMessage[]
}

/** The load that goes on beside a task. */
export interface LoadBeside {
  /** What it is, for people: `16 streams`. */
  readonly title: string
  /** Aborted when the load has ended before the task, or the user interrupts: what is asked from then on is not asked under load. */
  readonly signal: AbortSignal
  /** How busy it kept the server while the task ran. Whole once the load is drained: after `underLoad`. */
  busy(): BesideFigures
}

export interface BesideFigures {
  /** How long the task took, ms; until now while it runs. */
  readonly ms: number
  /** Requests of the load in flight, in the mean over that time: from sending to the end of the answer. */
  readonly inFlightMean: number
  /** Requests of the load that were in flight at some time of the task, and those of them that failed. Cut short at its end is no failure. */
  readonly requests: number
  readonly failed: number
}

/** What watches. One reading at a time; a reading that does not come within the host's limit is given up, and the gap counted. */
export interface Sampler {
  /** What it reads, for people: `nvidia-smi 550.54, one process, every 100 ms`. No secret. */
  readonly source: string
  readonly everyMs: number
  /**
   * Called about every `everyMs`, and at each edge of a window while no load runs: all that was read since the last call, in order. It may be slow,
   * and may throw: the gap is counted and its first reason named.
   */
  read(at: number, signal: AbortSignal): Promise<Sample | readonly Sample[] | undefined>
  /** Ends what it started. Called once, whatever happened. */
  close(): Promise<void>
}

/** One line of `series/<id>.jsonl`: an instant and what was read. JSON. */
export interface Sample {
  /** Milliseconds since the run's origin; never before that of the sample before. */
  readonly at: number
  /** Set by the host: it was read between two windows, while no load ran, so that counters can be differed exactly. */
  readonly edge?: true
  readonly [name: string]: unknown
}

/** What a plugin's figures are made of. */
export interface Series {
  /** All samples of the run, by instant. */
  readonly samples: readonly Sample[]
  /** What the sampler called its source. */
  readonly source: string
  /** Of this scenario: `before` and `after` (idle), `warmup`, `measure`; of the last two one a repetition. */
  readonly windows: readonly Window[]
  /** The client's own figures. */
  readonly scenario: ScenarioSummary
  /** What was asked, as the manifest says it: what of it may be in a cache, say. */
  readonly workload?: ManifestScenario['workload']
  readonly options: PluginValues
}

export interface Observation {
  /** By id of {@link MetricPlugin.definitions}. */
  readonly metrics: Readonly<Record<string, MetricResult>>
  /** The most important of it for the table, on one line of at most 76 characters; absent: nothing to say. */
  readonly line?: string
  readonly findings?: readonly Finding[]
}

/** One set of lines over time. */
export interface SeriesChart {
  /** Kebab case. */
  readonly id: string
  readonly title: string
  readonly unit: string
  /** Also as a sparkline in `summary.md`. */
  readonly spark?: true
  /** By label of the line (a device, say); the label is empty where there is but one. Pure. */
  values(sample: Sample): Readonly<Record<string, number>>
}
