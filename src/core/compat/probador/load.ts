/** The result of one load test, by probador's formulas. Fields are named as in its files; 0 also means not measured. */
import { ascending, linearPercentile, sampleDeviation, sumOf } from '../percentiles.ts'
import { detailItlMs, listItls, type ProbadorRequest } from './request.ts'

export interface LoadLimits {
  readonly ttftMs?: number
  readonly tpotMs?: number
  readonly latencyMs?: number
}

export interface LoadFigures {
  readonly total_requests: number
  readonly successful: number
  readonly failed: number
  readonly error_rate: number
  readonly throughput_rps: number
  readonly tokens_per_sec: number
  readonly avg_tok_per_req: number
  readonly latency_p50_ms: number
  readonly latency_p95_ms: number
  readonly latency_p99_ms: number
  readonly latency_min_ms: number
  readonly latency_max_ms: number
  readonly latency_stddev_ms: number
  readonly ttft_p50_ms: number
  readonly ttft_p90_ms: number
  readonly ttft_p95_ms: number
  readonly ttft_p99_ms: number
  readonly itl_p50_ms: number
  readonly tpot_p50_ms: number
  readonly tpot_p90_ms: number
  readonly tpot_p95_ms: number
  readonly tpot_p99_ms: number
  readonly decode_tok_per_sec: number
  readonly prefill_tok_per_sec: number
  readonly prompt_tokens_total: number
  readonly completion_tokens_total: number
  readonly truncated_pct: number
  readonly sse_batch_ratio: number
  readonly goodput_pct: number
  readonly decode_us_per_layer?: number
  /** Least, p50, p90, most; absent without answers. */
  readonly output_tokens_dist?: readonly [number, number, number, number]
}

export interface LoadOptions {
  /** The whole measuring phase, overrun and drain included. */
  readonly elapsedSecs: number
  readonly limits?: LoadLimits
  readonly layers?: number
}

export function aggregateLoad(requests: readonly ProbadorRequest[], options: LoadOptions): LoadFigures {
  const answers = requests.filter(({ success }) => success)
  const { values: itls, fromChunks } = listItls(answers)
  const latency = ascending(answers.map(({ latencyUs }) => latencyUs / 1000))
  const ttft = ascending(answers.map(({ ttftUs }) => ttftUs / 1000))
  const itl = ascending(itls)
  const tokens = ascending(answers.map(({ completionTokens }) => completionTokens))
  const itlP50 = linearPercentile(itl, 0.5)
  const perSecond = (amount: number): number => (options.elapsedSecs > 0 ? amount / options.elapsedSecs : 0)
  const failed = requests.length - answers.length
  return {
    total_requests: requests.length,
    successful: answers.length,
    failed,
    error_rate: share(failed, requests.length),
    throughput_rps: perSecond(answers.length),
    tokens_per_sec: perSecond(sumOf(tokens)),
    avg_tok_per_req: share(sumOf(tokens), answers.length),
    latency_p50_ms: linearPercentile(latency, 0.5),
    latency_p95_ms: linearPercentile(latency, 0.95),
    latency_p99_ms: linearPercentile(latency, 0.99),
    latency_min_ms: latency[0] ?? 0,
    latency_max_ms: latency.at(-1) ?? 0,
    latency_stddev_ms: sampleDeviation(latency),
    ttft_p50_ms: linearPercentile(ttft, 0.5),
    ttft_p90_ms: linearPercentile(ttft, 0.9),
    ttft_p95_ms: linearPercentile(ttft, 0.95),
    ttft_p99_ms: linearPercentile(ttft, 0.99),
    itl_p50_ms: itlP50,
    tpot_p50_ms: itlP50,
    tpot_p90_ms: linearPercentile(itl, 0.9),
    tpot_p95_ms: linearPercentile(itl, 0.95),
    tpot_p99_ms: linearPercentile(itl, 0.99),
    decode_tok_per_sec: share(1000, itlP50),
    prefill_tok_per_sec: prefillRate(answers),
    prompt_tokens_total: sumOf(answers.map(({ promptTokens }) => promptTokens)),
    completion_tokens_total: sumOf(tokens),
    truncated_pct: 100 * share(answers.filter(({ finishReason }) => finishReason === 'length').length, answers.length),
    sse_batch_ratio: fromChunks ? batchRatio(answers) : 0,
    goodput_pct: goodput(answers, options.limits ?? {}),
    ...layerCost(itlP50, options.layers),
    ...(tokens.length === 0
      ? {}
      : {
          output_tokens_dist: [
            tokens[0]!,
            linearPercentile(tokens, 0.5),
            linearPercentile(tokens, 0.9),
            tokens.at(-1)!,
          ] as const,
        }),
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

/** Queueing and network are in it. */
function prefillRate(answers: readonly ProbadorRequest[]): number {
  const rates = answers.flatMap(({ promptTokens, ttftUs }) =>
    promptTokens > 0 && ttftUs > 0 ? [promptTokens / (ttftUs / 1e6)] : [],
  )
  return linearPercentile(ascending(rates), 0.5)
}

/** Chunks a token; below 1 the server sends several tokens in one. */
function batchRatio(answers: readonly ProbadorRequest[]): number {
  const counted = answers.filter(({ completionTokens, chunkUs }) => completionTokens >= 2 && chunkUs.length >= 1)
  const chunks = sumOf(counted.map(({ chunkUs }) => chunkUs.length))
  return share(chunks, sumOf(counted.map(({ completionTokens }) => completionTokens)))
}

/** Of answers only: failed requests are left out, and an answer without ITL meets every limit of it. */
function goodput(answers: readonly ProbadorRequest[], { ttftMs, tpotMs, latencyMs }: LoadLimits): number {
  if (ttftMs === undefined && tpotMs === undefined && latencyMs === undefined) return 0
  const good = answers.filter((answer) => {
    const itl = detailItlMs(answer)
    return (
      (ttftMs === undefined || answer.ttftUs / 1000 <= ttftMs) &&
      (tpotMs === undefined || itl === 0 || itl <= tpotMs) &&
      (latencyMs === undefined || answer.latencyUs / 1000 <= latencyMs)
    )
  })
  return 100 * share(good.length, answers.length)
}

/** Microseconds of decoding a layer; absent unless both are known. */
export function layerCost(
  itlP50Ms: number,
  layers: number | undefined,
): { readonly decode_us_per_layer: number } | Record<string, never> {
  return itlP50Ms > 0 && layers !== undefined && layers > 0 ? { decode_us_per_layer: (itlP50Ms * 1000) / layers } : {}
}
