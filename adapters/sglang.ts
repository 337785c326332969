/** SGLang: `python -m sglang.launch_server`. Its response head comes with the first token, not before. */
import { type Adapter, asObject, asText, type Probe, parseJson, type ScrapeMap, type ServerFacts } from 'inferbench'
import openai, { encodeOpenai, requestOf } from './openai.ts'
import { forceLength } from './vllm.ts'

/** `/server_info` since 0.5, `/get_server_info` before. */
function serverInfoAt(path: string): Probe<ServerFacts> {
  return {
    request: (target) => requestOf(target, 'GET', path),
    read: (reply) => {
      const version = reply.status === 200 ? asText(asObject(parseJson(reply.body))?.version) : undefined
      return version === undefined ? undefined : { version }
    },
  }
}

/** Only with `--enable-metrics`. `cache_hit_rate` and `gen_throughput` are of an instant: the counters say more. */
const scrape: ScrapeMap = {
  path: '/metrics',
  metrics: {
    requests_running: { names: ['sglang:num_running_reqs'], unit: '1' },
    requests_waiting: { names: ['sglang:num_queue_reqs'], unit: '1' },
    kv_cache_usage: { names: ['sglang:token_usage'], unit: '1' },
    // A request that is taken back to make room is what vLLM calls a preemption.
    preemptions: { names: ['sglang:num_retracted_requests_total', 'sglang:num_retracted_reqs'], unit: '1' },
    prompt_tokens: { names: ['sglang:prompt_tokens_total'], unit: 'tokens' },
    generation_tokens: { names: ['sglang:generation_tokens_total'], unit: 'tokens' },
    prefix_cache_hits: { names: ['sglang:cached_tokens_total'], unit: 'tokens' },
    requests_succeeded: { names: ['sglang:num_requests_total'], unit: 'requests' },
    ttft: { names: ['sglang:time_to_first_token_seconds'], unit: 's' },
    itl: { names: ['sglang:inter_token_latency_seconds'], unit: 's' },
    end_to_end: { names: ['sglang:e2e_request_latency_seconds'], unit: 's' },
    queue_time: { names: ['sglang:queue_time_seconds'], unit: 's' },
  },
}

const sglang: Adapter = {
  ...openai,
  name: 'sglang',
  summary: 'SGLang: exact output lengths, /tokenize, version, Prometheus metrics',
  flags: { ...openai.flags, forcesLength: true },
  encode: (call, target) => encodeOpenai(call, target, forceLength(call)),
  facts: [...(openai.facts ?? []), serverInfoAt('/server_info'), serverInfoAt('/get_server_info')],
  scrape,
  launch: ({ model, port }) => ({
    command: 'python3',
    args: ['-m', 'sglang.launch_server', '--model-path', model, '--port', String(port), '--enable-metrics'],
  }),
}

export default sglang
