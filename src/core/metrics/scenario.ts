import { describeError } from '../errors.ts'
import type { Accumulator, MetricResult } from '../metric.ts'
import type { MetricPlugin } from '../plugin.ts'
import type { Outcome, RequestRecord } from '../record.ts'
import { createDistribution, type DistributionCollector } from '../stats/distribution.ts'
import type { ScenarioSummary, Slo } from '../summary.ts'
import type { AnswerMetric } from './contract.ts'
import { layerDefinition, layerResult } from './layers.ts'
import { type RateMetric, rateMetrics, rateResult } from './rate.ts'
import { answerMetrics, sendMetrics } from './request.ts'
import { defaultSettings, type MetricSettings } from './settings.ts'
import { meetsSlo } from './slo.ts'
import { addToSteadiness, emptySteadiness, mergeSteadiness, type Steadiness, steadinessResults } from './steadiness.ts'
import { readTimings } from './timings.ts'
import {
  addAnswerToTotals,
  addToTotals,
  appendTotals,
  emptyTotals,
  mergeTotals,
  type Totals,
  windowOf,
} from './totals.ts'
import { addTrace, emptyTrace, mergeTrace, type TraceFold, traceResult } from './trace.ts'

/** What the summary knows so far, for progress; absent until measured. */
export interface LiveFigures {
  readonly requests: number
  readonly ok: number
  readonly errors: number
  readonly requestsPerSecond?: number
  readonly outputTokensPerSecond?: number
  readonly ttftMs?: number
  readonly itlMs?: number
}

type Counter = Map<string, number>

function count(counter: Counter, key: string, by = 1): void {
  counter.set(key, (counter.get(key) ?? 0) + by)
}

