/** SGLang, started as `python -m sglang.launch_server`: the OpenAI dialect, exact lengths, and its own metrics. */
import { type Adapter, asObject, asText, type Call, type Probe, parseJson, type ServerFacts } from 'inferbench'
import openai, { encodeOpenai, requestOf } from 'inferbench/adapters/openai'

const versionProbe: Probe<ServerFacts> = {
  request: (target) => requestOf(target, 'GET', '/server_info'),
  read: (reply) => {
    const version = asText(asObject(parseJson(reply.body))?.version)
    return version === undefined ? undefined : { version }
  },
}

const forceLength = ({ forceLength: wanted, maxTokens }: Call) =>
  wanted && maxTokens !== undefined ? { ignore_eos: true, min_tokens: maxTokens } : {}

const sglang: Adapter = {
  ...openai,
  name: 'sglang',
  summary: 'SGLang: exact output lengths, Prometheus metrics',
  flags: { ...openai.flags, forcesLength: true },
  encode: (call, target) => encodeOpenai(call, target, forceLength(call)),
  facts: [...(openai.facts ?? []), versionProbe],
  scrape: {
    path: '/metrics',
    metrics: {
      requests_running: { names: ['sglang:num_running_reqs'], unit: '1' },
      requests_waiting: { names: ['sglang:num_queue_reqs'], unit: '1' },
      generation_tokens: { names: ['sglang:generation_tokens_total'], unit: 'tokens' },
    },
  },
  launch: ({ model, port }) => ({
    command: 'python',
    args: ['-m', 'sglang.launch_server', '--model-path', model, '--port', String(port), '--enable-metrics'],
  }),
}
export default sglang
