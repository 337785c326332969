/** Whatever comes, the reader does not throw, ends in one outcome, and says the same however the bytes are cut. */
import fc from 'fast-check'
import openai from 'inferbench/adapters/openai'
import { expect, it } from 'vitest'
import { chunk, DONE, feedAll, finish, openReader, sse, text, usage } from '../support/answer.ts'

const key = fc.constantFrom(
  'choices',
  'index',
  'delta',
  'message',
  'content',
  'text',
  'reasoning',
  'tool_calls',
  'function',
  'arguments',
  'name',
  'finish_reason',
  'usage',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'error',
  'code',
  'object',
  'id',
  'model',
  'token_ids',
  'logprobs',
  'timings',
  'predicted_n',
  'prompt_n',
  '__proto__',
  'constructor',
  'toString',
  'detail',
  'status',
)
const leaf = fc.oneof(
  fc.string(),
  fc.constantFrom(null, true, 0, -1, 1e9, 1e308, 12.5, '', 'error', '[DONE]', 'stop', '\ud83d'),
  fc.integer(),
)
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((pairs) => toObject(pairs)),
  ),
}))

/** As `JSON.parse` would: `__proto__` is a member like any other. */
function toObject(pairs: readonly (readonly [string, unknown])[]): unknown {
  return JSON.parse(`{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`)
}

const message = fc.oneof(
  json.map(sse),
  json.map((value) => sse({ choices: [value] })),
  json.map((value) => sse({ choices: [{ index: 0, delta: value }], usage: value })),
  json.map((value) => `event: error\n${sse(value)}`),
  fc.constantFrom(
    text('a'),
    text('é€😀'),
    chunk({ reasoning: 'r' }),
    finish(),
    finish('length', usage(5, 2)),
    DONE,
    ': ping\n\n',
  ),
  fc.constantFrom('data: {\n\n', 'data: x', '\r\n', '\n', '\r', '{"a":1}', '<html>', '\uFEFF'),
)
const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 })
const contentType = fc.constantFrom('text/event-stream', 'application/json', 'application/x-ndjson', 'text/html', '')
const end = fc.constantFrom(
  { how: 'complete' } as const,
  { how: 'closed' } as const,
  { error: { stage: 'body', code: 'ECONNRESET', message: 'reset' } } as const,
  { givenUp: true } as const,
)

it('reads anything, and the same however it is cut', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), cuts, contentType, end, (messages, sizes, type, how) => {
      const bytes = new TextEncoder().encode(messages.join(''))
      const read = (step: (n: number) => number): ReturnType<ReturnType<typeof openReader>['finish']> => {
        const reader = openReader({ contentType: type, asked: { maxTokens: 8 } })
        for (let offset = 0, n = 0; offset < bytes.length; n++) {
          feedAll(reader, [{ at: 5, data: bytes.slice(offset, offset + step(n)) }])
          offset += step(n)
        }
        return reader.finish(how)
      }
      const whole = read(() => bytes.length)
      expect(read((n) => sizes[n % sizes.length]!)).toEqual(whole)
      if (whole.outcome === 'http-error') throw new Error('a good status cannot be an http-error')
      expect(whole.events.us).toHaveLength(whole.events.kind.length)
      expect(whole.events.tokens?.length ?? whole.events.us.length).toBe(whole.events.us.length)
      expect(whole.outcome === undefined).toBe('givenUp' in how && whole.outcome === undefined)
      expect(JSON.parse(JSON.stringify(whole))).toEqual(whole)
    }),
    { numRuns: 2000 },
  )
})

it('says the same of an overrun however it is cut', () => {
  const body = `${chunkOf(1e9)}${text('b')}`
  const errors = [1, 7, body.length].map((step) => {
    const reader = openReader({ asked: { maxTokens: 8 } })
    for (let offset = 0; offset < body.length; offset += step)
      feedAll(reader, [{ at: 5, data: body.slice(offset, offset + step) }])
    return reader.finish({ how: 'complete' })
  })
  expect(errors[0]).toMatchObject({ outcome: 'stream-error', reason: 'overrun' })
  expect(errors).toEqual([errors[0], errors[0], errors[0]])
})

function chunkOf(tokens: number): string {
  return sse({ choices: [{ index: 0, delta: { content: 'a' } }], usage: { completion_tokens: tokens } })
}

it('decodes any message without throwing, and emits no empty text', () => {
  fc.assert(
    fc.property(fc.array(json, { maxLength: 5 }), fc.constantFrom('sse', 'ndjson', 'json'), (values, framing) => {
      const decode = openai.decoder()
      for (const value of values) {
        for (const event of decode({ data: JSON.stringify(value), framing })) {
          if ('text' in event) expect(event.text).not.toBe('')
          if (event.type === 'error') expect(event.message.length).toBeLessThanOrEqual(1000)
          if ('choice' in event) expect(event.choice).toBeLessThan(1024)
        }
      }
    }),
    { numRuns: 2000 },
  )
})

it('explains any error body without throwing', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        json.map((value) => JSON.stringify(value)),
        fc.string(),
      ),
      fc.integer({ min: 300, max: 599 }),
      (body, status) => {
        const reader = openReader({ status })
        feedAll(reader, [{ at: 1, data: body }])
        const fields = reader.finish({ how: 'complete' })
        expect(fields).toMatchObject({ outcome: 'http-error', status })
        expect(((fields as { error?: string }).error ?? '').length).toBeLessThanOrEqual(500)
      },
    ),
    { numRuns: 1000 },
  )
})
