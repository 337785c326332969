/** What each tool says that it measured, read from the files it writes. Pure; durations in milliseconds. */

export interface Reported {
  /** One an answer. */
  readonly ttftMs: readonly number[]
  /** As many as the tool tells: each gap between two chunks, or one mean an answer. */
  readonly gapsMs: readonly number[]
  /** Of the requests that count, as the server logs them; absent: all. */
  readonly ids?: readonly string[]
  /** Requests that the tool says have failed. */
  readonly failed: number
}

interface OurRecord {
  readonly id: string
  readonly phase: string
  readonly outcome: string
  readonly events?: { readonly us: readonly number[]; readonly kind: string }
}

/** `records.jsonl` of a run folder. The first event with a token ends the TTFT; the rest make gaps. */
export function readOurs(text: string): Reported {
  const records = parseLines<OurRecord>(text).filter(({ phase }) => phase === 'measure')
  const whole = records.filter(({ outcome }) => outcome === 'ok')
  const answers = whole.map(({ events }) => {
    let at = 0
    return events!.us.flatMap((us, place) => {
      at += us / 1000
      return events!.kind[place] === 'o' ? [] : [at]
    })
  })
  return {
    ttftMs: answers.map((stamps) => stamps[0]!),
    gapsMs: answers.flatMap((stamps) => stamps.slice(1).map((at, place) => at - stamps[place]!)),
    ids: whole.map(({ id }) => id),
    failed: records.length - whole.length,
  }
}

/** What the bare clients write. */
export function readBare(text: string): Reported {
  const { ttftMs, gapsMs } = JSON.parse(text) as Reported
  return { ttftMs, gapsMs, failed: 0 }
}

interface VllmResult {
  readonly failed?: number
  readonly ttfts: readonly number[]
  /** Seconds; a list for each answer. */
  readonly itls: readonly (readonly number[])[]
}

/** The result of `vllm bench serve --save-result --save-detailed`, in Python or Rust. */
export function readVllm(text: string): Reported {
  const { ttfts, itls, failed } = JSON.parse(text) as VllmResult
  // A request that failed has an empty list of gaps and a TTFT of 0.
  const whole = ttfts.flatMap((seconds, place) => (seconds > 0 ? [place] : []))
  return {
    ttftMs: whole.map((place) => ttfts[place]! * 1000),
    gapsMs: whole.flatMap((place) => (itls[place] ?? []).map((seconds) => seconds * 1000)),
    failed: failed ?? ttfts.length - whole.length,
  }
}

interface AiperfRecord {
  readonly metadata: { readonly benchmark_phase?: string; readonly x_request_id?: string }
  readonly error?: unknown
  readonly metrics: {
    readonly time_to_first_token?: { readonly value: number }
    readonly inter_chunk_latency?: { readonly value: readonly number[] }
  }
}

/** `profile_export.jsonl` of `aiperf profile --export-level records`. */
export function readAiperf(text: string): Reported {
  const records = parseLines<AiperfRecord>(text).filter(
    ({ metadata }) => metadata.benchmark_phase === undefined || metadata.benchmark_phase === 'profiling',
  )
  const whole = records.filter(({ metrics }) => metrics.time_to_first_token !== undefined)
  return {
    ttftMs: whole.map(({ metrics }) => metrics.time_to_first_token!.value),
    gapsMs: whole.flatMap(({ metrics }) => metrics.inter_chunk_latency?.value ?? []),
    failed: records.length - whole.length,
  }
}

interface GuidellmRequest {
  readonly time_to_first_token_ms: number | null
  readonly inter_token_latency_ms: number | null
}

interface GuidellmResult {
  readonly benchmarks: readonly {
    readonly requests: {
      readonly successful: readonly GuidellmRequest[] | null
      readonly errored?: readonly unknown[] | null
    }
  }[]
}

/** The JSON of `guidellm run --output kind=json`. Of gaps it tells one mean an answer. */
export function readGuidellm(text: string): Reported {
  const { benchmarks } = JSON.parse(text) as GuidellmResult
  const requests = benchmarks.flatMap((benchmark) => benchmark.requests.successful ?? [])
  const numbers = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null)
  return {
    ttftMs: numbers(requests.map((request) => request.time_to_first_token_ms)),
    gapsMs: numbers(requests.map((request) => request.inter_token_latency_ms)),
    failed: benchmarks.reduce((sum, { requests: { errored } }) => sum + (errored?.length ?? 0), 0),
  }
}

/** A last line that was cut counts for nothing. */
function parseLines<Line>(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line) as Line]
    } catch {
      return []
    }
  })
}
