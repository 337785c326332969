/** vLLM, with its Python or its Rust front end: `vllm serve`. */
import type { Adapter, Call, Probe, Readiness, ScrapeMap } from 'inferbench'
import openai, { encodeOpenai, readModels, requestOf, versionProbe } from './openai.ts'

/** Names since 0.9 first; older ones after them. A server that exports both means the same by them. */
const scrape: ScrapeMap = {
  path: '/metrics',
  metrics: {
    requests_running: { names: ['vllm:num_requests_running'], unit: '1' },
    requests_waiting: { names: ['vllm:num_requests_waiting'], unit: '1' },
    kv_cache_usage: { names: ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'], unit: '1' },
    preemptions: { names: ['vllm:num_preemptions_total'], unit: '1' },
    prompt_tokens: { names: ['vllm:prompt_tokens_total'], unit: 'tokens' },
    generation_tokens: { names: ['vllm:generation_tokens_total'], unit: 'tokens' },
    prefix_cache_queries: {
      names: ['vllm:prefix_cache_queries_total', 'vllm:gpu_prefix_cache_queries_total'],
      unit: 'tokens',
    },
    prefix_cache_hits: { names: ['vllm:prefix_cache_hits_total', 'vllm:gpu_prefix_cache_hits_total'], unit: 'tokens' },
    requests_succeeded: { names: ['vllm:request_success_total'], unit: 'requests' },
    ttft: { names: ['vllm:time_to_first_token_seconds'], unit: 's' },
    itl: { names: ['vllm:inter_token_latency_seconds', 'vllm:time_per_output_token_seconds'], unit: 's' },
    end_to_end: { names: ['vllm:e2e_request_latency_seconds'], unit: 's' },
    queue_time: { names: ['vllm:request_queue_time_seconds'], unit: 's' },
  },
}

/** /health says that the engine lives; only a listed model says that it serves. */
const modelsListed: Probe<Readiness> = {
  request: (target) => requestOf(target, 'GET', '/v1/models'),
  read: (reply) => {
    if (reply.status !== 200) return undefined
    return readModels(reply) === undefined ? { ready: false, why: '/v1/models lists no model' } : { ready: true }
  },
}

/** Output of exactly `max_tokens`: the end-of-sequence token is passed over. */
export function forceLength(call: Call): Readonly<Record<string, unknown>> {
  return call.forceLength && call.maxTokens !== undefined ? { ignore_eos: true, min_tokens: call.maxTokens } : {}
}

const vllm: Adapter = {
  ...openai,
  name: 'vllm',
  summary: 'vLLM: exact output lengths, /tokenize, version, Prometheus metrics',
  flags: { ...openai.flags, forcesLength: true },
  encode: (call, target) => encodeOpenai(call, target, forceLength(call)),
  ready: [...(openai.ready ?? []), modelsListed],
  facts: [...(openai.facts ?? []), versionProbe],
  scrape,
  launch: ({ model, port }) => ({ command: 'vllm', args: ['serve', model, '--port', String(port)] }),
}

export default vllm
