/** vLLM, with its Python or its Rust front end: `vllm serve`. */
import type { Adapter, Call, Probe, Readiness } from 'inferbench'
import openai, { encodeOpenai, readModels, requestOf, versionProbe } from './openai.ts'

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
  scrape: { path: '/metrics' },
  launch: ({ model, port }) => ({ command: 'vllm', args: ['serve', model, '--port', String(port)] }),
}

export default vllm
