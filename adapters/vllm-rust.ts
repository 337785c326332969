/** vllm-rust, the third-party engine: `vllm-server serve`. Without a model it is idle, and looks healthy. */
import {
  type Adapter,
  asCount,
  asObject,
  asText,
  type Probe,
  parseJson,
  type Readiness,
  type ServerFacts,
} from 'inferbench'
import { readHealth, readModels, requestOf } from './openai.ts'
import vllm from './vllm.ts'

const IDLE: Readiness = { ready: false, why: 'the server is idle: no model is loaded' }

const ready: readonly Probe<Readiness>[] = [
  {
    request: (target) => requestOf(target, 'GET', '/health'),
    read: (reply) => (asObject(parseJson(reply.body))?.status === 'idle' ? IDLE : readHealth(reply)),
  },
  {
    request: (target) => requestOf(target, 'GET', '/v1/models'),
    read: (reply) => {
      if (reply.status === 404) return IDLE
      return reply.status === 200 && readModels(reply) === undefined ? IDLE : { ready: true }
    },
  },
]

const serverInfo: Probe<ServerFacts> = {
  request: (target) => requestOf(target, 'GET', '/server_info'),
  read: (reply) => {
    const info = reply.status === 200 ? asObject(parseJson(reply.body)) : undefined
    const [version, model, maxModelLength] = [
      asText(info?.version),
      asText(info?.model_id),
      asCount(info?.max_model_len),
    ]
    return {
      ...(version === undefined ? {} : { version }),
      ...(model === undefined ? {} : { models: [model] }),
      ...(maxModelLength === undefined ? {} : { maxModelLength }),
    }
  },
}

const vllmRust: Adapter = {
  ...vllm,
  name: 'vllm-rust',
  summary: 'vllm-rust: like vllm, with its own metrics, and told apart from an idle server',
  ready,
  facts: [...(vllm.facts ?? []), serverInfo],
  scrape: {
    path: '/metrics',
    // Most of its series are registered and never recorded: one that is zero throughout is absent.
    metrics: {
      requests_running: { names: ['vllm_running_requests'], unit: '1' },
      requests_waiting: { names: ['vllm_waiting_requests'], unit: '1' },
      kv_cache_usage: { names: ['vllm_kv_cache_usage_ratio'], unit: '1' },
      preemptions: { names: ['vllm_num_preemptions_total'], unit: '1' },
      prompt_tokens: { names: ['vllm_prompt_tokens_total'], unit: 'tokens' },
      generation_tokens: { names: ['vllm_generation_tokens_total'], unit: 'tokens' },
      requests_succeeded: { names: ['vllm_requests_success_total'], unit: 'requests' },
      ttft: { names: ['vllm_time_to_first_token_seconds'], unit: 's' },
      itl: { names: ['vllm_time_per_output_token_seconds'], unit: 's' },
      end_to_end: { names: ['vllm_e2e_latency_seconds'], unit: 's' },
    },
  },
  launch: ({ model, port }) => ({ command: 'vllm-server', args: ['serve', '--model', model, '--port', String(port)] }),
}

export default vllmRust
