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
  type ScrapeMap,
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

const scrape: ScrapeMap = {
  path: '/metrics',
  metrics: {
    requests_running: { names: ['tgi_batch_current_size'], unit: '1' },
    requests_waiting: { names: ['tgi_queue_size'], unit: '1' },
    // Histograms: their sums count tokens.
    prompt_tokens: { names: ['tgi_request_input_length'], unit: 'tokens' },
    generation_tokens: { names: ['tgi_request_generated_tokens'], unit: 'tokens' },
    requests_succeeded: { names: ['tgi_request_success'], unit: 'requests' },
    itl: { names: ['tgi_request_mean_time_per_token_duration'], unit: 's' },
    end_to_end: { names: ['tgi_request_duration'], unit: 's' },
    queue_time: { names: ['tgi_request_queue_duration'], unit: 's' },
  },
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
  scrape,
  launch: ({ model, port }) => ({
    command: 'text-generation-launcher',
    args: ['--model-id', model, '--port', String(port)],
  }),
}

export default tgi