/** In order of names, so that two folds of the same records print the same. */
function toCounts(counter: Counter): Record<string, number> {
  return Object.fromEntries([...counter].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The fold of one scenario. Only records of the phase `measure` count; of the warm-up the number is kept. */
export class ScenarioFold {
  private readonly slo: readonly Slo[]
  private readonly settings: MetricSettings
  private readonly totals: Totals = emptyTotals()
  private readonly distributions = new Map<string, DistributionCollector>()
  private readonly steadiness: Steadiness = emptySteadiness()
  private readonly trace: TraceFold = emptyTrace()
  private readonly plugins: readonly PluginFold[]
  private readonly outcomes: Counter = new Map()
  private readonly reasons: Counter = new Map()
  private readonly notes: Counter = new Map()
  private readonly tokenSources: Counter = new Map()
  private warmupRequests = 0
  private streamedAnswers = 0

  constructor(slo: readonly Slo[], plugins: readonly MetricPlugin[], settings: MetricSettings = defaultSettings) {
    this.settings = settings
    this.slo = slo
    this.plugins = plugins.filter((plugin) => plugin.accumulate !== undefined).map((plugin) => new PluginFold(plugin))
    for (const { definition } of [...answerMetrics, ...sendMetrics]) {
      this.distributions.set(definition.id, createDistribution())
    }
  }

  add(record: RequestRecord): void {
    if (record.phase === 'warmup') this.warmupRequests++
    if (record.phase !== 'measure') return
    addToTotals(this.totals, record)
    count(this.outcomes, record.outcome)
    for (const note of record.notes ?? []) count(this.notes, note)
    for (const metric of sendMetrics) {
      const value = metric.sample(record)
      if (value !== undefined) this.distributions.get(metric.definition.id)!.add(value)
    }
    if (record.outcome === 'ok') this.addAnswer(record)
    else count(this.reasons, `${record.outcome}/${record.reason}`)
    for (const plugin of this.plugins) plugin.add(record)
  }

  /** Joins the fold of another shard, or with `later` that of a later repetition. */
  merge(other: ScenarioFold, later = false): void {
    if (later) appendTotals(this.totals, other.totals)
    else mergeTotals(this.totals, other.totals)
    mergeSteadiness(this.steadiness, other.steadiness)
    mergeTrace(this.trace, other.trace)
    for (const [id, distribution] of this.distributions) distribution.merge(other.distributions.get(id)!)
    for (const [i, plugin] of this.plugins.entries()) plugin.merge(other.plugins[i]!)
    for (const key of ['outcomes', 'reasons', 'notes', 'tokenSources'] as const) {
      for (const [name, number] of other[key]) count(this[key], name, number)
    }
    this.warmupRequests += other.warmupRequests
    this.streamedAnswers += other.streamedAnswers
  }

  live(): LiveFigures {
    const rate = (id: string): number | undefined => {
      const result = rateResult(rateById.get(id)!, this.totals, windowOf(this.totals), this.slo)
      return result.kind === 'scalar' ? result.value : undefined
    }
    const figures = {
      requestsPerSecond: rate('req_s'),
      outputTokensPerSecond: rate('output_tok_s'),
      ttftMs: this.distributions.get('ttft')!.estimate(0.5),
      itlMs: this.distributions.get('itl')!.estimate(0.5),
    }
    const measured = Object.entries(figures).filter(([, value]) => value !== undefined)
    const { requests, ok, failed } = this.totals
    return { requests, ok, errors: failed, ...Object.fromEntries(measured) }
  }

  summary(scenario: string, title: string): ScenarioSummary {
    const window = windowOf(this.totals)
    const trace = traceResult(this.trace)
    const metrics: Record<string, MetricResult> = {}
    for (const metric of answerMetrics) metrics[metric.definition.id] = this.answerResult(metric)
    for (const metric of rateMetrics) {
      metrics[metric.definition.id] = rateResult(metric, this.totals, window, this.slo)
    }
    for (const metric of sendMetrics) {
      metrics[metric.definition.id] = this.distributionResult(metric.definition, metric.whenEmpty)
    }
    Object.assign(
      metrics,
      steadinessResults(
        this.steadiness,
        (id) => this.distributions.get(id)!.result(),
        window.endAt - window.startAt,
        this.settings.spikeThreshold,
      ),
    )
    metrics[layerDefinition.id] = layerResult(this.distributions.get('itl')!.result(), this.settings.layers)
    for (const plugin of this.plugins) Object.assign(metrics, plugin.result(window))
    return {
      scenario,
      title,
      window,
      counts: {
        requests: this.totals.requests,
        byOutcome: toCounts(this.outcomes) as Partial<Record<Outcome, number>>,
        byReason: toCounts(this.reasons),
        warmupRequests: this.warmupRequests,
        notes: toCounts(this.notes),
      },
      metrics,
      ...(trace === undefined ? {} : { trace }),
      tokenSources: toCounts(this.tokenSources),
      ...(this.slo.length === 0 ? {} : { slo: this.slo }),
    }
  }

  private addAnswer(record: RequestRecord & { readonly outcome: 'ok' }): void {
    const timings = readTimings(record)
    if (timings.streamed) this.streamedAnswers++
    if (record.tokenSource !== undefined) count(this.tokenSources, record.tokenSource)
    addAnswerToTotals(this.totals, record, { timings, good: meetsSlo(this.slo, record, timings) })
    addToSteadiness(this.steadiness, record, timings)
    if (record.trace !== undefined) addTrace(this.trace, record.trace)
    for (const metric of answerMetrics) {
      if (metric.needsStream && !timings.streamed) continue
      const distribution = this.distributions.get(metric.definition.id)!
      metric.samples(record, timings, (value, weight) => distribution.add(value, weight))
    }
  }

  private answerResult(metric: AnswerMetric): MetricResult {
    if (this.totals.ok === 0) return absent(metric.definition, 'no request succeeded')
    if (metric.needsStream && this.streamedAnswers === 0) return absent(metric.definition, 'not streamed')
    return this.distributionResult(metric.definition, metric.whenEmpty)
  }

  private distributionResult(
    definition: { readonly id: string; readonly unit: string },
    whenEmpty: string,
  ): MetricResult {
    const distribution = this.distributions.get(definition.id)!.result()
    if (distribution === undefined) return absent(definition, whenEmpty)
    return { kind: 'distribution', unit: definition.unit, distribution }
  }
}

const rateById: ReadonlyMap<string, RateMetric> = new Map(rateMetrics.map((metric) => [metric.definition.id, metric]))

function absent(definition: { readonly unit: string }, reason: string): MetricResult {
  return { kind: 'absent', unit: definition.unit, reason }
}

/** A plugin's accumulator. What it throws makes its metrics absent, and stops nothing else. */
class PluginFold {
  private readonly plugin: MetricPlugin
  private readonly accumulator: Accumulator | undefined
  private failure: string | undefined

  constructor(plugin: MetricPlugin) {
    this.plugin = plugin
    this.accumulator = this.attempt(() => plugin.accumulate!())
  }

  add(record: RequestRecord): void {
    this.attempt(() => this.accumulator?.add(record))
  }

  merge(other: PluginFold): void {
    this.failure ??= other.failure
    this.attempt(() => other.accumulator && this.accumulator?.merge(other.accumulator))
  }

  result(window: ScenarioSummary['window']): Record<string, MetricResult> {
    const results = this.attempt(() => this.accumulator?.result(window))
    const reason = this.failure ?? 'the plugin gave no result'
    const { definitions, summarize, evaluate } = this.plugin
    // Of several ways to a figure, this is the one only for those that it gives.
    const own = summarize === undefined && evaluate === undefined
    return Object.fromEntries(
      definitions
        .filter(({ id }) => own || results?.[id] !== undefined)
        .map((definition) => [definition.id, results?.[definition.id] ?? absent(definition, reason)]),
    )
  }

  private attempt<Value>(task: () => Value): Value | undefined {
    if (this.failure !== undefined) return undefined
    try {
      return task()
    } catch (thrown) {
      this.failure = `plugin ${this.plugin.id} failed: ${describeError(thrown)}`
      return undefined
    }
  }
}
