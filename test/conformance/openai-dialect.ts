/** Scripted answers in the OpenAI dialect, as bytes: what {@link testAdapter} feeds unless an adapter brings its own dialect. */

/** What a server answers. Words in order; each piece is one message of the stream. */
export interface AnswerScript {
  readonly endpoint: 'chat' | 'completions'
  readonly pieces: readonly { readonly kind: 'text' | 'reasoning'; readonly text: string }[]
  readonly finish: string
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number }
}

/** How one kind of server writes an answer. Pure. */
export interface AnswerDialect {
  readonly streamType: string
  readonly bodyType: string
  /** What the adapter gives as the reason of every end, where the server says none. */
  readonly finish?: string
  /** Messages of a whole stream, in order, each with its framing; joined they are the body. The end mark is the last, if there is one. */
  stream(script: AnswerScript): readonly string[]
  /** The body of an answer that was not streamed. */
  body(script: AnswerScript): string
  /** A message that says, in the middle of a stream, that the server failed. */
  error(message: string): string
  /** A message of the stream that cannot be read. */
  readonly malformed: string
  /** A message of a kind that no client knows yet. */
  readonly unknown: string
  /** A message with nothing in it: a role, an empty piece. */
  empty(script: AnswerScript): string
  /** The body of a refusal with a status such as 400, that says `message`. */
  refusal(message: string): string
}

const sse = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

function frame(script: AnswerScript, choices: readonly object[], more: object = {}): object {
  const object = script.endpoint === 'chat' ? 'chat.completion.chunk' : 'text_completion'
  return { id: 'answer-1', object, created: 1, model: 'model-1', choices, ...more }
}

function piece(script: AnswerScript, { kind, text }: AnswerScript['pieces'][number]): string {
  const words =
    script.endpoint === 'chat' ? { delta: kind === 'text' ? { content: text } : { reasoning: text } } : { text }
  return sse(frame(script, [{ index: 0, ...words, finish_reason: null, a_new_field: { deep: [1, {}] } }]))
}

function readUsage({ usage }: AnswerScript): object {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
  }
}

export const openaiDialect: AnswerDialect = {
  streamType: 'text/event-stream; charset=utf-8',
  bodyType: 'application/json',
  stream(script) {
    const last = script.endpoint === 'chat' ? { delta: {} } : { text: '' }
    return [
      ...(script.endpoint === 'chat' ? [this.empty(script)] : []),
      ...script.pieces.map((entry) => piece(script, entry)),
      sse(frame(script, [{ index: 0, ...last, finish_reason: script.finish }])),
      sse(frame(script, [], { usage: readUsage(script) })),
      'data: [DONE]\n\n',
    ]
  },
  body(script) {
    const join = (kind: string): string =>
      script.pieces.map((entry) => (entry.kind === kind ? entry.text : '')).join('')
    const words =
      script.endpoint === 'chat'
        ? { message: { role: 'assistant', content: join('text'), reasoning: join('reasoning') } }
        : { text: join('text') }
    return JSON.stringify(
      frame(script, [{ index: 0, ...words, finish_reason: script.finish }], { usage: readUsage(script) }),
    )
  },
  error: (message) => sse({ error: { message, type: 'InternalServerError', code: 500 } }),
  malformed: 'data: {"choices":[{"delta":{"content":"cu\n\n',
  unknown: 'event: news\ndata: {"object":"something.new","payload":[1,2,{"a":null}]}\n\n: a comment\n\n',
  empty: (script) =>
    sse(
      frame(script, [
        {
          index: 0,
          ...(script.endpoint === 'chat' ? { delta: { role: 'assistant', content: '' } } : { text: '' }),
          finish_reason: null,
        },
      ]),
    ),
  refusal: (message) => JSON.stringify({ error: { message, type: 'BadRequestError', code: 400 } }),
}
