/** Hugging Face's Text Generation Inference: `text-generation-launcher`. Output lengths cannot be forced: it has no `ignore_eos`. */
import {
  type Adapter,
  asArray,
  asCount,
  asObject,
  asText,
  type Probe,
  type ProbeReply,
  parseJson,
  type ServerFacts,
} from 'inferbench'
import openai, { requestOf } from './openai.ts'

const info: Probe<ServerFacts> = {
  request: (target) => requestOf(target, 'GET', '/info'),
  read: (reply) => {
    const body = reply.status === 200 ? asObject(parseJson(reply.body)) : undefined
    const [version, model] = [asText(body?.version), asText(body?.model_id)]
    const maxModelLength = asCount(body?.max_total_tokens)
    return {
      ...(version === undefined ? {} : { version }),
      ...(model === undefined ? {} : { models: [model] }),
      ...(maxModelLength === undefined ? {} : { maxModelLength }),
    }
  },
}

/** `/tokenize` answers a bare list, `/chat_tokenize` the same list beside the text that the template made. */
function readTokenCount(reply: ProbeReply): number | undefined {
  const body = reply.status === 200 ? parseJson(reply.body) : undefined
  return asArray(asObject(body)?.tokenize_response ?? body).length || undefined
}

const tgi: Adapter = {
  ...openai,
  name: 'tgi',
  summary: 'Text Generation Inference: /tokenize, version, Prometheus metrics',
  facts: [info, ...(openai.facts ?? [])],
  countTokens: {
    request: (input, target) =>
      'text' in input
        ? requestOf(target, 'POST', '/tokenize', { inputs: input.text })
        : requestOf(target, 'POST', '/chat_tokenize', { model: target.model, messages: input.messages }),
    read: readTokenCount,
  },
  scrape: { path: '/metrics' },
  launch: ({ model, port }) => ({
    command: 'text-generation-launcher',
    args: ['--model-id', model, '--port', String(port)],
  }),
}

export default tgi
