import { BenchError } from '../errors.ts'
import { suggestName } from '../nearest.ts'
import type { OkRecord } from '../record.ts'
import type { Slo } from '../summary.ts'
import { parseDuration } from '../units.ts'
import type { AnswerMetric } from './contract.ts'
import { durationMetrics } from './durations.ts'
import type { Timings } from './timings.ts'

const limited: ReadonlyMap<string, AnswerMetric> = new Map(
  durationMetrics
    .filter((metric) => metric.definition.unit === 'ms')
    .map((metric) => [metric.definition.id, metric] as const),
)

/** What a limit may be set on: every duration of a single answer. */
export const SLO_METRICS: readonly string[] = [...limited.keys()]

/** An answer of at most one token keeps these limits: there is no second token to be late. */
const BETWEEN_TOKENS: ReadonlySet<string> = new Set(['itl', 'icl', 'tpot'])

const LIMIT = /^([^<>=\s]+)\s*(<=|=|<)\s*(\S+)$/

/** Reads `ttft=200ms,tpot<=30ms,e2e=5s`. Throws a usage error that names the part. */
export function parseSlo(text: string): readonly Slo[] {
  const parts = text.split(',').map((part) => part.trim())
  const limits = parts.filter((part) => part !== '').map(parseLimit)
  const twice = limits.find(({ metric }, index) => limits.findIndex((other) => other.metric === metric) < index)
  if (twice === undefined) return limits
  throw new BenchError('usage', `--slo: "${text}" limits ${twice.metric} twice; give it one limit`)
}

function parseLimit(part: string): Slo {
  const match = LIMIT.exec(part)
  if (match === null) {
    throw new BenchError('usage', `--slo: "${part}" is not a limit; write metric=duration, such as ttft=200ms`)
  }
  const [, metric, , limit] = match as unknown as [string, string, string, string]
  if (!limited.has(metric)) {
    const help = suggestName(metric, SLO_METRICS) || `; one can be on ${SLO_METRICS.join(', ')}`
    throw new BenchError('usage', `--slo: no limit can be set on "${metric}"${help}`)
  }
  const limitMs = parseDuration(limit)
  if (limitMs === undefined || limitMs === 0) {
    throw new BenchError('usage', `--slo: "${limit}" in "${part}" is not a duration above 0; write 200ms or 5s`)
  }
  return { metric, limitMs }
}

/** Whether an answer met every limit. Of several samples (`itl`, `icl`) the longest counts; what was not measured is not met. */
export function meetsSlo(slo: readonly Slo[], record: OkRecord, timings: Timings): boolean {
  return slo.every((limit) => {
    const metric = limited.get(limit.metric)
    if (metric === undefined || (metric.needsStream && !timings.streamed)) return false
    let longest: number | undefined
    metric.samples(record, timings, (value) => {
      if (longest === undefined || value > longest) longest = value
    })
    if (longest !== undefined) return longest <= limit.limitMs
    return BETWEEN_TOKENS.has(limit.metric) && (record.outputTokens ?? 0) <= 1
  })
}

/** `ttft<=200ms, e2e<=5000ms` */
export function describeSlo(slo: readonly Slo[]): string {
  return slo.map((limit) => `${limit.metric}<=${limit.limitMs}ms`).join(', ')
}
