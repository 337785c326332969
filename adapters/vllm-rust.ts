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
  // The one at /metrics shows gauges as they were when this one was asked last.
  scrape: { path: '/admin/metrics/prometheus' },
  launch: ({ model, port }) => ({ command: 'vllm-server', args: ['serve', '--model', model, '--port', String(port)] }),
}

export default vllmRust
