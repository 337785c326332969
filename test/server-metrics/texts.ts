/** A server's `/metrics` after so much: vLLM's names, numbers that are easy to check. */

export interface Served {
  readonly requests: number
  readonly running?: number
  readonly preemptions?: number
  /** Of the prompt tokens. */
  readonly hits?: number
}

/** 100 prompt tokens, 20 generated ones, 40 ms to the first and 200 ms in all a request. */
export function writeVllm({ requests, running = 0, preemptions = 0, hits = 0 }: Served): string {
  const label = '{engine="0",model_name="m"'
  const counter = (name: string, value: number): string =>
    `# HELP vllm:${name} x\n# TYPE vllm:${name} counter\nvllm:${name}_total${label}} ${value}\n`
  const gauge = (name: string, value: number): string => `# TYPE vllm:${name} gauge\nvllm:${name}${label}} ${value}\n`
  const histogram = (name: string, seconds: number, bounds: readonly number[]): string =>
    [
      `# TYPE vllm:${name} histogram`,
      ...bounds.map((le) => `vllm:${name}_bucket${label},le="${le}"} ${seconds <= le ? requests : 0}`),
      `vllm:${name}_bucket${label},le="+Inf"} ${requests}`,
      `vllm:${name}_sum${label}} ${seconds * requests}`,
      `vllm:${name}_count${label}} ${requests}`,
      '',
    ].join('\n')
  return [
    gauge('num_requests_running', running),
    gauge('num_requests_waiting', running / 4),
    gauge('kv_cache_usage_perc', running / 100),
    counter('prompt_tokens', 100 * requests),
    counter('generation_tokens', 20 * requests),
    counter('prefix_cache_queries', 100 * requests),
    counter('prefix_cache_hits', hits),
    counter('num_preemptions', preemptions),
    counter('request_success', requests),
    histogram('time_to_first_token_seconds', 0.04, [0.02, 0.06, 0.1]),
    histogram('e2e_request_latency_seconds', 0.2, [0.3, 0.5]),
  ].join('')
}
