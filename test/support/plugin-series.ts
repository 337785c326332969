/** A run as a plugin's figures see it. */
import type { MetricResult, Sample, ScenarioSummary, Series, Window } from 'inferbench'

export const BEFORE: Window = { name: 'before', startAt: 0, endAt: 2000 }
export const MEASURE: Window = { name: 'measure', startAt: 2000, endAt: 12_000 }
export const AFTER: Window = { name: 'after', startAt: 12_000, endAt: 14_000 }

/** 1000 requests of 64 tokens in ten seconds, 800 of them good. */
export const WORK: Readonly<Record<string, MetricResult>> = {
  req_s: { kind: 'scalar', unit: 'requests/s', value: 100 },
  goodput_req_s: { kind: 'scalar', unit: 'requests/s', value: 80 },
  output_tok_s: { kind: 'scalar', unit: 'tok/s', value: 6400 },
  e2e: {
    kind: 'distribution',
    unit: 'ms',
    distribution: { count: 1000, sum: 500_000, mean: 500, min: 500, max: 500, quantiles: {}, method: 'exact' },
  },
}

export function makeSeries(samples: readonly Sample[], rest: Partial<Series> = {}): Series {
  const scenario: ScenarioSummary = {
    scenario: 'a',
    title: 'a',
    window: MEASURE,
    counts: { requests: 1000, byOutcome: { ok: 1000 }, byReason: {}, warmupRequests: 0, notes: {} },
    metrics: WORK,
    tokenSources: { server: 1000 },
  }
  return { samples, source: 'nvidia-smi', windows: [BEFORE, MEASURE, AFTER], scenario, options: {}, ...rest }
}

/** One every 100 ms from -100 to 14 100 ms. */
export function everyTick(make: (at: number) => Omit<Sample, 'at'>): readonly Sample[] {
  return Array.from({ length: 143 }, (_, i) => ({ at: 100 * i - 100, ...make(100 * i - 100) }))
}

export function readValue(result: MetricResult | undefined): number {
  if (result?.kind === 'scalar') return result.value
  if (result?.kind === 'distribution') return result.distribution.mean
  throw new Error(`absent: ${result?.reason ?? 'no such metric'}`)
}
