import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BenchError } from '../../src/core/errors.ts'
import { parseDataset, prepareWorkload, shuffleDataset } from '../../src/core/workload/mod.ts'
import { makeTools } from './fixture.ts'

const user = (content: string): { role: string; content: string } => ({ role: 'user', content })

describe('parseDataset', () => {
  it.each<[string, object, object]>([
    ['a prompt', { prompt: 'hi' }, { content: { prompt: 'hi' } }],
    ['token ids', { prompt_token_ids: [1, 0, 5] }, { content: { promptTokenIds: [1, 0, 5] } }],
    ['a prompt of token ids', { prompt: [1, 2] }, { content: { promptTokenIds: [1, 2] } }],
    ['messages', { messages: [user('hi')] }, { content: { messages: [user('hi')] } }],
    [
      'messages with parts and names',
      {
        messages: [
          {
            role: 'user',
            name: 'Ada',
            content: [
              { type: 'text', text: 'a' },
              { type: 'text', text: 'b' },
            ],
          },
        ],
      },
      { content: { messages: [{ role: 'user', name: 'Ada', content: 'ab' }] } },
    ],
    [
      'lengths',
      { prompt: 'hi', max_tokens: 3, input_tokens: 1 },
      { content: { prompt: 'hi' }, maxTokens: 3, inputTokens: 1 },
    ],
    ['output_tokens', { prompt: 'hi', output_tokens: 4 }, { content: { prompt: 'hi' }, maxTokens: 4 }],
    [
      'expected_output_tokens',
      { prompt: 'hi', expected_output_tokens: 5 },
      { content: { prompt: 'hi' }, maxTokens: 5 },
    ],
    ['members that are null', { prompt: 'hi', messages: null, max_tokens: null }, { content: { prompt: 'hi' } }],
    ['members for people', { prompt: 'hi', id: 7, category: 'x' }, { content: { prompt: 'hi' } }],
    ['more of the body', { prompt: 'hi', body: { top_p: 0.5 } }, { content: { prompt: 'hi' }, body: { top_p: 0.5 } }],
    [
      "OpenAI's batch form",
      {
        custom_id: 'r1',
        method: 'POST',
        url: '/v1/chat/completions',
        body: { model: 'gpt', messages: [user('hi')], max_completion_tokens: 9, stream: false, temperature: 0.5 },
      },
      { content: { messages: [user('hi')] }, maxTokens: 9, body: { temperature: 0.5 } },
    ],
    [
      "OpenAI's batch form of a completion",
      { custom_id: 'r1', body: { model: 'gpt', prompt: 'hi', max_tokens: 2 } },
      { content: { prompt: 'hi' }, maxTokens: 2 },
    ],
  ])('reads %s', (_, row, expected) => {
    expect(parseDataset('a.jsonl', JSON.stringify(row))).toEqual([{ row: 1, ...expected }])
  })

  it('counts lines, skips blank ones, and takes a byte order mark and CRLF', () => {
    const text = '\uFEFF{"prompt":"a"}\r\n\r\n   \n{"prompt":"b\\u2028c"}\r\n{"prompt":"d"}'
    expect(parseDataset('a.jsonl', text).map((row) => [row.row, row.content])).toEqual([
      [1, { prompt: 'a' }],
      [4, { prompt: 'b\u2028c' }],
      [5, { prompt: 'd' }],
    ])
  })

  it('gives back any rows that were written, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, unit: 'binary' }), { minLength: 1 }),
        fc.constantFrom('\n', '\r\n'),
        (prompts, end) => {
          const text = prompts.map((prompt) => JSON.stringify({ prompt })).join(end)
          expect(parseDataset('a.jsonl', text)).toEqual(
            prompts.map((prompt, at) => ({ row: at + 1, content: { prompt } })),
          )
        },
      ),
    )
  })

  it.each<[string, string, RegExp]>([
    ['nothing', '', /^a\.jsonl: no rows; write one/],
    ['only blank lines', '\n \r\n', /^a\.jsonl: no rows/],
    ['no JSON', '{"prompt":"a"}\nhello', /^a\.jsonl, line 2: not JSON; write one JSON object a line$/],
    ['a cut line', '{"prompt":"a', /^a\.jsonl, line 1: not JSON/],
    [
      'a JSON array over several lines',
      '[\n{"prompt":"a"}\n]',
      /line 1: not JSON; a JSON array is written one object a line/,
    ],
    ['an array', '["a"]', /line 1: not a JSON object/],
    ['a number', '\n5', /line 2: not a JSON object/],
    ['no content', '{"text":"a","id":1}', /line 1: neither "prompt" nor "messages" in it \(it has "text", "id"\)/],
    ['an empty object', '{}', /it has nothing/],
    ['two contents', '{"prompt":"a","messages":[{"role":"user","content":"b"}]}', /both "prompt" and "messages"/],
    ['an empty prompt', '{"prompt":""}', /line 1: prompt must be text \(or token ids\), and not empty/],
    ['a prompt that is none', '{"prompt":5}', /line 1: prompt must be text/],
    ['no messages', '{"messages":[]}', /line 1: messages must not be empty/],
    ['messages that are none', '{"messages":"a"}', /line 1: messages must be a list of messages/],
    ['a message without a role', '{"messages":[{"content":"a"}]}', /line 1: messages\.0\.role must be there/],
    [
      'a message with an image',
      '{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}',
      /messages\.0\.content must be text/,
    ],
    ['a length of 0', '{"prompt":"a","max_tokens":0}', /line 1: max_tokens must be a whole number of at least 1/],
    ['a length with a fraction', '{"prompt":"a","output_tokens":1.5}', /output_tokens must be a whole number/],
    ['a length in words', '{"prompt":"a","input_tokens":"5"}', /input_tokens must be a whole number/],
    ['token ids below 0', '{"prompt_token_ids":[-1]}', /prompt_token_ids\.0 must be a list of token ids/],
    ['a batch without content', '{"custom_id":"x","body":{"model":"m"}}', /line 1, body: neither/],
    ['a body that is none', '{"prompt":"a","body":5}', /body must be an object/],
  ])('says where and why: %s', (_, text, message) => {
    expect(() => parseDataset('a.jsonl', text)).toThrow(message)
    expect(() => parseDataset('a.jsonl', text)).toThrow(BenchError)
  })

  it('never fails otherwise than with a usage error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(fc.json()).map((lines) => lines.join('\n')),
        ),
        (text) => {
          try {
            parseDataset('a.jsonl', text)
          } catch (thrown) {
            expect(thrown).toMatchObject({ name: 'BenchError', code: 'usage' })
            expect((thrown as Error).message).not.toContain('\n')
          }
        },
      ),
    )
  })
})

