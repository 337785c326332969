/** vLLM's Python server: null members, finish reason on the last delta, usage in a chunk of its own. */
import type { Answer, Choice, NamedScore } from './answer.ts'
import {
  type Counts,
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

export const mockVersion = '0.0.0-mock'
const fingerprint = `vllm-${mockVersion}`

function usageSoFar(answer: Answer, choice: Choice, to: number): object {
  if (!answer.request.continuousUsage) return {}
  const counts = countTokens(answer, choice, to)
  return { usage: { ...usageOf(counts), completion_tokens_details: details(counts) } }
}

function details(counts: Counts): object | null {
  return counts.reasoning > 0 ? { reasoning_tokens: counts.reasoning } : null
}

/** vLLM tells it with --enable-prompt-tokens-details only. */
function cacheDetails({ cachedTokens }: Answer): object | null {
  return cachedTokens === undefined ? null : { cached_tokens: cachedTokens }
}

function chunk(answer: Answer, choice: Choice, to: number, part: object, tail: object = {}): object {
  return { ...envelope(answer, [{ index: choice.index, ...part }]), ...usageSoFar(answer, choice, to), ...tail }
}

/** Without usage the fingerprint comes with the finish reason, else in the usage chunk. */
function tailOf(answer: Answer, last: boolean): object {
  return last && !answer.request.includeUsage ? { system_fingerprint: fingerprint } : {}
}

function opening(answer: Answer, choice: Choice): object[] {
  if (answer.request.kind === 'completion') return []
  const open = { logprobs: null, finish_reason: null }
  const role = { delta: { role: 'assistant', content: '' }, ...open }
  const first = chunk(answer, choice, 0, role, { prompt_token_ids: null, prompt_text: null })
  if (answer.request.tool === undefined) return [first]
  return [first, chunk(answer, choice, 0, { delta: toolHead(answer, choice), ...open })]
}

function chatChunk(answer: Answer, choice: Choice, from: number, to: number): object {
  const last = isLast(choice, to)
  const { logprobs } = answer.request
  const part = {
    delta: deltaOf(choice, from, to),
    logprobs: logprobs === undefined ? null : chatLogprobs(choice.logprobs.slice(from, to), logprobs),
    finish_reason: last ? choice.finish : null,
    ...(last ? { stop_reason: choice.stopReason } : {}),
    token_ids: null,
  }
  return chunk(answer, choice, to, part, tailOf(answer, last))
}

function toolHead(answer: Answer, choice: Choice): object {
  const call = { id: toolCallId(answer, choice), type: 'function', index: 0 }
  return { tool_calls: [{ ...call, function: { name: answer.request.tool, arguments: '' } }] }
}

function deltaOf(choice: Choice, from: number, to: number): object {
  const kinds = new Set(choice.pieces.slice(from, to).map((piece) => piece.kind))
  const { text, reasoning, tool } = said(choice, from, to)
  return {
    ...(kinds.has('reasoning') ? { reasoning } : {}),
    ...(kinds.has('text') ? { content: text } : {}),
    ...(kinds.has('tool') ? { tool_calls: [{ index: 0, function: { arguments: tool } }] } : {}),
  }
}

function completionChunk(answer: Answer, choice: Choice, from: number, to: number): object {
  const last = isLast(choice, to)
  const part = {
    ...completionPart(answer, choice, from, to),
    finish_reason: last ? choice.finish : null,
    stop_reason: last ? choice.stopReason : null,
    prompt_token_ids: null,
    token_ids: null,
  }
  return chunk(answer, choice, to, part, tailOf(answer, last))
}

function body(answer: Answer): object {
  const counts = countTokens(answer)
  const usage = {
    ...usageOf(counts),
    prompt_tokens_details: cacheDetails(answer),
    completion_tokens_details: details(counts),
  }
  const tail = { kv_transfer_params: null, ec_transfer_params: null, metrics: null }
  const prompt = { prompt_logprobs: null, prompt_token_ids: null }
  const head = {
    ...envelope(
      answer,
      answer.choices.map((choice) => choiceBody(answer, choice)),
    ),
    object: objectName(answer, false),
  }
  const middle = { service_tier: null, system_fingerprint: fingerprint, usage }
  return answer.request.kind === 'chat'
    ? { ...head, ...middle, ...prompt, prompt_text: null, ...tail }
    : { ...head, ...middle, ...tail }
}

function choiceBody(answer: Answer, choice: Choice): object {
  const end = { finish_reason: choice.finish, stop_reason: choice.stopReason, token_ids: null }
  if (answer.request.kind === 'completion') {
    return {
      index: choice.index,
      ...completionPart(answer, choice, 0, choice.pieces.length),
      ...end,
      ...promptLogprobs(answer, choice),
      prompt_token_ids: null,
      routed_experts: null,
    }
  }
  const { logprobs } = answer.request
  return {
    index: choice.index,
    message: messageOf(answer, choice),
    logprobs: logprobs === undefined ? null : chatLogprobs(choice.logprobs, logprobs),
    ...end,
    routed_experts: null,
  }
}

function messageOf(answer: Answer, choice: Choice): object {
  const absent = { refusal: null, annotations: null, audio: null, function_call: null }
  return { ...chatMessage(answer, choice, []), ...absent, reasoning: said(choice).reasoning || null }
}

/** By token id, beside the older form, whose keys are texts and may collide. */
function promptLogprobs(answer: Answer, choice: Choice): object {
  if (!answer.request.echo || answer.request.logprobs === undefined) return { prompt_logprobs: null }
  const byId = choice.promptLogprobs.map(({ score, top }) =>
    score === null ? null : Object.fromEntries(top.map((each) => [String(each.id), describeScore(each)])),
  )
  return { prompt_logprobs: byId }
}

function describeScore({ logprob, rank, text }: NamedScore): object {
  return { logprob, rank, decoded_token: text }
}

export const vllm: Dialect = {
  opening,
  chunks: (answer, choice, from, to) => [
    answer.request.kind === 'chat' ? chatChunk(answer, choice, from, to) : completionChunk(answer, choice, from, to),
  ],
  usageChunk(answer) {
    const counts = countTokens(answer)
    const reasoning = details(counts)
    const cached = cacheDetails(answer)
    const usage = {
      ...usageOf(counts),
      ...(cached === null ? {} : { prompt_tokens_details: cached }),
      ...(reasoning === null ? {} : { completion_tokens_details: reasoning }),
    }
    return { ...envelope(answer, []), usage, system_fingerprint: fingerprint }
  },
  body,
  error: ({ status, message, param }) => ({
    error: { message, type: errorTypes[status] ?? 'APIError', param, code: status },
  }),
  unauthorized: () => ({ error: 'Unauthorized' }),
  unknownRoute: () => ({ detail: 'Not Found' }),
  wrongMethod: () => ({ detail: 'Method Not Allowed' }),
  models: (settings) => ({
    object: 'list',
    data: [
      {
        id: settings.model,
        object: 'model',
        created: 0,
        owned_by: 'vllm',
        root: settings.model,
        parent: null,
        max_model_len: settings.maxModelLength,
        permission: [],
      },
    ],
  }),
  health: () => '',
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  404: 'NotFoundError',
  422: 'UnprocessableEntityError',
  429: 'TooManyRequestsError',
  500: 'InternalServerError',
  501: 'NotImplementedError',
  503: 'ServiceUnavailableError',
}
