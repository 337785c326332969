/** A run of inferbench in the words of probador's result file: what scorecards and comparisons read, whoever measured. */
import type { Distribution, MetricResult, QuantileName } from '../metric.ts'
import type { Manifest, ManifestScenario } from '../run.ts'
import type { ScenarioSummary, Summary } from '../summary.ts'
import { describeOwnGpu } from './own-gpu.ts'
import { meanOf } from './percentiles.ts'
import { layerCost } from './probador/load.ts'
import type { LoadResult } from './probador/result.ts'

/** Streams of a closed loop; undefined for an open schedule, which has no fixed number. */
export function streamsOf({ load, arrival }: ManifestScenario): number | undefined {
  if (load !== undefined) return load.kind === 'closed' ? load.streams : undefined
  const slots = /^closed loop, (\d+) slots?$/.exec(arrival)?.[1]
  return slots === undefined ? undefined : Number(slots)
}

/** Who was measured, for a line of a table: `vllm 0.11.0`. */
export function nameOfRun({ adapter, target }: Manifest): string {
  return target.server === undefined ? adapter : `${adapter} ${target.server}`
}

/** A run of ours, as far as results of old tools say the same. */
export interface OwnRun {
  readonly manifest: Manifest
  readonly summary: Pick<Summary, 'plugins' | 'evaluations'>
}

/**
 * `itl_p50_ms` is the median over answers of their mean time per output token (our `tpot`): what probador calls ITL, but of
 * tokens rather than chunks. Latency is `e2e`. An open schedule has concurrency 0, which no card mistakes for one stream.
 */
export function describeOwnRun({ manifest, summary }: OwnRun, scenario: ScenarioSummary, name: string): LoadResult {
  const gpu = describeOwnGpu(summary.plugins ?? [], scenario)
  const quality = describeValidation(scenario) ?? describeEvaluations(summary.evaluations)
  return {
    ...describeFigures(manifest, scenario, name),
    ...(gpu === undefined ? {} : { gpu_telemetry: gpu }),
    ...(quality === undefined ? {} : { quality }),
  }
}

/** Each repetition by itself, as {@link describeOwnRun} has them together; undefined where there is but one. */
export function describeOwnRepetitions(
  { manifest }: OwnRun,
  scenario: ScenarioSummary,
  name: string,
): readonly LoadResult[] | undefined {
  return scenario.runs?.map(({ run, metrics, counts }) =>
    describeFigures(manifest, { ...scenario, metrics, counts }, name, run),
  )
}

/** Of all requests, or of one repetition. */
function describeFigures(manifest: Manifest, scenario: ScenarioSummary, name: string, run?: number): LoadResult {
  const plan = manifest.scenarios.find((one) => one.name === scenario.scenario)
  const { metrics, counts } = scenario
  const tpot = distributionOf(metrics.tpot)
  const ok = counts.byOutcome.ok ?? 0
  const errors = scalarOf(metrics.errors)
  const { numLayers } = manifest.options
  const itl = tpot?.quantiles.p50
  return {
    runtime_name: name,
    timestamp: manifest.startedAt,
    concurrency: (plan === undefined ? undefined : streamsOf(plan)) ?? 0,
    total_requests: counts.requests,
    successful: ok,
    failed: counts.requests - ok,
    ...present({
      error_rate: errors === undefined ? undefined : errors / 100,
      throughput_rps: scalarOf(metrics.req_s),
      tokens_per_sec: scalarOf(metrics.output_tok_s),
      request_tok_per_sec: distributionOf(metrics.tok_s_request)?.mean,
      goodput_pct: scalarOf(metrics.goodput),
      avg_tok_per_req: distributionOf(metrics.output_tokens)?.mean,
      prompt_tokens_total: distributionOf(metrics.input_tokens)?.sum,
      completion_tokens_total: distributionOf(metrics.output_tokens)?.sum,
      itl_p50_ms: itl,
      decode_tok_per_sec: itl ? 1000 / itl : undefined,
      cold_start_ms: coldStartOf(manifest, run),
      ...quantiles('latency', distributionOf(metrics.e2e), ['p50', 'p95', 'p99']),
      ...quantiles('ttft', distributionOf(metrics.ttft), ['p50', 'p90', 'p95', 'p99']),
      ...quantiles('tpot', tpot, ['p50', 'p90', 'p95', 'p99']),
    }),
    ...(itl !== undefined && typeof numLayers === 'number' && { num_layers: numLayers, ...layerCost(itl, numLayers) }),
    ...describeJitter(scenario),
  }
}

/** `--validate` judges every whole answer. */
function describeValidation({ metrics, counts }: ScenarioSummary): LoadResult['quality'] {
  const [percent, total = 0] = [scalarOf(metrics.quality), counts.byOutcome.ok]
  if (percent === undefined || total === 0) return undefined
  return { total_validated: total, passed: Math.round((percent * total) / 100), pass_rate: percent / 100 }
}

/** The plugin `quality`: right answers to the documents of its tasks while the server was idle. */
function describeEvaluations(evaluations: Summary['evaluations']): LoadResult['quality'] {
  const tasks = Object.entries(evaluations?.quality ?? {}).filter(([id]) => id.startsWith('quality_idle.'))
  return joinScores(
    tasks.flatMap(([, result]) =>
      result.kind === 'scalar' && result.count ? [{ score: result.value, documents: result.count }] : [],
    ),
  )
}

/** Scores that are shares of right answers, each of so many documents; undefined when one is none, or there are none. */
export function joinScores(
  scores: readonly { readonly score: number; readonly documents: number }[],
): LoadResult['quality'] {
  const total = scores.reduce((sum, { documents }) => sum + documents, 0)
  if (total === 0 || scores.some(({ score }) => score < 0 || score > 1)) return undefined
  const rate = scores.reduce((sum, { score, documents }) => sum + score * documents, 0) / total
  return { total_validated: total, passed: Math.round(rate * total), pass_rate: rate }
}

/** The mean, where the server was started afresh for each repetition. */
function coldStartOf({ server }: Manifest, run: number | undefined): number | undefined {
  const starts = (server?.coldStarts ?? []).filter((start) => run === undefined || (start.run ?? run) === run)
  return starts.length === 0 ? undefined : meanOf(starts.map(({ coldStartMs }) => coldStartMs))
}

function distributionOf(result: MetricResult | undefined): Distribution | undefined {
  return result?.kind === 'distribution' ? result.distribution : undefined
}

function scalarOf(result: MetricResult | undefined): number | undefined {
  return result?.kind === 'scalar' ? result.value : undefined
}

type Values = Readonly<Record<string, number | undefined>>

function quantiles(name: string, distribution: Distribution | undefined, wanted: readonly QuantileName[]): Values {
  return Object.fromEntries(wanted.map((quantile) => [`${name}_${quantile}_ms`, distribution?.quantiles[quantile]]))
}

function present(values: Values): Partial<LoadResult> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

function describeJitter({ metrics }: ScenarioSummary): Pick<LoadResult, 'tail_analysis'> {
  const [cv, spikes] = [scalarOf(metrics.tpot_cv), scalarOf(metrics.tpot_spikes)]
  return cv === undefined || spikes === undefined
    ? {}
    : { tail_analysis: { jitter: { itl_cv: cv, spike_count: spikes } } }
}
