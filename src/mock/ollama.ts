/** Ollama's own API: a line of JSON for each piece, and counts on the last one. A duration that it does not know is left out. */
import type { Answer, Choice } from './answer.ts'
import { countTokens, type Dialect, said } from './dialect.ts'
import { RequestProblem } from './request.ts'

function line(answer: Answer, text: string, reasoning: string, more: object): object {
  const thinking = reasoning ? { thinking: reasoning } : {}
  const words =
    answer.request.kind === 'chat'
      ? { message: { role: 'assistant', content: text, ...thinking } }
      : { response: text, ...thinking }
  return { model: answer.model, created_at: new Date().toISOString(), ...words, ...more }
}

function piece(answer: Answer, choice: Choice, from: number, to: number): object {
  const { text, reasoning } = said(choice, from, to)
  return line(answer, text, reasoning, { done: false })
}

function ending(answer: Answer): object {
  const counts = countTokens(answer)
  const reason = answer.choices[0]?.finish ?? 'stop'
  return { done: true, done_reason: reason, prompt_eval_count: counts.prompt, eval_count: counts.completion }
}

export const ollama: Dialect = {
  framing: 'ndjson',
  opening: () => [],
  chunks: (answer, choice, from, to) => (to > from ? [piece(answer, choice, from, to)] : []),
  usageChunk: (answer) => line(answer, '', '', ending(answer)),
  body(answer) {
    const { text, reasoning } = said(answer.choices[0]!)
    return line(answer, text, reasoning, ending(answer))
  },
  error: ({ message }) => ({ error: message }),
  unauthorized: () => ({ error: 'unauthorized' }),
  unknownRoute: () => ({ error: '404 page not found' }),
  wrongMethod: () => ({ error: '405 method not allowed' }),
  models: () => ({}),
  health: () => '',
}

/** A request to Ollama in OpenAI's form. Its streams are the default, and always say what they counted. */
export function translateOllama(text: string): string {
  const { options, stream = true, ...body } = parse(text) as Record<string, unknown>
  const { num_predict: limit, temperature, seed, stop } = (options ?? {}) as Record<string, unknown>
  return JSON.stringify({
    model: body.model,
    ...(body.messages === undefined ? { prompt: body.prompt } : { messages: body.messages }),
    max_tokens: limit,
    temperature,
    seed,
    stop,
    stream,
    ...(stream === true ? { stream_options: { include_usage: true } } : {}),
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    throw new RequestProblem(400, 'the body is not JSON', 'body')
  }
}
