/** How a profile says things. Everything here is pure: an answer and a range of its tokens in, JSON values out. */
import type { Answer, Choice, TokenLogprob } from './answer.ts'
import type { MockSettings } from './options.ts'
import { detokenize } from './tokenizer.ts'

interface Refusal {
  readonly status: number
  readonly message: string
  readonly param: string | null
}

export interface Dialect {
  /** Streams are lines of JSON, without an end mark. Absent: server-sent events, ended by `[DONE]`. */
  readonly framing?: 'ndjson'
  /** The events that come before a choice's first token, together with it. */
  opening(answer: Answer, choice: Choice): readonly object[]
  /** The events for tokens `from` to `to` of a choice, in order; the last token's bring the finish reason. */
  chunks(answer: Answer, choice: Choice, from: number, to: number): readonly object[]
  /** The event with token counts and no choices. */
  usageChunk(answer: Answer): object
  /** The whole answer, not streamed, `latencyMs` after its request. */
  body(answer: Answer, latencyMs: number): object
  /** Body of a refused request, or of an error in the stream. */
  error(refusal: Refusal): object
  unauthorized(): object
  unknownRoute(): object
  wrongMethod(): object
  models(settings: MockSettings): object
  /** Body of `/health`; empty where the server says nothing. */
  health(): string
}

export function objectName(answer: Answer, chunk: boolean): string {
  if (answer.request.kind === 'completion') return 'text_completion'
  return chunk ? 'chat.completion.chunk' : 'chat.completion'
}

export function envelope(answer: Answer, choices: readonly object[]): Record<string, unknown> {
  const prefix = answer.request.kind === 'chat' ? 'chatcmpl' : 'cmpl'
  return {
    id: `${prefix}-${answer.id}`,
    object: objectName(answer, true),
    created: answer.created,
    model: answer.model,
    choices,
  }
}

export interface Counts {
  readonly prompt: number
  readonly completion: number
  readonly reasoning: number
}

/** Of the whole answer; of what one choice has said so far, when it and a place are given. */
export function countTokens(answer: Answer, choice?: Choice, to?: number): Counts {
  const said = choice === undefined ? answer.choices.flatMap((each) => each.pieces) : choice.pieces.slice(0, to)
  return {
    prompt: choice === undefined ? answer.promptTokens : choice.prompt.length,
    completion: said.length,
    reasoning: said.filter((piece) => piece.kind === 'reasoning').length,
  }
}

export function usageOf(counts: Counts): { prompt_tokens: number; total_tokens: number; completion_tokens: number } {
  return {
    prompt_tokens: counts.prompt,
    total_tokens: counts.prompt + counts.completion,
    completion_tokens: counts.completion,
  }
}

export interface Said {
  readonly text: string
  readonly reasoning: string
  readonly tool: string
}

/** What tokens `from` to `to` add, by kind. */
export function said(choice: Choice, from = 0, to: number = choice.pieces.length): Said {
  const sum = { text: '', reasoning: '', tool: '' }
  for (const piece of choice.pieces.slice(from, to)) sum[piece.kind] += piece.text
  return sum
}

/** OpenAI's older form, of completions. `offset` is where the first token's text starts in the answer. */
function legacyLogprobs(tokens: readonly TokenLogprob[], offset: number): object {
  const starts: number[] = []
  let at = offset
  for (const token of tokens) {
    starts.push(at)
    at += token.text.length
  }
  return {
    text_offset: starts,
    token_logprobs: tokens.map((token) => token.score?.logprob ?? null),
    tokens: tokens.map((token) => token.text),
    top_logprobs: tokens.map((token) =>
      token.score === null ? null : Object.fromEntries(token.top.map((each) => [each.text, each.logprob])),
    ),
  }
}

/** The form of chat. */
export function chatLogprobs(tokens: readonly TokenLogprob[], count: number): object {
  const entry = (text: string, logprob: number): object => ({
    token: text,
    logprob,
    bytes: [...new TextEncoder().encode(text)],
  })
  return {
    content: tokens.map((token) => ({
      ...entry(token.text, token.score?.logprob ?? 0),
      top_logprobs: [...token.top]
        .sort((a, b) => a.rank - b.rank)
        .slice(0, count)
        .map((each) => entry(each.text, each.logprob)),
    })),
  }
}

/** Text, and log-probabilities when asked for, of a completion's tokens; the first chunk repeats the prompt with `echo`. */
export function completionPart(
  answer: Answer,
  choice: Choice,
  from: number,
  to: number,
): { readonly text: string; readonly logprobs: object | null } {
  const { echo, logprobs } = answer.request
  const repeats = echo && from === 0
  const promptText = echo ? detokenize(choice.prompt) : ''
  const text = (repeats ? promptText : '') + said(choice, from, to).text
  if (logprobs === undefined) return { text, logprobs: null }
  const tokens = [...(repeats ? choice.promptLogprobs : []), ...choice.logprobs.slice(from, to)]
  const before = from === 0 ? 0 : said(choice, 0, from).text.length + (echo ? promptText.length : 0)
  return { text, logprobs: legacyLogprobs(tokens, before) }
}

/** A whole chat message: what every server says. `reasoning` goes under each of these names, if there is any. */
export function chatMessage(answer: Answer, choice: Choice, reasoningNames: readonly string[]): object {
  const { text, reasoning, tool } = said(choice)
  const { tool: name } = answer.request
  const call = { id: toolCallId(answer, choice), type: 'function', function: { name, arguments: tool } }
  return {
    role: 'assistant',
    content: name === undefined ? text : null,
    ...(reasoning ? Object.fromEntries(reasoningNames.map((key) => [key, reasoning])) : {}),
    ...(name === undefined ? {} : { tool_calls: [call] }),
  }
}

export function toolCallId(answer: Answer, choice: Choice): string {
  return `call_${answer.id.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 16)}${choice.index}`
}

export function isLast(choice: Choice, to: number): boolean {
  return to >= choice.pieces.length
}
