/** OpenAI's own form: `usage: null` on every chunk but the last, the finish reason in an empty delta of its own. */
import type { Answer, Choice } from './answer.ts'
import {
  chatLogprobs,
  chatMessage,
  completionPart,
  countTokens,
  type Dialect,
  envelope,
  isLast,
  objectName,
  said,
  toolCallId,
  usageOf,
} from './dialect.ts'

const fingerprint = 'fp_mock'

function usage(answer: Answer): object {
  const counts = countTokens(answer)
  return {
    ...usageOf(counts),
    prompt_tokens_details: { cached_tokens: answer.cachedTokens ?? 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: counts.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function chunk(answer: Answer, choice: Choice, part: object, finish: string | null = null): object {
  return {
    ...envelope(answer, [{ index: choice.index, ...part, finish_reason: finish }]),
    system_fingerprint: fingerprint,
    ...(answer.request.includeUsage ? { usage: null } : {}),
  }
}

function opening(answer: Answer, choice: Choice): object[] {
  if (answer.request.kind === 'completion') return []
  const first = answer.request.tool === undefined ? { content: '', refusal: null } : toolHead(answer, choice)
  return [chunk(answer, choice, { delta: { role: 'assistant', ...first }, logprobs: null })]
}

function chunks(answer: Answer, choice: Choice, from: number, to: number): object[] {
  const chat = answer.request.kind === 'chat'
  const end = { ...(chat ? { delta: {} } : { text: '' }), logprobs: null }
  return [
    chunk(answer, choice, chat ? chatPart(answer, choice, from, to) : completionPart(answer, choice, from, to)),
    ...(isLast(choice, to) ? [chunk(answer, choice, end, choice.finish)] : []),
  ]
}

function chatPart(answer: Answer, choice: Choice, from: number, to: number): object {
  const { logprobs } = answer.request
  const scores = logprobs === undefined ? null : chatLogprobs(choice.logprobs.slice(from, to), logprobs)
  return { delta: deltaOf(choice, from, to), logprobs: scores }
}

function toolHead(answer: Answer, choice: Choice): object {
  const call = { index: 0, id: toolCallId(answer, choice), type: 'function' }
  return {
    content: null,
    tool_calls: [{ ...call, function: { name: answer.request.tool, arguments: '' } }],
    refusal: null,
  }
}

function deltaOf(choice: Choice, from: number, to: number): object {
  const { text, reasoning, tool } = said(choice, from, to)
  return {
    ...(reasoning ? { reasoning_content: reasoning } : {}),
    ...(text ? { content: text } : {}),
    ...(tool ? { tool_calls: [{ index: 0, function: { arguments: tool } }] } : {}),
  }
}

function choiceBody(answer: Answer, choice: Choice): object {
  const { kind, logprobs } = answer.request
  const part =
    kind === 'completion'
      ? completionPart(answer, choice, 0, choice.pieces.length)
      : {
          message: { ...chatMessage(answer, choice, ['reasoning_content']), refusal: null, annotations: [] },
          logprobs: logprobs === undefined ? null : chatLogprobs(choice.logprobs, logprobs),
        }
  return { index: choice.index, ...part, finish_reason: choice.finish }
}

export const openai: Dialect = {
  opening,
  chunks,
  usageChunk: (answer) => ({ ...envelope(answer, []), system_fingerprint: fingerprint, usage: usage(answer) }),
  body: (answer) => ({
    ...envelope(
      answer,
      answer.choices.map((choice) => choiceBody(answer, choice)),
    ),
    object: objectName(answer, false),
    usage: usage(answer),
    service_tier: 'default',
    system_fingerprint: fingerprint,
  }),
  error: ({ status, message, param }) => ({
    error: {
      message,
      type: status >= 500 ? 'server_error' : 'invalid_request_error',
      param,
      code: errorCodes[status] ?? null,
    },
  }),
  unauthorized: () => ({
    error: {
      message: 'Incorrect API key provided.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_api_key',
    },
  }),
  unknownRoute: () => ({
    error: { message: 'Unknown request URL.', type: 'invalid_request_error', param: null, code: 'unknown_url' },
  }),
  wrongMethod: () => ({
    error: { message: 'Method not allowed.', type: 'invalid_request_error', param: null, code: 'method_not_supported' },
  }),
  models: (settings) => ({
    object: 'list',
    data: [{ id: settings.model, object: 'model', created: 0, owned_by: 'mock' }],
  }),
  health: () => JSON.stringify({ status: 'ok' }),
}

const errorCodes: Readonly<Record<number, string>> = { 404: 'model_not_found', 429: 'rate_limit_exceeded' }
