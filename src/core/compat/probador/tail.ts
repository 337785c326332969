/**
 * Tail, jitter and drift as probador computes them. Kept for its numbers only: it sorts the values before it looks for a
 * trend, so any spread over 30 requests is a drift; its "ms/min" is the slope times the number of requests; the count of
 * spikes is that of a list cut at 20. Ours is in `metrics/steadiness.ts`.
 */
import { ascending, linearPercentile, meanOf, sampleDeviation, sumOf } from '../percentiles.ts'
import { listItls, type ProbadorRequest } from './request.ts'

export interface ProbadorTail {
  readonly itl_p999_ms: number
  readonly itl_p9999_ms: number
  readonly ttft_p999_ms: number
  readonly ttft_p9999_ms: number
  readonly latency_p999_ms: number
  readonly latency_p9999_ms: number
  readonly tail_ratio_itl: number
  readonly tail_ratio_ttft: number
  readonly tail_ratio_latency: number
  readonly jitter: {
    readonly itl_cv: number
    readonly itl_iqr_ms: number
    readonly spike_count: number
    readonly spike_threshold_ms: number
    readonly spikes: readonly { readonly request_idx: number; readonly itl_ms: number }[]
  }
  readonly drift: {
    readonly itl_slope_ms_per_min: number
    readonly ttft_slope_ms_per_min: number
    readonly degradation_detected: boolean
  }
}

const SPIKES_LISTED = 20
const DRIFT_NEEDS = 30

export function analyseProbadorTail(requests: readonly ProbadorRequest[], spikeMultiplier: number): ProbadorTail {
  const answers = requests.filter(({ success }) => success)
  const itl = ascending(listItls(answers).values)
  const ttft = ascending(answers.map(({ ttftUs }) => ttftUs / 1000))
  const latency = ascending(answers.map(({ latencyUs }) => latencyUs / 1000))
  return {
    itl_p999_ms: linearPercentile(itl, 0.999),
    itl_p9999_ms: linearPercentile(itl, 0.9999),
    ttft_p999_ms: linearPercentile(ttft, 0.999),
    ttft_p9999_ms: linearPercentile(ttft, 0.9999),
    latency_p999_ms: linearPercentile(latency, 0.999),
    latency_p9999_ms: linearPercentile(latency, 0.9999),
    tail_ratio_itl: tailRatio(itl),
    tail_ratio_ttft: tailRatio(ttft),
    tail_ratio_latency: tailRatio(latency),
    jitter: describeJitter(itl, spikeMultiplier),
    drift: describeDrift(itl, ttft),
  }
}

function tailRatio(sorted: readonly number[]): number {
  const middle = linearPercentile(sorted, 0.5)
  return middle > 0 ? linearPercentile(sorted, 0.99) / middle : 0
}

function describeJitter(sorted: readonly number[], spikeMultiplier: number): ProbadorTail['jitter'] {
  const mean = meanOf(sorted)
  const threshold = spikeMultiplier * linearPercentile(sorted, 0.5)
  const spikes = sorted
    .map((itl, index) => ({ request_idx: index, itl_ms: itl }))
    .filter(({ itl_ms }) => threshold > 0 && itl_ms > threshold)
    .slice(0, SPIKES_LISTED)
  return {
    itl_cv: mean > 0 ? sampleDeviation(sorted) / mean : 0,
    itl_iqr_ms: linearPercentile(sorted, 0.75) - linearPercentile(sorted, 0.25),
    spike_count: spikes.length,
    spike_threshold_ms: threshold,
    spikes,
  }
}

function describeDrift(itl: readonly number[], ttft: readonly number[]): ProbadorTail['drift'] {
  const { slope, fit } = fitLine(itl)
  const middle = itl[Math.floor(itl.length / 2)] ?? 0
  return {
    itl_slope_ms_per_min: slope * Math.max(itl.length, 1),
    ttft_slope_ms_per_min: fitLine(ttft).slope * Math.max(ttft.length, 1),
    degradation_detected: itl.length >= DRIFT_NEEDS && slope > 0 && fit > 0.5 && slope * itl.length > 0.01 * middle,
  }
}

/** Least squares of the values on their index; `fit` is r². Nothing below three. */
function fitLine(values: readonly number[]): { readonly slope: number; readonly fit: number } {
  if (values.length < 3) return { slope: 0, fit: 0 }
  const middle = (values.length - 1) / 2
  const mean = meanOf(values)
  const across = sumOf(values.map((value, index) => (index - middle) * (value - mean)))
  const along = sumOf(values.map((_, index) => (index - middle) ** 2))
  const total = sumOf(values.map((value) => (value - mean) ** 2))
  return { slope: across / along, fit: total > 0 ? across ** 2 / (along * total) : 0 }
}
