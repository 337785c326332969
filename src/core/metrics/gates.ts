import { BenchError } from '../errors.ts'
import type { Distribution, MetricDefinition, MetricResult, QuantileName } from '../metric.ts'
import { suggestName } from '../nearest.ts'
import { createHistogram } from '../stats/histogram.ts'
import { interpolateQuantile, QUANTILES, samplesNeeded, supportsQuantile } from '../stats/quantile.ts'
import type { Gate, GateResult, ScenarioSummary } from '../summary.ts'
import { parseDuration } from '../units.ts'
import { type MetricRegistry, metricRegistry } from './registry.ts'

const GATE = /^([^<>=.\s]+)(?:\.([^<>=\s]+))?\s*(<=|>=|<|>)\s*(\S.*)$/

const QUANTILE = /^p(\d{1,2}(?:\.\d+)?)$/

const STATISTICS = ['mean', 'min', 'max', 'deviation', ...QUANTILES.map(([name]) => name)]

/**
 * Reads `ttft.p99<500ms`, `errors<1%`, `output_tok_s>1000`, `goodput>=95%`. Metric, statistic and unit are checked against
 * the metric's definition; the limit comes back in the metric's own unit. Throws a usage error that says what is wrong.
 */
export function parseGate(text: string, registry: MetricRegistry = metricRegistry): Gate {
  const trimmed = text.trim()
  const match = GATE.exec(trimmed)
  if (match === null) {
    throw gateError(trimmed, 'is not a gate; write metric.statistic<limit, such as ttft.p99<500ms or errors<1%')
  }
  const [, metric, statistic, operator, limit] = match as unknown as [string, string, string?, string?, string?]
  const definition = registry.get(metric)
  if (definition === undefined) {
    const help = suggestName(metric, registry.keys()) || '; bench list has them all'
    throw gateError(trimmed, `names no metric: "${metric}"${help}`)
  }
  checkStatistic(trimmed, definition, statistic)
  return {
    text: trimmed,
    metric,
    ...(statistic === undefined ? {} : { statistic }),
    operator: operator as Gate['operator'],
    limit: parseLimit(trimmed, definition, limit!.trim()),
  }
}

function gateError(gate: string, problem: string): BenchError {
  return new BenchError('usage', `--gate: "${gate}" ${problem}`)
}

function checkStatistic(gate: string, { id, kind }: MetricDefinition, statistic: string | undefined): void {
  if (kind === 'scalar') {
    if (statistic !== undefined)
      throw gateError(gate, `asks for ${statistic} of ${id}, which is one number; write ${id}`)
    return
  }
  if (statistic === undefined) throw gateError(gate, `needs a statistic; write ${id}.p99, ${id}.p50 or ${id}.mean`)
  if (STATISTICS.includes(statistic) || quantileNamed(statistic) !== undefined) return
  const help = suggestName(statistic, STATISTICS) || `; there are ${STATISTICS.join(', ')}`
  throw gateError(gate, `asks for an unknown statistic "${statistic}"${help}`)
}

/** `p97.5` is 0.975. */
function quantileNamed(statistic: string): number | undefined {
  const match = QUANTILE.exec(statistic)
  const q = match === null ? 0 : Number(match[1]) / 100
  return q > 0 && q < 1 ? q : undefined
}

const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/i

/** Durations and shares need their unit (5 what? 0.95 or 95 %?); other limits may leave it out. */
function parseLimit(gate: string, { id, unit }: MetricDefinition, limit: string): number {
  const wrong = (example: string): BenchError =>
    gateError(
      gate,
      `has the limit "${limit}", but ${id} is in ${unit === '1' ? 'plain numbers' : unit}; write ${example}`,
    )
  if (unit === 'ms') {
    const ms = parseDuration(limit)
    if (ms === undefined) throw wrong('500ms or 2s')
    return ms
  }
  const number = NUMBER.exec(limit)?.[0]
  if (number === undefined) throw wrong(unit === '%' ? '95%' : '1000')
  const written = limit.slice(number.length).trim()
  const accepted = unit === '%' ? ['%'] : ['', unit, ...(unit === 'requests/s' ? ['/s', 'req/s'] : [])]
  if (!accepted.includes(written)) throw wrong(unit === '%' ? `${number}%` : `${number}`)
  return Number(number)
}

/** One result a gate and scenario, in that order. A gate on what was not measured is not met. */
export function evaluateGates(
  gates: readonly Gate[],
  scenarios: readonly ScenarioSummary[],
  registry: MetricRegistry = metricRegistry,
): GateResult[] {
  return gates.flatMap((gate) => scenarios.map((scenario) => evaluateGate(gate, scenario, registry)))
}

function evaluateGate(gate: Gate, scenario: ScenarioSummary, registry: MetricRegistry): GateResult {
  const result = scenario.metrics[gate.metric]
  const unit = result?.unit ?? registry.get(gate.metric)?.unit ?? '1'
  const value = readStatistic(result, gate.statistic)
  const base = { gate: gate.text, scenario: scenario.scenario, limit: gate.limit, unit }
  if (typeof value === 'string') {
    return { ...base, status: 'not-measured', line: `${gate.text} not met: not measured, ${value}` }
  }
  const status = compare(value, gate.operator, gate.limit) ? 'met' : 'missed'
  const figure = `${roundFigure(value, gate.limit)}${unit === '1' ? '' : ` ${unit}`}`
  return { ...base, status, value, line: `${gate.text} ${status === 'met' ? 'met' : 'not met'}: ${figure}` }
}

/** The number, or why there is none. */
function readStatistic(result: MetricResult | undefined, statistic: string | undefined): number | string {
  if (result === undefined) return 'no such metric in this run'
  if (result.kind === 'absent') return result.reason
  if (result.kind === 'scalar') return result.value
  return readDistribution(result.distribution, statistic ?? 'mean')
}

function readDistribution(distribution: Distribution, statistic: string): number | string {
  if (statistic === 'mean' || statistic === 'min' || statistic === 'max') return distribution[statistic]
  if (statistic === 'deviation') return distribution.deviation ?? 'deviation needs 2 samples'
  const q = quantileNamed(statistic)
  if (q === undefined) return `unknown statistic ${statistic}`
  if (!supportsQuantile(distribution.count, q)) {
    return `${statistic} needs ${samplesNeeded(q)} samples, there are ${distribution.count}`
  }
  return distribution.quantiles[statistic as QuantileName] ?? estimateQuantile(distribution, q)
}

/** A quantile that no table has: from the histogram, within its relative error. */
function estimateQuantile({ histogram, min, max }: Distribution, q: number): number | string {
  if (histogram === undefined) return 'the summary has no histogram'
  const buckets = createHistogram(histogram)
  const value = interpolateQuantile(buckets.count, q, (k) => buckets.orderStatistic(k))
  return Math.min(max, Math.max(min, value))
}

function compare(value: number, operator: Gate['operator'], limit: number): boolean {
  if (operator === '<') return value < limit
  if (operator === '<=') return value <= limit
  return operator === '>' ? value > limit : value >= limit
}

/** Four digits, or as many as it takes to tell the value from the limit. */
function roundFigure(value: number, limit: number): number {
  for (let digits = 4; digits < 17; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (rounded !== limit || value === limit) return rounded
  }
  return value
}
