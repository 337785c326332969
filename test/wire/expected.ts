/** What the recorded answers are, as told by their requests and by the servers' known behaviour (fixtures/wire/README.md). */
import { expect } from 'vitest'

export interface ExpectedStream {
  readonly text: string
  readonly reasoning?: string
  readonly finish?: string
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly tokenSource?: 'server' | 'chunks'
  readonly events: { readonly kind: string; readonly tokens?: readonly number[] }
  readonly model?: string
  readonly notes?: readonly string[]
}

/** Greedy chat: twelve tokens, two of which end in the middle of a character. */
const CHAT = 'ildsh logger 6\uFFFDages\uFFFDiven versionWarns returnedgex'
/** llama-cpp-python drops the halves. */
const CHAT_DROPPED = 'ildsh logger 6agesiven versionWarns returnedgex'
const COMPLETION = ' point objects ap terminhesthe ht\n            at ht\n            at'
const COMPLETION_DROPPED = ' point objects ap terminhesthe ht\n            at"(),sh'
const CHAT_OTTO = 'ottttotottttt'

const counted = (inputTokens: number, outputTokens: number) =>
  ({ inputTokens, outputTokens, tokenSource: 'server' }) as const
const guessed = (outputTokens: number) => ({ outputTokens, tokenSource: 'chunks', notes: ['usage_missing'] }) as const
const named = (outputTokens: number) => ({ outputTokens, tokenSource: 'server', notes: ['usage_missing'] }) as const
const unmarked = { model: 'tiny-random-llama@main', notes: ['missing_done'] } as const
const kinds = (kind: string, tokens?: readonly number[]) => ({ events: { kind, ...(tokens ? { tokens } : {}) } })

