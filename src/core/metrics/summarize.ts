import type { MetricDefinition, MetricPlugin } from '../metric.ts'
import type { RequestRecord } from '../record.ts'
import type { ScenarioSummary, Slo } from '../summary.ts'
import { createMetricRegistry } from './registry.ts'
import { type LiveFigures, ScenarioFold } from './scenario.ts'

export interface SummarizerOptions {
  readonly slo?: readonly Slo[]
  readonly plugins?: readonly MetricPlugin[]
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
  /** Figures of one scenario's measured phase so far; cheap at any size. */
  live(scenario: string): LiveFigures
  /** One summary a scenario, in the order given. A scenario without records has every metric absent. */
  summary(scenarios: readonly { readonly name: string; readonly title: string }[]): ScenarioSummary[]
}

class RecordSummarizer implements Summarizer {
  readonly definitions: Readonly<Record<string, MetricDefinition>>
  private readonly slo: readonly Slo[]
  private readonly plugins: readonly MetricPlugin[]
  private readonly folds = new Map<string, ScenarioFold>()

  constructor(options: SummarizerOptions) {
    this.slo = options.slo ?? []
    this.plugins = options.plugins ?? []
    // Two metrics of one name would overwrite each other.
    createMetricRegistry(this.plugins)
    const definitions = this.plugins.flatMap((plugin) => plugin.definitions)
    this.definitions = Object.fromEntries(definitions.map((definition) => [definition.id, definition]))
  }

  add(record: RequestRecord): void {
    this.fold(record.scenario).add(record)
  }

  merge(other: Summarizer): void {
    if (!(other instanceof RecordSummarizer)) throw new TypeError('a summarizer merges with its own kind')
    for (const [scenario, fold] of other.folds) this.fold(scenario).merge(fold)
  }

  live(scenario: string): LiveFigures {
    return this.fold(scenario).live()
  }

  summary(scenarios: readonly { readonly name: string; readonly title: string }[]): ScenarioSummary[] {
    return scenarios.map(({ name, title }) => this.fold(name).summary(name, title))
  }

  private fold(scenario: string): ScenarioFold {
    let fold = this.folds.get(scenario)
    if (fold === undefined) {
      fold = new ScenarioFold(this.slo, this.plugins)
      this.folds.set(scenario, fold)
    }
    return fold
  }
}

export function createSummarizer(options: SummarizerOptions = {}): Summarizer {
  return new RecordSummarizer(options)
}
