/** Acme: a server of its own kind, as someone outside the project would add it. Lines of JSON, no end mark. */
import { type Adapter, asCount, asObject, asText, type Decoder, parseJson, type StreamEvent } from 'inferbench'

const acme: Adapter = {
  name: 'acme',
  summary: 'Acme text server: POST /generate, lines of JSON',
  flags: { sendsDone: false, usage: true, forcesLength: false },
  encode: (call, target) => ({
    method: 'POST',
    url: `${target.baseUrl}/generate`,
    headers: [
      ['content-type', 'application/json'],
      ...(target.apiKey === undefined ? [] : [['x-acme-key', target.apiKey] as const]),
      ...target.headers,
    ],
    body: JSON.stringify({
      model: target.model,
      ask: call.kind === 'chat' ? call.messages : call.prompt,
      limit: call.maxTokens,
      lines: target.stream,
      ...target.body,
      ...call.body,
    }),
    framing: target.stream ? 'ndjson' : 'json',
  }),
  decoder: (): Decoder => (message) => {
    const said = asObject(parseJson(message.data))
    return said === undefined ? [{ type: 'error', reason: 'malformed', message: 'no JSON object' }] : readLine(said)
  },
  ready: [
    {
      request: (target) => ({ method: 'GET', url: `${target.baseUrl}/up`, headers: [], framing: 'json' }),
      read: ({ status }) => (status === 503 ? { ready: false, why: 'Acme is still loading' } : { ready: true }),
    },
  ],
  explain: (_status, body) => asText(asObject(parseJson(body))?.failed),
}
export default acme

function readLine(said: Readonly<Record<string, unknown>>): StreamEvent[] {
  const { thought, piece, end, failed } = said
  const [inputTokens, outputTokens] = [asCount(said.in), asCount(said.out)]
  const events: StreamEvent[] = []
  if (asText(thought)) events.push({ type: 'reasoning', text: asText(thought)!, choice: 0 })
  if (asText(piece)) events.push({ type: 'text', text: asText(piece)!, choice: 0 })
  if (inputTokens && outputTokens) events.push({ type: 'usage', usage: { inputTokens, outputTokens }, final: true })
  if (asText(end)) events.push({ type: 'finish', reason: asText(end)!, choice: 0 })
  if (asText(failed)) events.push({ type: 'error', message: asText(failed)! })
  return events
}
