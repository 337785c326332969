import type { Distribution } from '../metric.ts'
import type { ScenarioSummary } from '../summary.ts'
import type { SweepLevel, SweepResult, SweepRules } from '../sweep.ts'
import { answerSearch, type JudgedLoad, type Judgements, nextInSearch } from './search.ts'
import { type Attempt, judgeShare } from './share.ts'

/** A load, and what its scenario came to so far. */
export interface MeasuredLoad {
  readonly load: number
  readonly summary: ScenarioSummary
}

/** Which load to measure next; undefined when the rules ask for no more. */
export function nextLoad(rules: SweepRules, measured: readonly MeasuredLoad[]): number | undefined {
  if (rules.kind === 'search') return nextInSearch(rules.loads, judgeLoads(rules.share, measured), rules.mostRuns)
  const { levels } = summarizeSweep(rules, measured)
  if (rules.earlyStop && levels.some(({ saturated }) => saturated)) return undefined
  return rules.loads.find((load) => levels.every((level) => level.load !== load))
}

/** Pure: of the same summaries, during the sweep and from its folder, it is the same. */
export function summarizeSweep(rules: SweepRules, measured: readonly MeasuredLoad[]): SweepResult {
  const ordered = [...measured].sort((a, b) => a.load - b.load)
  const latency = LATENCY[rules.unit]
  const tail = chooseTail(ordered.flatMap(({ summary }) => distributionOf(summary, latency) ?? []))
  const judged = rules.kind === 'search' ? judgeLoads(rules.share, ordered) : undefined
  let base: number | undefined
  const levels = ordered.map(({ load, summary }, place): SweepLevel => {
    const distribution = distributionOf(summary, latency)
    const tailMs = tail === undefined ? undefined : distribution?.quantiles[tail]
    if (place === 0) base = tailMs
    const reason = findSaturation(tailMs, base, rules.saturation, `${latency}.${tail}`)
    const judgement = judged?.get(load)?.judgement
    return {
      scenario: summary.scenario,
      load,
      runs: summary.runs?.length ?? 1,
      ...member('requestsPerSecond', scalarOf(summary, 'req_s')),
      ...member('outputTokensPerSecond', scalarOf(summary, 'output_tok_s')),
      ...member('meanLatencyMs', distribution?.mean),
      ...member('tailLatencyMs', tailMs),
      saturated: reason !== undefined,
      ...(reason === undefined ? {} : { reason }),
      ...(judgement === undefined ? {} : { slo: judgement }),
    }
  })
  const records = listRecords(levels)
  return {
    ...(tail === undefined ? {} : { tail: `${latency}.${tail}` }),
    levels,
    ...member('optimal', records.at(-1)?.load),
    ...member('knee', findKnee(levels)?.load),
    pareto: records.map(({ load }) => load),
    ...(rules.kind === 'search' && judged !== undefined
      ? { answer: answerSearch(rules.loads, judged, rules.mostRuns) }
      : {}),
  }
}

function member<Name extends string>(name: Name, value: number | undefined): { readonly [Key in Name]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]: number })
}

/** Each run of a level by itself: how much they differ tells how far one can be believed. */
function judgeLoads(share: number, measured: readonly MeasuredLoad[]): Judgements {
  return new Map(
    measured.map(({ load, summary }): [number, JudgedLoad] => {
      const attempts = (summary.runs ?? [summary]).map(readAttempt)
      return [load, { judgement: judgeShare(attempts, share), runs: attempts.length }]
    }),
  )
}

/** All requests count, those that failed or were dropped as well. */
function readAttempt({ counts, metrics }: Pick<ScenarioSummary, 'counts' | 'metrics'>): Attempt {
  const { goodput } = metrics
  const share = goodput?.kind === 'scalar' ? goodput.value / 100 : 0
  return { good: Math.round(share * counts.requests), requests: counts.requests }
}

/** Of a rate it counts from when a request was due: that it had to wait on our side is the server's doing too. */
const LATENCY = { streams: 'e2e', 'requests/s': 'e2e_due' } as const

const TAILS = ['p99', 'p95', 'p90', 'p50'] as const

/** What every level has requests enough for; a level without any answer has no say. */
function chooseTail(found: readonly Distribution[]): (typeof TAILS)[number] | undefined {
  if (found.length === 0) return undefined
  return TAILS.find((name) => found.every(({ quantiles }) => quantiles[name] !== undefined))
}

/** probador's rule, strictly above; a level without an answer is saturated too. */
function findSaturation(
  tailMs: number | undefined,
  base: number | undefined,
  times: number,
  tail: string,
): string | undefined {
  if (tailMs === undefined) return 'no request succeeded'
  if (base === undefined || tailMs <= times * base) return undefined
  return `${tail} ${tailMs.toFixed(1)} ms is above ${times} x ${base.toFixed(1)} ms, that of the least load`
}

function listRecords(levels: readonly SweepLevel[]): readonly SweepLevel[] {
  let most = 0
  return levels.filter(({ saturated, requestsPerSecond = 0 }) => {
    if (saturated || requestsPerSecond <= most) return false
    most = requestsPerSecond
    return true
  })
}

/** Of two levels with the same power the lesser load. Kleinrock, "Power and deterministic rules of thumb" (1979). */
function findKnee(levels: readonly SweepLevel[]): SweepLevel | undefined {
  const power = ({ requestsPerSecond = 0, meanLatencyMs }: SweepLevel): number =>
    meanLatencyMs === undefined || meanLatencyMs <= 0 ? 0 : requestsPerSecond / meanLatencyMs
  const [first, ...rest] = levels.filter((level) => power(level) > 0)
  return rest.reduce((best, level) => (best !== undefined && power(level) > power(best) ? level : best), first)
}

function distributionOf(summary: ScenarioSummary, id: string): Distribution | undefined {
  const result = summary.metrics[id]
  return result?.kind === 'distribution' ? result.distribution : undefined
}

function scalarOf(summary: ScenarioSummary, id: string): number | undefined {
  const result = summary.metrics[id]
  return result?.kind === 'scalar' ? result.value : undefined
}
