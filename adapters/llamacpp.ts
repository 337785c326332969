/** llama.cpp's own server, `llama-server`. It counts tokens in its `timings`, and reuses a prompt that it has just seen. */
import { type Adapter, asCount, asObject, asText, type Call, type Probe, parseJson, type ServerFacts } from 'inferbench'
import openai, { encodeOpenai, requestOf } from './openai.ts'

/** `/props`: the build, and the context of one slot, which is what a request can have. */
const props: Probe<ServerFacts> = {
  request: (target) => requestOf(target, 'GET', '/props'),
  read: (reply) => {
    const body = reply.status === 200 ? asObject(parseJson(reply.body)) : undefined
    const version = asText(body?.build_info)
    const maxModelLength = asCount(asObject(body?.default_generation_settings)?.n_ctx)
    return {
      ...(version === undefined ? {} : { version }),
      ...(maxModelLength === undefined ? {} : { maxModelLength }),
    }
  },
}

/** `min_tokens` is unknown here; without an end of sequence only `max_tokens` ends an answer. */
function forceLength({ forceLength: wanted, maxTokens }: Call): Readonly<Record<string, unknown>> {
  return wanted && maxTokens !== undefined ? { ignore_eos: true } : {}
}

const llamacpp: Adapter = {
  ...openai,
  name: 'llamacpp',
  summary: 'llama.cpp (llama-server): exact output lengths, /tokenize, build, Prometheus metrics',
  flags: { ...openai.flags, forcesLength: true },
  encode: (call, target) => encodeOpenai(call, target, forceLength(call)),
  facts: [props, ...(openai.facts ?? [])],
  // Only with `--metrics`.
  scrape: { path: '/metrics' },
  launch: ({ model, port }) => ({
    command: 'llama-server',
    args: [/\.gguf$/i.test(model) ? '--model' : '--hf-repo', model, '--port', String(port), '--metrics'],
  }),
}

export default llamacpp
