/**
 * A gateway with an API of its own: `/generate` takes a prompt and answers whole, with its own speed; `/healthz` and
 * `/readyz` say how it is, `/metrics` is JSON. It counts no tokens and gives no reason for an end.
 */
import {
  type Adapter,
  asAmount,
  asObject,
  asText,
  type Call,
  type Decoder,
  type HttpSpec,
  type Probe,
  parseJson,
  type Readiness,
  type ServerFacts,
  type StreamEvent,
  type Target,
} from 'inferbench'
import { pushTimings } from './_openai-decoder.ts'
import { explainError, requestOf } from './openai.ts'

function encode(call: Call, target: Target): HttpSpec {
  return requestOf(target, 'POST', '/generate', {
    prompt: call.kind === 'chat' ? call.messages.map(({ content }) => content).join('\n') : call.prompt,
    ...(call.maxTokens === undefined ? {} : { max_tokens: call.maxTokens }),
    ...(call.temperature === undefined ? {} : { temperature: call.temperature }),
    ...target.body,
    ...call.body,
  })
}

function createGatewayDecoder(): Decoder {
  return ({ data }) => {
    const body = asObject(parseJson(data))
    const text = body?.text
    if (body === undefined || typeof text !== 'string') {
      const said = explainError(500, data)
      if (said !== undefined) return [{ type: 'error', message: said }]
      return [{ type: 'error', reason: 'malformed', message: `no answer with a text: ${data.slice(0, 256)}` }]
    }
    const model = asText(body.model)
    const events: StreamEvent[] = []
    if (model !== undefined) events.push({ type: 'served', model })
    if (text !== '') events.push({ type: 'text', text, choice: 0 })
    pushTimings(events, { totalMs: asAmount(body.latency_ms), tokensPerSecond: asAmount(body.tokens_per_sec) })
    // It says nothing of the kind: what has come whole has ended.
    events.push({ type: 'finish', reason: 'whole', choice: 0 })
    return events
  }
}

function readyAt(path: string): Probe<Readiness> {
  return {
    request: (target) => requestOf(target, 'GET', path),
    read(reply) {
      if (reply.status === 404) return undefined
      if (reply.status === 200) return { ready: true }
      return { ready: false, why: explainError(reply.status, reply.body) ?? `GET ${path} answers ${reply.status}` }
    },
  }
}

/** Which model it serves is told by an answer alone. */
const model: Probe<ServerFacts> = {
  request: (target) => requestOf(target, 'POST', '/generate', { prompt: 'Hello', max_tokens: 1 }),
  read: (reply) => {
    const name = reply.status === 200 ? asText(asObject(parseJson(reply.body))?.model) : undefined
    return name === undefined ? undefined : { models: [name] }
  },
}

const gateway: Adapter = {
  name: 'gateway',
  summary: 'a gateway with /generate, /healthz, /readyz and JSON /metrics; answers come whole',
  flags: { sendsDone: false, usage: false, forcesLength: false, streams: false },
  encode,
  decoder: createGatewayDecoder,
  ready: [readyAt('/healthz'), readyAt('/readyz')],
  facts: [model],
  scrape: { path: '/metrics' },
  explain: explainError,
}

export default gateway
