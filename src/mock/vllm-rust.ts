/** vllm-rust: members without a value are left out, the finish reason has a chunk of its own. */
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

function usage(answer: Answer, choice?: Choice, to?: number): object {
  const counts = countTokens(answer, choice, to)
  const details = counts.reasoning > 0 ? { completion_tokens_details: { reasoning_tokens: counts.reasoning } } : {}
  return { usage: { ...usageOf(counts), ...details } }
}

function chunk(answer: Answer, choice: Choice, to: number, part: object): object {
  const soFar = answer.request.continuousUsage ? usage(answer, choice, to) : {}
  return { ...envelope(answer, [{ index: choice.index, ...part }]), ...soFar }
}

function opening(answer: Answer, choice: Choice): object[] {
  if (answer.request.kind === 'completion') return []
  const role = chunk(answer, choice, 0, { delta: { role: 'assistant' } })
  return answer.request.tool === undefined
    ? [role]
    : [role, chunk(answer, choice, 0, { delta: toolHead(answer, choice) })]
}

function chunks(answer: Answer, choice: Choice, from: number, to: number): object[] {
  const chat = answer.request.kind === 'chat'
  const list: object[] = []
  if (to > from || answer.request.echo) {
    const part = chat ? chatPart(answer, choice, from, to) : textPart(answer, choice, from, to)
    list.push(chunk(answer, choice, to, part))
  }
  if (isLast(choice, to))
    list.push(chunk(answer, choice, to, { ...(chat ? { delta: {} } : { text: '' }), ...endOf(choice) }))
  return list
}

function endOf(choice: Choice): object {
  return { finish_reason: choice.finish, ...(choice.stopReason === null ? {} : { stop_reason: choice.stopReason }) }
}

function toolHead(answer: Answer, choice: Choice): object {
  const call = { index: 0, id: toolCallId(answer, choice), type: 'function' }
  return { tool_calls: [{ ...call, function: { name: answer.request.tool, arguments: '' } }] }
}

function chatPart(answer: Answer, choice: Choice, from: number, to: number): object {
  const { text, reasoning, tool } = said(choice, from, to)
  const { logprobs } = answer.request
  return {
    delta: {
      ...(reasoning ? { reasoning, reasoning_content: reasoning } : {}),
      ...(text ? { content: text } : {}),
      ...(tool ? { tool_calls: [{ index: 0, function: { arguments: tool } }] } : {}),
    },
    ...(logprobs === undefined ? {} : { logprobs: chatLogprobs(choice.logprobs.slice(from, to), logprobs) }),
  }
}

function textPart(answer: Answer, choice: Choice, from: number, to: number): object {
  const { text, logprobs } = completionPart(answer, choice, from, to)
  return { text, ...(logprobs === null ? {} : { logprobs }) }
}

function choiceBody(answer: Answer, choice: Choice): object {
  const { kind, logprobs } = answer.request
  const part =
    kind === 'completion'
      ? textPart(answer, choice, 0, choice.pieces.length)
      : {
          message: chatMessage(answer, choice, ['reasoning', 'reasoning_content']),
          ...(logprobs === undefined ? {} : { logprobs: chatLogprobs(choice.logprobs, logprobs) }),
        }
  return { index: choice.index, ...part, ...endOf(choice) }
}

export const vllmRust: Dialect = {
  opening,
  chunks,
  usageChunk: (answer) => ({ ...envelope(answer, []), ...usage(answer) }),
  body: (answer) => ({
    ...envelope(
      answer,
      answer.choices.map((choice) => choiceBody(answer, choice)),
    ),
    object: objectName(answer, false),
    ...usage(answer),
  }),
  error: ({ status, message, param }) => ({
    error: {
      message,
      type: errorTypes[status] ?? 'api_error',
      ...(param === null ? {} : { param }),
      code: errorCodes[status] ?? String(status),
    },
  }),
  unauthorized: () => ({
    error: { message: 'invalid API key', type: 'authentication_error', code: 'invalid_api_key' },
  }),
  unknownRoute: () => ({}),
  wrongMethod: () => ({}),
  models: (settings) => ({
    object: 'list',
    data: [
      {
        id: settings.model,
        object: 'model',
        created: 0,
        owned_by: 'vllm-rust',
        max_model_len: settings.maxModelLength,
      },
    ],
  }),
  health: () => JSON.stringify({ status: 'ok' }),
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  404: 'invalid_request_error',
  429: 'rate_limit',
  500: 'server_error',
  503: 'service_unavailable',
}

const errorCodes: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  404: 'model_not_found',
  429: 'rate_limit_exceeded',
  500: 'internal_error',
  503: 'overloaded',
}
