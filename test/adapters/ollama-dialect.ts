/** Ollama's own API, as the adapter suite feeds it. */
import type { AnswerDialect } from 'inferbench/testing'

type Script = Parameters<AnswerDialect['stream']>[0]

const line = (value: unknown): string => `${JSON.stringify(value)}\n`

function say(script: Script, kind: 'text' | 'reasoning', text: string): object {
  const { endpoint } = script
  if (endpoint === 'chat') {
    return {
      message: { role: 'assistant', ...(kind === 'text' ? { content: text } : { content: '', thinking: text }) },
    }
  }
  return kind === 'text' ? { response: text } : { response: '', thinking: text }
}

const head = { model: 'model-1', created_at: '2026-01-01T00:00:00.000000000Z', a_new_field: [1, {}] }

function end({ finish, usage }: Script): object {
  return {
    done: true,
    done_reason: finish,
    total_duration: 5_000_000_000,
    load_duration: 10_000_000,
    prompt_eval_count: usage.inputTokens,
    prompt_eval_duration: 40_000_000,
    eval_count: usage.outputTokens,
    eval_duration: 30_000_000,
  }
}

export const ollamaDialect: AnswerDialect = {
  streamType: 'application/x-ndjson',
  bodyType: 'application/json; charset=utf-8',
  stream: (script) => [
    ...script.pieces.map(({ kind, text }) => line({ ...head, ...say(script, kind, text), done: false })),
    line({ ...head, ...say(script, 'text', ''), ...end(script) }),
  ],
  body(script) {
    const text = script.pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('')
    return JSON.stringify({ ...head, ...say(script, 'text', text), ...end(script) })
  },
  error: (message) => line({ error: message }),
  malformed: '{"model":"m","message":{"content":"cu\n',
  unknown: line({ model: 'model-1', news: { deep: [1, 2, null] } }),
  empty: (script) => line({ ...head, ...say(script, 'text', ''), done: false }),
  refusal: (message) => JSON.stringify({ error: message }),
}
