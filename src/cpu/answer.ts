/** What an answer looks like: the OpenAI dialect, with llama.cpp's `timings` at its end. */
import type { Ending } from './engine.ts'
import type { GenerationRequest } from './request.ts'

export interface Answer {
  /** Before the first token. */
  opening(): readonly object[]
  /** Token ids go with each step: one without text is a token, too. */
  chunk(text: string, tokens: readonly number[]): object
  ending(ending: Ending): readonly object[]
  body(text: string, ending: Ending): object
}

export function createAnswer(request: GenerationRequest, id: string, model: string): Answer {
  const chat = request.kind === 'chat'
  const object = chat ? 'chat.completion' : 'text_completion'
  const head = { id: `${chat ? 'chatcmpl' : 'cmpl'}-${id}`, created: Math.floor(Date.now() / 1000), model }
  const frame = (choices: readonly object[], more: object = {}): object => ({
    ...head,
    object: chat ? 'chat.completion.chunk' : object,
    choices,
    ...more,
  })
  const say = (text: string): object => (chat ? { delta: { content: text } } : { text })

  return {
    opening: () =>
      chat ? [frame([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }])] : [],
    chunk: (text, tokens) => frame([{ index: 0, ...say(text), finish_reason: null, token_ids: tokens }]),
    ending(ending) {
      const last = { index: 0, ...(chat ? { delta: {} } : { text: '' }), finish_reason: ending.finish }
      const usage = { usage: countTokens(request, ending), timings: timingsOf(request, ending) }
      return [
        ...(ending.rest === '' ? [] : [frame([{ index: 0, ...say(ending.rest), finish_reason: null, token_ids: [] }])]),
        frame([last]),
        ...(request.includeUsage ? [frame([], usage)] : []),
      ]
    },
    body: (text, ending) => ({
      ...head,
      object,
      choices: [
        {
          index: 0,
          ...(chat ? { message: { role: 'assistant', content: text } } : { text }),
          finish_reason: ending.finish,
        },
      ],
      usage: countTokens(request, ending),
      timings: timingsOf(request, ending),
    }),
  }
}

function countTokens({ prompt }: GenerationRequest, { tokens }: Ending): object {
  return {
    prompt_tokens: prompt.length,
    completion_tokens: tokens,
    total_tokens: prompt.length + tokens,
    prompt_tokens_details: { cached_tokens: 0 },
  }
}

function timingsOf({ prompt }: GenerationRequest, { tokens, prefillMs, decodeMs }: Ending): object {
  return {
    cache_n: 0,
    prompt_n: prompt.length,
    prompt_ms: prefillMs,
    predicted_n: tokens,
    predicted_ms: decodeMs,
    ...(tokens > 1 && decodeMs > 0 ? { predicted_per_second: (1000 * (tokens - 1)) / decodeMs } : {}),
  }
}