export const STREAMS: Readonly<Record<string, ExpectedStream>> = {
  'vllm/chat-stream': { text: CHAT, ...guessed(10), ...kinds(CHAT_OTTO) },
  'vllm/chat-stream-usage': { text: CHAT, ...counted(24, 12), ...kinds(`${CHAT_OTTO}o`) },
  'vllm/chat-stream-continuous-usage': { text: 'ildsh logger 6', ...counted(24, 5), ...kinds('ottttoo') },
  'vllm/chat-stream-ignore-eos': { text: 'ildsh logger 6\uFFFDages', ...counted(24, 6), ...kinds('ottttoto') },
  'vllm/chat-stream-logprobs': { text: 'ildsh logger', ...named(3), ...kinds('ottt') },
  'vllm/chat-stream-max-completion-tokens': { text: 'ildsh logger 6', ...counted(24, 5), ...kinds('ottttoo') },
  'vllm/chat-stream-n2': {
    text: ' un runtime classesalse\nternz ValueErroryth',
    ...counted(24, 8),
    ...kinds('ootttttttto'),
  },
  'vllm/chat-stream-one-token': { text: 'ild', ...counted(24, 1), ...kinds('oto') },
  'vllm/chat-stream-stop': { text: '', finish: 'stop', ...counted(24, 1), ...kinds('ooo') },
  'vllm/completion-stream': { text: COMPLETION, ...guessed(12), ...kinds('tttttttttttt') },
  'vllm/completion-stream-logprobs': { text: ' point objects ap', ...counted(5, 3), ...kinds('ttto') },
  'vllm/completion-stream-usage': { text: COMPLETION, ...counted(5, 12), ...kinds('tttttttttttto') },
  'vllm/completion-token-ids': { text: 'Read\u001a fspec', ...counted(4, 4), ...kinds('tttto') },
  'vllm/completion-two-prompts': { text: ' pair& St\n definedArg comple', ...counted(4, 6), ...kinds('tttttto') },

  'vllm-stream-interval-4/chat-stream-continuous-usage': {
    text: 'ildsh logger 6',
    ...counted(24, 5),
    ...kinds('otto', [0, 1, 4, 0]),
  },
  'vllm-stream-interval-4/chat-stream-logprobs': { text: 'ildsh logger', ...named(3), ...kinds('ott', [0, 1, 2]) },
  'vllm-stream-interval-4/chat-stream-usage': { text: CHAT, ...counted(24, 12), ...kinds('otttto') },
  'vllm-stream-interval-4/completion-stream-usage': { text: COMPLETION, ...counted(5, 12), ...kinds('tttto') },

  'vllm-reasoning/chat-stream': {
    text: '',
    reasoning: CHAT,
    ...counted(24, 12),
    ...kinds('orrrrororrrrro', [0, 1, 1, 1, 1, 0, 2, 0, 2, 1, 1, 1, 1, 0]),
  },
  'vllm-reasoning/chat-stream-usage': {
    text: '',
    reasoning: CHAT,
    ...counted(24, 12),
    ...kinds('orrrrororrrrro', [0, 1, 1, 1, 1, 0, 2, 0, 2, 1, 1, 1, 1, 0]),
  },
  'vllm-reasoning/completion-stream': { text: COMPLETION, ...counted(5, 12), ...kinds('tttttttttttto') },

  // llama-server counts in its `timings` when nobody asks for usage.
  'llama-server/chat-stream': { text: CHAT, ...counted(24, 12), ...kinds('otttttttttttto') },
  'llama-server/chat-stream-usage': { text: CHAT, ...counted(24, 12), ...kinds('ottttttttttttoo') },
  'llama-server/chat-stream-continuous-usage': {
    text: 'ildsh logger 6\uFFFD',
    ...counted(24, 5),
    ...kinds('otttttoo'),
  },
  'llama-server/chat-stream-ignore-eos': { text: 'ildsh logger 6\uFFFDages', ...counted(24, 6), ...kinds('ottttttoo') },
  'llama-server/chat-stream-logprobs': { text: 'ildsh logger', ...counted(24, 3), ...kinds('ottto') },
  'llama-server/chat-stream-max-completion-tokens': {
    text: 'ildsh logger 6\uFFFD',
    ...counted(24, 5),
    ...kinds('otttttoo'),
  },
  // One usage per choice, each counting its own: fewer than what was seen.
  'llama-server/chat-stream-n2': {
    text: ' min is character2001\nildomees sorted',
    outputTokens: 8,
    tokenSource: 'chunks',
    ...kinds('otottttttootoo'),
    notes: ['usage_suspect'],
  },
  'llama-server/chat-stream-one-token': { text: 'ild', ...counted(24, 1), ...kinds('otoo') },
  'llama-server/chat-stream-stop': { text: '', finish: 'stop', ...counted(24, 1), ...kinds('ooo') },
  'llama-server/completion-stream': { text: COMPLETION, ...counted(5, 12), ...kinds('tttttttttttto') },
  'llama-server/completion-stream-logprobs': { text: ' point objects ap', ...counted(5, 3), ...kinds('ttto') },
  'llama-server/completion-stream-usage': { text: COMPLETION, ...counted(5, 12), ...kinds('tttttttttttto') },
  'llama-server/completion-token-ids': { text: 'Read\u001a fspec', ...counted(4, 4), ...kinds('tttto') },
  'llama-server/completion-two-prompts': {
    text: ' pair& St\n definedArg comple',
    outputTokens: 6,
    tokenSource: 'chunks',
    ...kinds('otttttoto'),
    notes: ['usage_suspect'],
  },
  'llama-server/error-unknown-model-stream': { text: CHAT, ...counted(24, 12), ...kinds('otttttttttttto') },

  'llama-cpp-python/chat-stream': { text: CHAT_DROPPED, ...guessed(10), ...kinds(`${CHAT_OTTO}o`) },
  'llama-cpp-python/chat-stream-usage': { text: CHAT_DROPPED, ...guessed(10), ...kinds(`${CHAT_OTTO}o`) },
  'llama-cpp-python/chat-stream-continuous-usage': { text: 'ildsh logger 6', ...guessed(4), ...kinds('ottttoo') },
  'llama-cpp-python/chat-stream-ignore-eos': { text: 'ildsh logger 6ages', ...guessed(5), ...kinds('ottttoto') },
  'llama-cpp-python/chat-stream-logprobs': { text: 'ildsh logger', ...named(3), ...kinds('ottto') },
  'llama-cpp-python/chat-stream-n2': { text: ' min is character2001', ...guessed(4), ...kinds('otttto') },
  'llama-cpp-python/chat-stream-one-token': { text: 'ild', ...guessed(1), ...kinds('oto') },
  'llama-cpp-python/chat-stream-stop': { text: '', finish: 'stop', ...kinds('ooo'), notes: ['usage_missing'] },
  'llama-cpp-python/completion-stream': { text: COMPLETION_DROPPED, ...guessed(12), ...kinds('tttttttttttto') },
  'llama-cpp-python/completion-stream-logprobs': { text: ' point objects ap', ...guessed(3), ...kinds('ttto') },
  'llama-cpp-python/completion-stream-usage': { text: COMPLETION_DROPPED, ...guessed(12), ...kinds('tttttttttttto') },
  'llama-cpp-python/error-unknown-model-stream': {
    text: CHAT_DROPPED,
    ...guessed(10),
    ...kinds(`${CHAT_OTTO}o`),
    model: 'no-such-model',
  },

  'transformers/chat-stream': { text: CHAT, ...counted(24, 12), ...kinds('otttttttttto'), ...unmarked },
  'transformers/chat-stream-usage': { text: CHAT, ...counted(24, 12), ...kinds('otttttttttto'), ...unmarked },
  'transformers/chat-stream-continuous-usage': {
    text: 'ildsh logger 6',
    ...counted(24, 5),
    ...kinds('otttto'),
    ...unmarked,
  },
  'transformers/chat-stream-logprobs': { text: 'ildsh logger', ...counted(24, 3), ...kinds('ottto'), ...unmarked },
  'transformers/chat-stream-max-completion-tokens': {
    text: 'ildsh logger 6',
    ...counted(24, 5),
    ...kinds('otttto'),
    ...unmarked,
  },
  'transformers/chat-stream-n2': { text: 'ildat execut~', ...counted(24, 4), ...kinds('otttto'), ...unmarked },
  'transformers/chat-stream-one-token': { text: 'ild', ...counted(24, 1), ...kinds('oto'), ...unmarked },
  'transformers/chat-stream-stop': { text: 'ild', finish: 'stop', ...counted(24, 1), ...kinds('oto'), ...unmarked },
  'transformers/completion-stream': { text: COMPLETION, ...counted(5, 12), ...kinds('tttttttttttto'), ...unmarked },
  'transformers/completion-stream-logprobs': {
    text: ' point objects ap',
    ...counted(5, 3),
    ...kinds('ttto'),
    ...unmarked,
  },
  'transformers/completion-stream-usage': {
    text: COMPLETION,
    ...counted(5, 12),
    ...kinds('tttttttttttto'),
    ...unmarked,
  },
  // It goes on beyond the context.
  'transformers/error-too-long': {
    text: ' or interfacequivalentanged dirased stomther connection\uFFFDpath',
    ...counted(4213, 12),
    ...kinds('ottttttttttto'),
    ...unmarked,
  },
}

