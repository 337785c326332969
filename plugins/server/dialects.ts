/**
 * How servers name what our vocabulary names, from the servers' own sources. A colon is written as an underscore, as some collectors do, and
 * `_total` is left out, as OpenMetrics does in part; so is the unit of a duration (`_seconds`, `_ms`, `_us`), which is read from the name. Of
 * several names the first that is there counts, since releases that rename something export both for a while.
 */
import type { Counter, Gauge, Time } from './vocabulary.ts'

/**
 * `name`, or `name{label=value}` for those series alone. Several added up are there when all are; of a part and a whole the
 * quotient counts.
 */
export type Source = string | { readonly sum: readonly string[] } | { readonly part: string; readonly whole: string }

/** A histogram or a summary by its name, or a counter of time and one of what took it: then there is but a mean. */
export type TimeSource = string | { readonly time: string; readonly per: string }

export interface Dialect {
  readonly server: string
  readonly gauges?: Readonly<Partial<Record<Gauge, readonly Source[]>>>
  readonly counters?: Readonly<Partial<Record<Counter, readonly Source[]>>>
  readonly times?: Readonly<Partial<Record<Time, readonly TimeSource[]>>>
  /** Labels that tell views of one and the same thing apart: of series that differ in them alone, the greatest counts. Else they add up. */
  readonly views?: readonly string[]
  /** Its metrics are members of a JSON object. */
  readonly json?: true
  /** Series are registered that nothing ever counts in: one that is zero throughout says nothing. */
  readonly deaf?: true
  /** What durations are in whose name there is no unit, ms. */
  readonly unitMs?: Readonly<Partial<Record<Time, number>>>
  /** What its gauge of the cache shows when it is full; absent: 1. */
  readonly fullCache?: number
}

/** vllm/v1/metrics/loggers.py and vllm/v1/spec_decode/metrics.py; the older names: vllm/engine/metrics.py of 0.6 to 0.8. */
const vllm: Dialect = {
  server: 'vLLM',
  gauges: {
    requests_running: ['vllm_num_requests_running'],
    requests_waiting: ['vllm_num_requests_waiting'],
    kv_cache_usage: ['vllm_kv_cache_usage_perc', 'vllm_gpu_cache_usage_perc'],
  },
  counters: {
    prompt_tokens: ['vllm_prompt_tokens'],
    generation_tokens: ['vllm_generation_tokens'],
    prefix_cache_queries: ['vllm_prefix_cache_queries', 'vllm_gpu_prefix_cache_queries'],
    prefix_cache_hits: ['vllm_prefix_cache_hits', 'vllm_gpu_prefix_cache_hits'],
    draft_tokens: ['vllm_spec_decode_num_draft_tokens'],
    accepted_tokens: ['vllm_spec_decode_num_accepted_tokens'],
    preemptions: ['vllm_num_preemptions'],
    requests_finished: ['vllm_request_success'],
  },
  times: {
    ttft: ['vllm_time_to_first_token'],
    itl: ['vllm_inter_token_latency', 'vllm_time_per_output_token'],
    tpot: ['vllm_request_time_per_output_token'],
    end_to_end: ['vllm_e2e_request_latency'],
    queue_time: ['vllm_request_queue_time'],
    prefill_time: ['vllm_request_prefill_time'],
    decode_time: ['vllm_request_decode_time'],
  },
}

/**
 * python/sglang/srt/observability/metrics_collector.py. Ranks of one engine show the same requests; its cached tokens are part of its prompt
 * tokens. It counts no drafts: `spec_accept_rate` is of an instant. A retracted request is what others call preempted.
 */
const sglang: Dialect = {
  server: 'SGLang',
  views: ['tp_rank', 'pp_rank', 'moe_ep_rank'],
  gauges: {
    requests_running: ['sglang_num_running_reqs'],
    requests_waiting: ['sglang_num_queue_reqs'],
    kv_cache_usage: ['sglang_token_usage'],
  },
  counters: {
    prompt_tokens: ['sglang_prompt_tokens'],
    generation_tokens: ['sglang_generation_tokens'],
    prefix_cache_queries: ['sglang_prompt_tokens'],
    prefix_cache_hits: ['sglang_cached_tokens'],
    preemptions: ['sglang_num_retracted_requests'],
    requests_finished: ['sglang_num_requests'],
  },
  times: {
    ttft: ['sglang_time_to_first_token'],
    itl: ['sglang_inter_token_latency', 'sglang_time_per_output_token'],
    end_to_end: ['sglang_e2e_request_latency'],
    queue_time: ['sglang_queue_time'],
  },
}

/** tensorrt_llm/metrics/collector.py, at /prometheus/metrics of trtllm-serve; its /metrics is JSON of iterations. */
const tensorrtLlm: Dialect = {
  server: 'TensorRT-LLM',
  gauges: {
    requests_running: ['trtllm_num_requests_running'],
    requests_waiting: ['trtllm_num_requests_waiting'],
    kv_cache_usage: ['trtllm_kv_cache_utilization'],
  },
  counters: {
    prompt_tokens: ['trtllm_prompt_tokens'],
    generation_tokens: ['trtllm_generation_tokens'],
    prefix_cache_queries: ['trtllm_prompt_tokens'],
    prefix_cache_hits: ['trtllm_prompt_cached_tokens'],
    draft_tokens: ['trtllm_spec_decode_num_draft_tokens'],
    accepted_tokens: ['trtllm_spec_decode_num_accepted_tokens'],
    requests_finished: ['trtllm_request_success'],
  },
  times: {
    ttft: ['trtllm_time_to_first_token'],
    tpot: ['trtllm_time_per_output_token'],
    end_to_end: ['trtllm_e2e_request_latency'],
    queue_time: ['trtllm_request_queue_time'],
    prefill_time: ['trtllm_request_prefill_time'],
    decode_time: ['trtllm_request_decode_time'],
  },
}

