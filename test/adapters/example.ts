/** LMDeploy, started as `lmdeploy serve api_server`: the OpenAI dialect, exact lengths, and its own metrics. */
import { type Adapter, asObject, type Call, type Probe, parseJson, type Readiness } from 'inferbench'
import openai, { encodeOpenai, readHealth, requestOf } from 'inferbench/adapters/openai'

/** It is up while it sleeps, and serves nothing then. */
const awake: Probe<Readiness> = {
  request: (target) => requestOf(target, 'GET', '/health'),
  read: (reply) => {
    const asleep = asObject(parseJson(reply.body))?.status === 'sleeping'
    return asleep ? { ready: false, why: 'the server is asleep' } : readHealth(reply)
  },
}

const forceLength = ({ forceLength: wanted, maxTokens }: Call) =>
  wanted && maxTokens !== undefined ? { ignore_eos: true, min_new_tokens: maxTokens } : {}

const lmdeploy: Adapter = {
  ...openai,
  name: 'lmdeploy',
  summary: 'LMDeploy: exact output lengths, Prometheus metrics',
  flags: { ...openai.flags, forcesLength: true },
  encode: (call, target) => encodeOpenai(call, target, forceLength(call)),
  ready: [awake],
  scrape: {
    path: '/metrics',
    metrics: {
      requests_running: { names: ['lmdeploy:num_requests_running'], unit: '1' },
      requests_waiting: { names: ['lmdeploy:num_requests_waiting'], unit: '1' },
      generation_tokens: { names: ['lmdeploy:generation_tokens_total'], unit: 'tokens' },
    },
  },
  launch: ({ model, port }) => ({
    command: 'lmdeploy',
    args: ['serve', 'api_server', model, '--server-port', String(port), '--enable-metrics'],
  }),
}
export default lmdeploy