export const WHOLE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'vllm/chat': { text: CHAT, inputTokens: 24, outputTokens: 12 },
  'vllm/completion': { text: COMPLETION, inputTokens: 5, outputTokens: 12 },
  'vllm/completion-echo-logprobs': {
    text: 'The argument parser returns point objects',
    inputTokens: 5,
    outputTokens: 2,
  },
  'vllm/completion-echo-logprobs-0': { text: 'The argument parser returns', inputTokens: 5, outputTokens: 1 },
  'vllm-reasoning/chat': { text: '', reasoning: CHAT, inputTokens: 24, outputTokens: 12, reasoningTokens: 0 },
  'llama-server/chat': { text: CHAT, inputTokens: 24, outputTokens: 12, cachedTokens: 0 },
  'llama-server/completion': { text: COMPLETION, inputTokens: 5, outputTokens: 12 },
  'llama-server/completion-echo-logprobs': { text: ' point objects', outputTokens: 2, cachedTokens: 4 },
  'llama-server/completion-echo-logprobs-0': { text: ' point', outputTokens: 1 },
  'llama-server/error-max-tokens-zero': { text: 'ild', outputTokens: 1, cachedTokens: 23 },
  'llama-server/error-unknown-model': { text: CHAT, outputTokens: 12 },
  'llama-cpp-python/chat': { text: CHAT_DROPPED, inputTokens: 24, outputTokens: 12 },
  'llama-cpp-python/completion': { text: COMPLETION_DROPPED, inputTokens: 5, outputTokens: 12 },
  'llama-cpp-python/completion-echo-logprobs': { text: 'The argument parser returns point objects', outputTokens: 2 },
  'llama-cpp-python/error-max-tokens-negative': { outputTokens: 2024 },
  'llama-cpp-python/error-missing-messages': { text: 'ildshger An', inputTokens: 6, outputTokens: 4 },
  'llama-cpp-python/error-unknown-model': { text: CHAT_DROPPED, outputTokens: 12, model: 'no-such-model' },
  'transformers/chat': { text: CHAT, inputTokens: 24, outputTokens: 12, model: 'tiny-random-llama@main' },
  'transformers/completion': { text: COMPLETION, inputTokens: 5, outputTokens: 12 },
  'transformers/completion-echo-logprobs': { text: ' point objects', outputTokens: 2 },
}

