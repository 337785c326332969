/** What the answers in `fixtures/adapters` are. */
import { readFileSync } from 'node:fs'
import type { AdapterFixture } from 'inferbench/testing'
import { expect } from 'vitest'

function read(name: string, contentType: string, expected: AdapterFixture['expected'], status = 200): AdapterFixture {
  const body = readFileSync(new URL(`../fixtures/adapters/${name}`, import.meta.url), 'utf8')
  return { name, body, contentType, status, expected }
}

const sse = (name: string, expected: AdapterFixture['expected']): AdapterFixture =>
  read(`${name}.txt`, 'text/event-stream', expected)
const lines = (name: string, expected: AdapterFixture['expected']): AdapterFixture =>
  read(`${name}.txt`, 'application/x-ndjson', expected)
const refused = (name: string, status: number, error: string): AdapterFixture =>
  read(`${name}.json`, 'application/json', { outcome: 'http-error', status, error }, status)

const failed = (error: string) => ({ outcome: 'stream-error', reason: 'server_error', error, text: 'Hel' })

export const fixtures: Readonly<Record<string, readonly AdapterFixture[]>> = {
  sglang: [
    sse('sglang/chat-stream', {
      outcome: 'ok',
      text: 'Hello 😀',
      reasoning: 'Greet back.',
      finish: 'stop',
      inputTokens: 9,
      outputTokens: 6,
      reasoningTokens: 2,
      cachedTokens: 4,
      tokenSource: 'server',
      // Neither the role nor the chunk of an extension is a token.
      events: { kind: 'orrttooo' },
    }),
    sse('sglang/completion-stream-continuous-usage', {
      outcome: 'ok',
      text: ' Once upon a time there',
      finish: 'length',
      outputTokens: 5,
      events: { kind: 'ttto', tokens: [1, 3, 1, 0] },
    }),
    sse('sglang/chat-stream-error', failed('The engine has died.')),
    refused(
      'sglang/error-too-long',
      400,
      "The input (40000 tokens) is longer than the model's context length (32768 tokens).",
    ),
  ],
  tgi: [
    sse('tgi/chat-stream', {
      outcome: 'ok',
      text: 'Hello',
      finish: 'stop',
      inputTokens: 5,
      outputTokens: 3,
      tokenSource: 'server',
      events: { kind: 'ttoo' },
    }),
    sse('tgi/completion-stream', {
      outcome: 'ok',
      text: ' Once upon a',
      finish: 'length',
      inputTokens: 4,
      outputTokens: 3,
      events: { kind: 'ttt' },
    }),
    sse('tgi/chat-stream-error', failed('Request failed during generation: out of memory')),
    read(
      'tgi/error-overloaded.json',
      'application/json',
      { outcome: 'http-error', reason: 'rejected', error: 'Model is overloaded' },
      429,
    ),
    refused(
      'tgi/error-validation',
      422,
      'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2040 `inputs` tokens and 137 `max_new_tokens`',
    ),
  ],
  ollama: [
    lines('ollama/chat-stream', {
      outcome: 'ok',
      text: 'Hello 😀',
      reasoning: 'Greet back.',
      finish: 'stop',
      inputTokens: 11,
      outputTokens: 5,
      tokenSource: 'server',
      serverTimings: { loadMs: 4200, prefillMs: 40, decodeMs: 730, totalMs: 5000 },
      model: 'qwen3:0.6b',
      events: { kind: 'rrtto' },
    }),
    lines('ollama/chat-stream-tool', { outcome: 'ok', outputTokens: 5, events: { kind: 'co' } }),
    // No count of a prompt that was found whole in the cache, and no line end after the last line.
    lines('ollama/generate-stream-cached', { outcome: 'ok', text: ' Once upon', finish: 'length', outputTokens: 2 }),
    lines('ollama/chat-stream-error', failed('an error was encountered while running the model: unexpected EOF')),
    refused('ollama/error-not-found', 404, "model 'nothing' not found"),
    read(
      'ollama/error-busy.json',
      'application/json',
      { outcome: 'http-error', reason: 'rejected', error: expect.stringContaining('server busy') },
      503,
    ),
  ],
}
