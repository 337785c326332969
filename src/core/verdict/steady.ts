/** The steady state of a scenario: from where on its batches do not drift any more. */
import type { Distribution, MetricResult } from '../metric.ts'
import type { DistributionCollector } from '../stats/distribution.ts'
import { findSteadyStart } from '../stats/stationarity.ts'
import type { SteadyWindow } from '../summary.ts'
import { type Batch, sumBatches } from './batches.ts'
import type { Evidence } from './evidence.ts'

/** Fewer batch means show neither a trend nor its end. */
export const LEAST_BATCHES = 10

/** The mean that is watched over batches: of TTFT, or of whole answers where nothing was streamed. */
export function levelOf(batch: Batch): number {
  return batch.ttft.count > 0 ? batch.ttftSum / batch.ttft.count : batch.e2eSum / batch.answers
}

/** Batches with answers, in order of the schedule. The last, begun and not full, is too noisy to count. */
export function usableBatches({ batches }: Evidence): readonly Batch[] {
  const list = batches.list.filter((batch) => batch.answers > 0)
  const last = list.at(-1)
  return last !== undefined && last.answers < batches.size / 2 ? list.slice(0, -1) : list
}

export interface Steady {
  readonly skipped: readonly Batch[]
  readonly kept: readonly Batch[]
}

export function findSteady(evidence: Evidence): Steady | undefined {
  const list = usableBatches(evidence)
  if (list.length < LEAST_BATCHES) return undefined
  const start = findSteadyStart(list.map(levelOf))
  return start === undefined ? undefined : { skipped: list.slice(0, start), kept: list.slice(start) }
}

export function describeSteady(evidence: Evidence): SteadyWindow | undefined {
  const steady = findSteady(evidence)
  if (steady === undefined) return undefined
  const sum = sumBatches(steady.kept)
  const window = { name: 'steady', startAt: sum.firstSentAt, endAt: sum.lastSentAt }
  const ended = evidence.ends.between(window.startAt, window.endAt)
  const rate = (unit: string, amount: number): MetricResult =>
    ended === undefined || ended.answers === 0
      ? { kind: 'absent', unit, reason: 'too short' }
      : { kind: 'scalar', unit, value: (amount * 1000) / ended.ms }
  return {
    window,
    method: `MSER on means of ${evidence.batches.size} requests (White 1997)`,
    skipped: steady.skipped.reduce((count, { answers }) => count + answers, 0),
    metrics: {
      ttft: distributionResult(sum.ttft),
      tpot: distributionResult(sum.tpot),
      e2e: distributionResult(sum.e2e),
      req_s: rate('requests/s', ended?.answers ?? 0),
      output_tok_s: rate('tok/s', ended?.tokens ?? 0),
    },
  }
}

/** Without its histogram: the window is for reading beside the whole run, not for merging. */
function distributionResult(collector: DistributionCollector): MetricResult {
  const result = collector.result()
  if (result === undefined) return { kind: 'absent', unit: 'ms', reason: 'not measured' }
  const { histogram: _, ...distribution }: Distribution = result
  return { kind: 'distribution', unit: 'ms', distribution }
}