const failed = (status: number, error: string | RegExp) => ({
  reason: `http_${status}`,
  error: typeof error === 'string' ? error : expect.stringMatching(error),
})

export const ERRORS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'vllm/error-malformed-json': failed(400, /^1 validation error: .*JSON decode error/),
  'vllm/error-max-tokens-negative': failed(
    400,
    'max_tokens must be at least 1, got -5. (parameter=max_tokens, value=-5)',
  ),
  'vllm/error-max-tokens-zero': failed(400, 'max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)'),
  'vllm/error-missing-messages': failed(400, /Field required/),
  'vllm/error-too-long': failed(400, /^This model's maximum context length is 2048 tokens/),
  'vllm/error-unknown-model': failed(
    404,
    'The model `no-such-model` does not exist. Valid aliases: tiny-random-llama.',
  ),
  'vllm/error-unknown-model-stream': failed(404, /does not exist/),
  'vllm/error-unknown-route': failed(404, 'Not Found'),
  'vllm/error-wrong-method': failed(405, 'Method Not Allowed'),
  'vllm/error-wrong-type': failed(400, /Input should be a valid number/),
  'vllm-stream-interval-4/error-no-api-key': failed(401, 'Unauthorized'),
  'llama-server/error-malformed-json': failed(400, /^\[json\.exception\.parse_error\.101\]/),
  'llama-server/error-max-tokens-negative': failed(400, /^Field 'max_tokens'/),
  'llama-server/error-missing-messages': failed(400, "'messages' is required"),
  'llama-server/error-too-long': failed(400, /exceeds the available context size/),
  'llama-server/error-unknown-route': failed(404, 'File Not Found'),
  'llama-server/error-wrong-method': failed(404, 'File Not Found'),
  'llama-server/error-wrong-type': failed(400, /^Field 'temperature'/),
  'llama-cpp-python/completion-token-ids': failed(500, /^5 validation errors/),
  'llama-cpp-python/completion-two-prompts': failed(500, /internal_server_error/),
  'llama-cpp-python/error-malformed-json': failed(500, 'Internal Server Error'),
  // A stream without a single event.
  'llama-cpp-python/error-too-long': {
    outcome: 'stream-error',
    reason: 'empty_response',
    events: { us: [], kind: '' },
  },
  'llama-cpp-python/error-unknown-route': failed(404, 'Not Found'),
  'llama-cpp-python/error-wrong-method': failed(405, 'Method Not Allowed'),
  'llama-cpp-python/error-wrong-type': failed(500, /^1 validation error/),
  'transformers/chat-stream-ignore-eos': failed(422, /^Unexpected fields in the request/),
  'transformers/completion-echo-logprobs-0': failed(500, 'Internal Server Error'),
  'transformers/completion-token-ids': failed(400, 'prompt must be a string.'),
  'transformers/completion-two-prompts': failed(400, 'prompt must be a string.'),
  'transformers/error-malformed-json': failed(422, 'body.44: JSON decode error'),
  'transformers/error-max-tokens-negative': failed(500, 'Internal Server Error'),
  'transformers/error-max-tokens-zero': failed(500, 'Internal Server Error'),
  'transformers/error-missing-messages': failed(500, 'Internal Server Error'),
  'transformers/error-unknown-model': failed(
    400,
    "Server is pinned to 'tiny-random-llama'; requested 'no-such-model'.",
  ),
  'transformers/error-unknown-model-stream': failed(400, /^Server is pinned/),
  'transformers/error-unknown-route': failed(404, 'Not Found'),
  'transformers/error-wrong-method': failed(405, 'Method Not Allowed'),
  'transformers/error-wrong-type': failed(500, 'Internal Server Error'),
}
