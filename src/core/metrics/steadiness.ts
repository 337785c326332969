/** Whether answers stay as they were: drift over the time of sending, and jitter of the tokens. */
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

export const steadinessDefinitions: readonly MetricDefinition[] = [TTFT_DRIFT, TPOT_DRIFT, TPOT_CV, TPOT_SPIKES]

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

/** `tpot`: the distribution that the same answers gave. */
export function steadinessResults(
  steadiness: Steadiness,
  tpot: Distribution | undefined,
  spikeThreshold: number,
): Readonly<Record<string, MetricResult>> {
  return {
    [TTFT_DRIFT.id]: driftOf(TTFT_DRIFT, steadiness.ttft),
    [TPOT_DRIFT.id]: driftOf(TPOT_DRIFT, steadiness.tpot),
    [TPOT_CV.id]: scalar(TPOT_CV, variationOf(tpot), 'no two answers had several tokens'),
    [TPOT_SPIKES.id]: scalar(TPOT_SPIKES, countSpikes(tpot, spikeThreshold), 'no two answers had several tokens'),
  }
}

function scalar({ unit }: MetricDefinition, value: number | undefined, reason: string): MetricResult {
  return value === undefined ? { kind: 'absent', unit, reason } : { kind: 'scalar', unit, value }
}

function driftOf(definition: MetricDefinition, trend: Trend): MetricResult {
  const line = trend.count < DRIFT_NEEDS ? undefined : lineOf(trend)
  return scalar(definition, line?.slope, `${DRIFT_NEEDS} answers are needed, and there were ${trend.count}`)
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
