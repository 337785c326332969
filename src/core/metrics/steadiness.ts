/** Whether answers stay as they were: drift over the time of sending, jitter of the tokens, and how far the tail is from the middle. */
import type { Distribution, MetricDefinition, MetricResult } from '../metric.ts'
import type { OkRecord } from '../record.ts'
import { addToTrend, emptyTrend, lineOf, mergeTrend, type Trend } from '../stats/trend.ts'
import { tpotOf } from './durations.ts'
import { defaultSettings } from './settings.ts'
import type { Timings } from './timings.ts'

/** A line through fewer says nothing. */
const DRIFT_NEEDS = 30

type Words = Pick<MetricDefinition, 'id' | 'title' | 'unit' | 'formula' | 'source'>

function define(words: Words): MetricDefinition {
  return { direction: 'lower', version: 1, kind: 'scalar', ...words }
}

const SOURCE = 'probador, with its drift repaired: over real minutes in the order of sending, and every spike counted'

const TTFT_DRIFT: MetricDefinition = define({
  id: 'ttft_drift',
  title: 'drift of TTFT',
  unit: 'ms/min',
  formula: `slope of the least-squares line of ttft over sentAt, from ${DRIFT_NEEDS} answers on`,
  source: SOURCE,
})

const TPOT_DRIFT: MetricDefinition = define({
  id: 'tpot_drift',
  title: 'drift of TPOT',
  unit: 'ms/min',
  formula: `slope of the least-squares line of tpot over sentAt, from ${DRIFT_NEEDS} answers on`,
  source: SOURCE,
})

const TPOT_CV: MetricDefinition = define({
  id: 'tpot_cv',
  title: 'variation of TPOT',
  unit: '1',
  formula: 'sample deviation of tpot / its mean',
  source: 'probador itl_cv',
})

const TPOT_SPIKES: MetricDefinition = define({
  id: 'tpot_spikes',
  title: 'spikes of TPOT',
  unit: 'answers',
  formula: `answers with a tpot above --spike-threshold (${defaultSettings.spikeThreshold}) times its median, within 0.1 %`,
  source: SOURCE,
})

const TPOT_IQR: MetricDefinition = define({
  id: 'tpot_iqr',
  title: 'middle half of TPOT',
  unit: 'ms',
  formula: 'p75 of tpot - p25',
  source: 'probador itl_iqr_ms',
})

/** A rise by less than this share of the median over the whole window is none. */
const LEAST_RISE = 0.01
const LEAST_FIT = 0.5

const TPOT_DEGRADED: MetricDefinition = define({
  id: 'tpot_degraded',
  title: 'TPOT rises',
  unit: '1',
  formula: `1 when the line of tpot_drift rises, explains more than half of the spread (r2 > ${LEAST_FIT}) and adds more than ${LEAST_RISE * 100} % of the median over the window; else 0`,
  source: SOURCE,
})

const TAILS = (['ttft', 'tpot', 'e2e'] as const).map((id) => ({
  id,
  definition: define({
    id: `${id}_tail`,
    title: `tail of ${id === 'e2e' ? 'end to end' : id.toUpperCase()}`,
    unit: '1',
    formula: `p99 of ${id} / its p50; above 5 is worth a look, above 10 is bad`,
    source: 'probador tail_ratio',
  }),
}))

export const steadinessDefinitions: readonly MetricDefinition[] = [
  TTFT_DRIFT,
  TPOT_DRIFT,
  TPOT_DEGRADED,
  TPOT_CV,
  TPOT_IQR,
  TPOT_SPIKES,
  ...TAILS.map(({ definition }) => definition),
]

const MS_PER_MINUTE = 60_000

export interface Steadiness {
  readonly ttft: Trend
  readonly tpot: Trend
}

export function emptySteadiness(): Steadiness {
  return { ttft: emptyTrend(), tpot: emptyTrend() }
}

export function addToSteadiness(steadiness: Steadiness, record: OkRecord, timings: Timings): void {
  if (!timings.streamed) return
  const minutes = record.sentAt / MS_PER_MINUTE
  if (timings.firstTokenMs !== undefined) addToTrend(steadiness.ttft, minutes, timings.firstTokenMs)
  const tpot = tpotOf(record, timings)
  if (tpot !== undefined) addToTrend(steadiness.tpot, minutes, tpot)
}

