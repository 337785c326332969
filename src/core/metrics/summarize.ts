import type { MetricDefinition } from '../metric.ts'
import type { MetricPlugin } from '../plugin.ts'
import type { RequestRecord } from '../record.ts'
import type { ScenarioSummary, Slo } from '../summary.ts'
import { createMetricRegistry } from './registry.ts'
import { aggregateRuns, describeRepetition } from './repetitions.ts'
import { type LiveFigures, ScenarioFold } from './scenario.ts'
import { defaultSettings, type MetricSettings } from './settings.ts'

export interface SummarizerOptions {
  readonly slo?: readonly Slo[]
  readonly plugins?: readonly MetricPlugin[]
  readonly settings?: MetricSettings
}

/**
 * Folds records into summaries. The engine adds each record as it writes it, `bench report` as it reads it: the same
 * records in the same order give the same summary to the last digit.
 */
export interface Summarizer {
  /** Of the plugins' metrics, by id. */
  readonly definitions: Readonly<Record<string, MetricDefinition>>
  /** Once a record, in order of ending; cheap, and off the capture path. */
  add(record: RequestRecord): void
  /** Joins the fold of other records (another shard) made with the same options. */
  merge(other: Summarizer): void
  /** Figures of one scenario's measured phase (in one repetition) so far; cheap at any size. */
  live(scenario: string, run?: number): LiveFigures
  /** One summary a scenario, in the order given. A scenario without records has every metric absent. */
  summary(scenarios: readonly { readonly name: string; readonly title: string }[]): ScenarioSummary[]
}

class RecordSummarizer implements Summarizer {
  readonly definitions: Readonly<Record<string, MetricDefinition>>
  private readonly slo: readonly Slo[]
  private readonly settings: MetricSettings
  private readonly plugins: readonly MetricPlugin[]
  /** By scenario, then by repetition; 0 where there are none. */
  private readonly folds = new Map<string, Map<number, ScenarioFold>>()

  constructor(options: SummarizerOptions) {
    this.slo = options.slo ?? []
    this.settings = options.settings ?? defaultSettings
    this.plugins = options.plugins ?? []
    // Two metrics of one name would overwrite each other.
    createMetricRegistry(this.plugins)
    const definitions = this.plugins.flatMap((plugin) => plugin.definitions)
    this.definitions = Object.fromEntries(definitions.map((definition) => [definition.id, definition]))
  }

  add(record: RequestRecord): void {
    // Nor is it a repetition, where there are some.
    if (record.phase === 'beside') return
    this.fold(record.scenario, record.run).add(record)
  }

  merge(other: Summarizer): void {
    if (!(other instanceof RecordSummarizer)) throw new TypeError('a summarizer merges with its own kind')
    for (const [scenario, runs] of other.folds) {
      for (const [run, fold] of runs) this.fold(scenario, run).merge(fold)
    }
  }

  live(scenario: string, run?: number): LiveFigures {
    return this.fold(scenario, run).live()
  }

  summary(scenarios: readonly { readonly name: string; readonly title: string }[]): ScenarioSummary[] {
    return scenarios.map(({ name, title }) => {
      const runs = [...(this.folds.get(name) ?? [])].filter(([run]) => run > 0).sort(([a], [b]) => a - b)
      return runs.length === 0 ? this.fold(name).summary(name, title) : this.joinRuns(name, title, runs)
    })
  }

  /** All repetitions as one sample, each by itself, and what they say together. */
  private joinRuns(name: string, title: string, runs: readonly (readonly [number, ScenarioFold])[]): ScenarioSummary {
    const whole = new ScenarioFold(this.slo, this.plugins, this.settings)
    for (const [, fold] of runs) whole.merge(fold, true)
    const summaries = runs.map(([run, fold]) => describeRepetition(run, fold.summary(name, title)))
    return { ...whole.summary(name, title), runs: summaries, aggregate: aggregateRuns(summaries) }
  }

  private fold(scenario: string, run = 0): ScenarioFold {
    let runs = this.folds.get(scenario)
    if (runs === undefined) {
      runs = new Map()
      this.folds.set(scenario, runs)
    }
    let fold = runs.get(run)
    if (fold === undefined) {
      fold = new ScenarioFold(this.slo, this.plugins, this.settings)
      runs.set(run, fold)
    }
    return fold
  }
}

export function createSummarizer(options: SummarizerOptions = {}): Summarizer {
  return new RecordSummarizer(options)
}