/**
 * Triton's user guide, and custom_metrics_reporter.cc of the TensorRT-LLM backend. Each model of an ensemble counts a request, so of models the
 * busiest counts.
 */
const triton: Dialect = {
  server: 'Triton',
  views: ['model', 'version'],
  gauges: {
    requests_running: ['nv_trt_llm_request_metrics{request_type=scheduled}'],
    requests_waiting: ['nv_trt_llm_request_metrics{request_type=waiting}', 'nv_inference_pending_request_count'],
    kv_cache_usage: [
      {
        part: 'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=used}',
        whole: 'nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=max}',
      },
    ],
  },
  counters: { requests_finished: ['nv_inference_request_success'] },
  times: {
    ttft: ['nv_inference_first_response_histogram'],
    end_to_end: [
      'nv_inference_request_summary',
      { time: 'nv_inference_request_duration', per: 'nv_inference_request_success' },
    ],
    queue_time: [
      'nv_inference_queue_summary',
      { time: 'nv_inference_queue_duration', per: 'nv_inference_request_success' },
    ],
  },
}

/** router/src/server.rs and backends/v3/src/queue.rs. Durations are seconds; the sums of its histograms of lengths count tokens. */
const tgi: Dialect = {
  server: 'TGI',
  unitMs: { tpot: 1000, end_to_end: 1000, queue_time: 1000 },
  gauges: { requests_running: ['tgi_batch_current_size'], requests_waiting: ['tgi_queue_size'] },
  counters: {
    prompt_tokens: ['tgi_request_input_length_sum'],
    generation_tokens: ['tgi_request_generated_tokens_sum'],
    accepted_tokens: ['tgi_request_skipped_tokens_sum'],
    requests_finished: ['tgi_request_success'],
  },
  times: {
    tpot: ['tgi_request_mean_time_per_token_duration'],
    end_to_end: ['tgi_request_duration'],
    queue_time: ['tgi_request_queue_duration'],
  },
}

/**
 * tools/server/server-task.cpp. `prompt_tokens_total` leaves out what came from the cache; releases that do not count that besides do not say
 * how long prompts were. Its gauges of tokens a second are means since the last scrape, whoever scraped: they are left alone.
 */
const llamacpp: Dialect = {
  server: 'llama.cpp',
  gauges: {
    requests_running: ['llamacpp_requests_processing'],
    requests_waiting: ['llamacpp_requests_deferred'],
    kv_cache_usage: ['llamacpp_kv_cache_usage_ratio'],
  },
  counters: {
    prompt_tokens: [{ sum: ['llamacpp_prompt_tokens', 'llamacpp_prompt_tokens_cached'] }],
    generation_tokens: ['llamacpp_tokens_predicted'],
    prefix_cache_queries: [{ sum: ['llamacpp_prompt_tokens', 'llamacpp_prompt_tokens_cached'] }],
    prefix_cache_hits: ['llamacpp_prompt_tokens_cached'],
    draft_tokens: ['llamacpp_spec_decode_num_draft_tokens'],
    accepted_tokens: ['llamacpp_spec_decode_num_accepted_tokens'],
  },
  times: { tpot: [{ time: 'llamacpp_tokens_predicted', per: 'llamacpp_tokens_predicted' }] },
}

/** vllm-rust, the third-party engine: its module of Prometheus metrics. All requests that came, since only some that end are counted. */
const vllmRust: Dialect = {
  server: 'vllm-rust',
  deaf: true,
  gauges: {
    requests_running: ['vllm_running_requests'],
    requests_waiting: ['vllm_waiting_requests'],
    kv_cache_usage: ['vllm_kv_cache_usage_ratio'],
  },
  counters: {
    prompt_tokens: ['vllm_prompt_tokens'],
    generation_tokens: ['vllm_generation_tokens'],
    preemptions: ['vllm_num_preemptions'],
    requests_finished: ['vllm_requests'],
  },
  times: {
    ttft: ['vllm_time_to_first_token'],
    tpot: ['vllm_time_per_output_token'],
    end_to_end: ['vllm_e2e_latency'],
  },
}

/** Our own CPU backend. */
const cpu: Dialect = {
  server: 'bench cpu',
  gauges: { requests_running: ['cpu_requests_running'], requests_waiting: ['cpu_requests_waiting'] },
  counters: { prompt_tokens: ['cpu_prompt_tokens'], generation_tokens: ['cpu_generation_tokens'] },
}

/** A gateway that answers JSON with the sum of all latencies. */
const gateway: Dialect = {
  server: 'gateway',
  json: true,
  counters: { requests_finished: ['request_count'] },
  times: { end_to_end: [{ time: 'total_latency', per: 'request_count' }] },
}

export const dialects: readonly Dialect[] = [vllm, sglang, tensorrtLlm, tgi, llamacpp, vllmRust, triton, cpu, gateway]

/** Whether the server named is one that registers what it never counts. */
export function isDeaf(server: string | undefined): boolean {
  return dialects.some((dialect) => dialect.server === server && dialect.deaf === true)
}