export function mergeSteadiness(steadiness: Steadiness, other: Steadiness): void {
  mergeTrend(steadiness.ttft, other.ttft)
  mergeTrend(steadiness.tpot, other.tpot)
}

/** `of`: the distributions that the same answers gave, by metric. `windowMs`: how long they were sent for. */
export function steadinessResults(
  steadiness: Steadiness,
  of: (id: string) => Distribution | undefined,
  windowMs: number,
  spikeThreshold: number,
): Readonly<Record<string, MetricResult>> {
  const tpot = of('tpot')
  const rises = judgeRise(steadiness.tpot, tpot, windowMs / MS_PER_MINUTE)
  return {
    [TTFT_DRIFT.id]: driftOf(TTFT_DRIFT, steadiness.ttft),
    [TPOT_DRIFT.id]: driftOf(TPOT_DRIFT, steadiness.tpot),
    [TPOT_DEGRADED.id]: scalar(TPOT_DEGRADED, rises, tooFew(steadiness.tpot)),
    [TPOT_CV.id]: scalar(TPOT_CV, variationOf(tpot), 'no two answers had several tokens'),
    [TPOT_IQR.id]: scalar(TPOT_IQR, middleHalf(tpot), 'too few answers had several tokens'),
    [TPOT_SPIKES.id]: scalar(TPOT_SPIKES, countSpikes(tpot, spikeThreshold), 'no two answers had several tokens'),
    ...Object.fromEntries(TAILS.map(({ id, definition }) => [definition.id, tailOf(definition, of(id))])),
  }
}

function tooFew({ count }: Trend): string {
  return `${DRIFT_NEEDS} answers are needed, and there were ${count}`
}

function judgeRise(trend: Trend, tpot: Distribution | undefined, minutes: number): 0 | 1 | undefined {
  const line = trend.count < DRIFT_NEEDS ? undefined : lineOf(trend)
  const median = tpot?.quantiles.p50
  if (line === undefined || median === undefined) return undefined
  return line.slope > 0 && line.fit > LEAST_FIT && line.slope * minutes > LEAST_RISE * median ? 1 : 0
}

function middleHalf(tpot: Distribution | undefined): number | undefined {
  const { p25, p75 } = tpot?.quantiles ?? {}
  return p25 === undefined || p75 === undefined ? undefined : p75 - p25
}

function tailOf(definition: MetricDefinition, distribution: Distribution | undefined): MetricResult {
  const { p50, p99 } = distribution?.quantiles ?? {}
  const ratio = p50 === undefined || p99 === undefined || p50 <= 0 ? undefined : p99 / p50
  return scalar(definition, ratio, '100 answers are needed for a p99')
}

function scalar({ unit }: MetricDefinition, value: number | undefined, reason: string): MetricResult {
  return value === undefined ? { kind: 'absent', unit, reason } : { kind: 'scalar', unit, value }
}

function driftOf(definition: MetricDefinition, trend: Trend): MetricResult {
  const line = trend.count < DRIFT_NEEDS ? undefined : lineOf(trend)
  return scalar(definition, line?.slope, tooFew(trend))
}

function variationOf(tpot: Distribution | undefined): number | undefined {
  return tpot?.deviation === undefined || tpot.mean <= 0 ? undefined : tpot.deviation / tpot.mean
}

function countSpikes(tpot: Distribution | undefined, threshold: number): number | undefined {
  const median = tpot?.quantiles.p50
  if (tpot?.histogram === undefined || median === undefined) return undefined
  const { keys, counts, bucketsPerOctave } = tpot.histogram
  return keys.reduce((sum, key, i) => {
    const middle =
      2 ** (Math.floor(key / bucketsPerOctave) - 1023) * (1 + ((key % bucketsPerOctave) + 0.5) / bucketsPerOctave)
    return key > 0 && middle > threshold * median ? sum + counts[i]! : sum
  }, 0)
}
