/** The composite card: what a user of an inference server feels, in one number a runtime. Field names are probador's. */
import type { LoadResult } from '../compat/probador/result.ts'
import { COMPOSITE_METRICS, type CompositeMetric, type Contract, type ScoreRules, type Weights } from './contract.ts'
import { stripConcurrency } from './names.ts'
import { compose, gradeOf, jitterPenalty, scoreMetric } from './points.ts'

export interface MetricScore {
  readonly value: number
  /** With bonus and penalty. */
  readonly score: number
  readonly best: boolean
  readonly jitter_penalty?: number
}

export interface RuntimeScore {
  readonly name: string
  readonly source_file?: string
  /** What was not measured is not there. */
  readonly metrics: Readonly<Partial<Record<CompositeMetric, MetricScore>>>
  /** Absent when less than half of the weight was measured. */
  readonly composite?: number
  readonly grade?: string
  /** Metrics of the contract that were not measured: the composite is of the others. */
  readonly not_measured?: readonly CompositeMetric[]
}

export interface CompositeCard {
  readonly contract_version: string
  readonly concurrency: number
  readonly runtimes: readonly RuntimeScore[]
}

/** A composite of less than this share of the weight would not be one. */
const ENOUGH = 0.5

/**
 * `results` are of one concurrency; that of the first decides the weights. `alone`: results at one stream, for how
 * throughput scales; of several of one name the last counts.
 */
export function scoreComposite(
  results: readonly LoadResult[],
  alone: readonly LoadResult[],
  contract: Contract,
  rules: ScoreRules,
): CompositeCard {
  const concurrency = results[0]?.concurrency ?? 1
  const weights = weightsAt(concurrency, contract)
  const metrics = COMPOSITE_METRICS.filter((metric) => weights[metric] !== undefined)
  const values = results.map((result) => valuesOf(result, alone, rules))
  const best = new Map(metrics.map((metric) => [metric, findBest(values, metric, contract, rules)]))
  const runtimes = results.map((result, index): RuntimeScore => {
    const scores: Partial<Record<CompositeMetric, MetricScore>> = {}
    for (const metric of metrics) {
      const value = values[index]![metric]
      if (value === undefined) continue
      scores[metric] = scoreValue(metric, value, result, best.get(metric)!.has(index), contract)
    }
    return {
      name: result.runtime_name,
      ...(result.source_file === undefined ? {} : { source_file: result.source_file }),
      metrics: scores,
      ...conclude(scores, weights, contract, rules),
    }
  })
  const sorted = runtimes.sort((a, b) => (b.composite ?? -1) - (a.composite ?? -1))
  return { contract_version: contract.contract_version, concurrency, runtimes: sorted }
}

export function weightsAt(concurrency: number, contract: Contract): Weights {
  return concurrency > 1 ? contract.throughput_weights : contract.interactive_weights
}

type Values = Readonly<Partial<Record<CompositeMetric, number | undefined>>>

export function valuesOf(result: LoadResult, alone: readonly LoadResult[], rules: ScoreRules): Values {
  return {
    decode_tok_s: result.decode_tok_per_sec,
    ttft_p50_ms: result.ttft_p50_ms,
    itl_p50_ms: result.itl_p50_ms,
    ttft_p99_ms: result.ttft_p99_ms,
    error_rate: result.error_rate,
    aggregate_tok_s: result.tokens_per_sec,
    throughput_scaling: scalingOf(result, alone, rules),
  }
}

function scalingOf(result: LoadResult, alone: readonly LoadResult[], rules: ScoreRules): number | undefined {
  const name = stripConcurrency(result.runtime_name)
  const decode = alone.findLast((other) => stripConcurrency(other.runtime_name) === name)?.decode_tok_per_sec ?? 0
  const total = result.tokens_per_sec ?? (rules.missing === 'lose' ? 0 : undefined)
  return decode > 0 && total !== undefined ? total / decode : undefined
}

/** Places of the best value; by the raw value, before any penalty. */
function findBest(
  values: readonly Values[],
  metric: CompositeMetric,
  contract: Contract,
  rules: ScoreRules,
): ReadonlySet<number> {
  const sign = contract.thresholds[metric].higher_is_better ? 1 : -1
  let places: number[] = []
  let best: number | undefined
  for (const [index, { [metric]: value }] of values.entries()) {
    if (value === undefined) continue
    if (best === undefined || value * sign > best * sign) {
      best = value
      places = [index]
    } else if (value === best && rules.ties === 'share') places.push(index)
  }
  return new Set(places)
}

function scoreValue(
  metric: CompositeMetric,
  value: number,
  result: LoadResult,
  best: boolean,
  contract: Contract,
): MetricScore {
  const jitter = metric === 'itl_p50_ms' ? result.tail_analysis?.jitter : undefined
  const penalty = jitter === undefined ? 0 : jitterPenalty(jitter)
  const plain = Math.max(scoreMetric(value, contract.thresholds[metric]) - penalty, 0)
  const score = Math.min(plain + (best ? contract.best_in_class_bonus : 0), 100)
  return { value, score, best, ...(jitter === undefined ? {} : { jitter_penalty: penalty }) }
}

/** The sum, its grade, and what it lacks. */
export function conclude(
  scores: Readonly<Partial<Record<CompositeMetric, { readonly score: number }>>>,
  weights: Weights,
  contract: Contract,
  rules: ScoreRules,
): Pick<RuntimeScore, 'composite' | 'grade' | 'not_measured'> {
  const points = Object.fromEntries(Object.entries(scores).map(([metric, { score }]) => [metric, score]))
  const composite = compose(weights, points, rules.missing)
  const missing = COMPOSITE_METRICS.filter((metric) => weights[metric] !== undefined && scores[metric] === undefined)
  const told = rules.missing === 'lose' || missing.length === 0 ? {} : { not_measured: missing }
  if (composite.points === undefined || (rules.missing !== 'lose' && composite.measured < ENOUGH)) return told
  return { composite: composite.points, grade: gradeOf(composite.points, contract), ...told }
}