describe('calls of a data set', () => {
  const text = ['one', 'two', 'three'].map((prompt) => JSON.stringify({ prompt })).join('\n')
  const rows = parseDataset('a.jsonl', text)
  const plan = { kind: 'dataset', name: 'a.jsonl', hash: 'abc', rows } as const

  it('follow the rows and start over; the warm-up takes them from the end', async () => {
    const workload = await prepareWorkload(plan, makeTools({ kind: 'completion' }))
    expect([0, 1, 2, 3, 4].map((n) => workload.call(n).item)).toEqual(['row:1', 'row:2', 'row:3', 'row:1', 'row:2'])
    expect([0, 1, 2, 3].map((n) => workload.warmup.call(n).item)).toEqual(['row:3', 'row:2', 'row:1', 'row:3'])
    expect(workload.call(1)).toEqual({ kind: 'completion', prompt: 'two', item: 'row:2' })
    expect(workload.size).toBe(3)
    expect(workload.name).toBe('a.jsonl, 3 rows')
    expect(workload.description).toEqual({ kind: 'dataset', name: 'a.jsonl', hash: 'abc', rows: 3 })
  })

  it('take lengths from the row, else from the spread, the same for the same row', async () => {
    const mixed = [...rows, ...parseDataset('a.jsonl', '\n\n\n{"prompt":"four","max_tokens":7,"input_tokens":2}')]
    const outputTokens = { mean: 100, deviation: 30 }
    const workload = await prepareWorkload({ ...plan, rows: mixed, outputTokens }, makeTools())
    expect(workload.call(3)).toEqual({
      kind: 'chat',
      messages: [user('four')],
      item: 'row:4',
      maxTokens: 7,
      forceLength: true,
      askedInputTokens: 2,
    })
    expect(workload.call(0).maxTokens).toBe(workload.call(4).maxTokens)
    expect(new Set([0, 1, 2].map((n) => workload.call(n).maxTokens)).size).toBe(3)
    expect(workload.call(0)).not.toHaveProperty('askedInputTokens')
  })

  it('carry the rest of the body', async () => {
    const batch = parseDataset(
      'b.jsonl',
      '{"custom_id":"x","body":{"messages":[{"role":"user","content":"a"}],"top_p":0.5}}',
    )
    const workload = await prepareWorkload({ ...plan, rows: batch }, makeTools({ temperature: 0 }))
    expect(workload.call(0)).toEqual({
      kind: 'chat',
      messages: [user('a')],
      item: 'row:1',
      temperature: 0,
      body: { top_p: 0.5 },
    })
  })

  it('refuse rows that the endpoint does not take', async () => {
    const messages = parseDataset('a.jsonl', '\n{"messages":[{"role":"user","content":"a"}]}')
    await expect(prepareWorkload({ ...plan, rows: messages }, makeTools({ kind: 'completion' }))).rejects.toThrow(
      'a.jsonl, line 2: messages, which completions do not take; use --endpoint chat',
    )
    const ids = parseDataset('a.jsonl', '{"prompt":[1,2]}')
    await expect(prepareWorkload({ ...plan, rows: ids }, makeTools())).rejects.toThrow('use --endpoint completions')
    const workload = await prepareWorkload({ ...plan, rows: ids }, makeTools({ kind: 'completion' }))
    expect(workload.call(0)).toEqual({ kind: 'completion', prompt: [1, 2], item: 'row:1', askedInputTokens: 2 })
  })

  it('come in a seeded order when shuffled', () => {
    const many = parseDataset('a.jsonl', Array.from({ length: 50 }, (_, n) => `{"prompt":"p${n}"}`).join('\n'))
    const mixed = shuffleDataset(many, 1)
    expect(mixed).not.toEqual(many)
    expect(mixed).toEqual(shuffleDataset(many, 1))
    expect(mixed).not.toEqual(shuffleDataset(many, 2))
    expect([...mixed].sort((a, b) => a.row - b.row)).toEqual(many)
  })
})
