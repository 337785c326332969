/** One scenario of vllm-rust's `bench_serving.py`. A token is a chunk with text; its instant is that of the read. */
import { ascending, linearPercentile, meanOf, sumOf } from '../percentiles.ts'

/** Seconds since the request began. */
export interface ServingRequest {
  /** The end of the stream when no token came. */
  readonly ttftSecs: number
  readonly latencySecs: number
  readonly tokenSecs: readonly number[]
}

/** Names of its file, without `_ms`, `_tps` and `_s`; not rounded. Durations in ms, rates in tokens a second. */
export interface ServingFigures {
  readonly num_requests: number
  readonly ttft_p50: number
  readonly ttft_p95: number
  readonly ttft_p99: number
  readonly ttft_mean: number
  readonly throughput_mean: number
  readonly throughput_total: number
  readonly latency_p50: number
  readonly latency_p95: number
  readonly latency_p99: number
  readonly latency_mean: number
  readonly itl_p50: number
  readonly itl_p95: number
  readonly itl_mean: number
  readonly total_tokens: number
  readonly total_time: number
}

export function summarizeServing(requests: readonly ServingRequest[], wallSecs: number): ServingFigures {
  const ttft = ascending(requests.map(({ ttftSecs }) => ttftSecs * 1000))
  const latency = ascending(requests.map(({ latencySecs }) => latencySecs * 1000))
  const itl = ascending(
    requests.flatMap(({ tokenSecs }) => tokenSecs.slice(1).map((at, i) => (at - tokenSecs[i]!) * 1000)),
  )
  const rates = requests.map(({ tokenSecs, latencySecs }) => (latencySecs > 0 ? tokenSecs.length / latencySecs : 0))
  const tokens = sumOf(requests.map(({ tokenSecs }) => tokenSecs.length))
  return {
    num_requests: requests.length,
    ttft_p50: linearPercentile(ttft, 0.5),
    ttft_p95: linearPercentile(ttft, 0.95),
    ttft_p99: linearPercentile(ttft, 0.99),
    ttft_mean: meanOf(ttft),
    throughput_mean: meanOf(rates),
    throughput_total: wallSecs > 0 ? tokens / wallSecs : 0,
    latency_p50: linearPercentile(latency, 0.5),
    latency_p95: linearPercentile(latency, 0.95),
    latency_p99: linearPercentile(latency, 0.99),
    latency_mean: meanOf(latency),
    itl_p50: linearPercentile(itl, 0.5),
    itl_p95: linearPercentile(itl, 0.95),
    itl_mean: meanOf(itl),
    total_tokens: tokens,
    total_time: wallSecs,
  }
}

/** The members of a scenario in its result file that `run_comparison.sh` divides. */
export interface ServingRatioFigures {
  readonly ttft_p50_ms: number
  readonly throughput_mean_tps: number
  readonly throughput_total_tps: number
  readonly latency_p50_ms: number
}

export interface ServingRatios {
  readonly ttft: number
  readonly throughput_per_request: number
  readonly throughput_total: number
  readonly latency: number
}

/** Candidate over reference; 0 where the reference is 0. */
export function divideServing(candidate: ServingRatioFigures, reference: ServingRatioFigures): ServingRatios {
  const ratio = (field: keyof ServingRatioFigures): number =>
    reference[field] === 0 ? 0 : candidate[field] / reference[field]
  return {
    ttft: ratio('ttft_p50_ms'),
    throughput_per_request: ratio('throughput_mean_tps'),
    throughput_total: ratio('throughput_total_tps'),
    latency: ratio('latency_p50_ms'),
  }
}
