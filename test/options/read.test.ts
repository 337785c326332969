import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BenchError } from '../../src/core/errors.ts'
import { optionNames, readOptions } from '../../src/core/options/mod.ts'

function refusal(input: unknown): string {
  try {
    readOptions(input)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(BenchError)
    expect((thrown as BenchError).code).toBe('usage')
    const { message } = thrown as BenchError
    expect(message).not.toContain('\n')
    return message
  }
  throw new Error(`accepted ${JSON.stringify(input)}`)
}

describe('readOptions', () => {
  it.each([
    [{}, {}],
    [{ concurrency: '1,4,16' }, { concurrency: [1, 4, 16] }],
    [{ concurrency: [1, '4'] }, { concurrency: [1, 4] }],
    [{ concurrency: 8 }, { concurrency: [8] }],
    [{ rate: '0.5, 10' }, { rate: [0.5, 10] }],
    [
      { requests: '100', seed: 0 },
      { requests: 100, seed: 0 },
    ],
    [
      { duration: '1.5m', drain: 0 },
      { duration: 90_000, drain: 0 },
    ],
    [{ warmup: '16' }, { warmup: { requests: 16 } }],
    [{ warmup: 0 }, { warmup: { requests: 0 } }],
    [{ warmup: '5s' }, { warmup: { ms: 5000 } }],
    [
      { promptTokens: '128±32,256', outputTokens: 64 },
      {
        promptTokens: [
          { mean: 128, deviation: 32 },
          { mean: 256, deviation: 0 },
        ],
        outputTokens: [{ mean: 64, deviation: 0 }],
      },
    ],
    [{ promptTokens: '128~32' }, { promptTokens: [{ mean: 128, deviation: 32 }] }],
    [{ headers: 'X-A: b' }, { headers: [['X-A', 'b']] }],
    [
      { headers: ['X-A: b:c', 'X-B:'] },
      {
        headers: [
          ['X-A', 'b:c'],
          ['X-B', ''],
        ],
      },
    ],
    [{ headers: { 'X-A': ' b ' } }, { headers: [['X-A', 'b']] }],
    [{ body: ['top_k=20', 'user=me', 'stop=["a","b"]'] }, { body: { top_k: 20, user: 'me', stop: ['a', 'b'] } }],
    [{ body: { top_k: 20 } }, { body: { top_k: 20 } }],
    [
      { stages: '5:30s, 5-50:1m' },
      {
        stages: [
          { rate: 5, durationMs: 30_000 },
          { from: 5, to: 50, durationMs: 60_000 },
        ],
      },
    ],
    [{ stages: [{ rate: 1, duration: '2s' }] }, { stages: [{ rate: 1, durationMs: 2000 }] }],
    [{ gates: 'errors<1%' }, { gates: ['errors<1%'] }],
    [{ out: null }, { out: null }],
    [{ model: undefined }, {}],
  ])('reads %j', (input, output) => {
    expect(readOptions(input)).toEqual(output)
  })

  it.each([
    [{ concurrency: 'abc' }, /"concurrency".*"abc" is not a whole number/],
    [{ concurrency: 0 }, /"concurrency".*0 is not a whole number from 1/],
    [{ concurrency: '4,4' }, /different/],
    [{ concurrency: '4,' }, /whole number/],
    [{ concurrency: [] }, /whole number/],
    [{ concurrency: 1.5 }, /whole number/],
    [{ concurrency: '1e2' }, /whole number/],
    [{ concurrency: true }, /whole number/],
    [{ rate: '-5' }, /"rate".*above 0/],
    [{ rate: '1e9' }, /"rate".*at most 100000/],
    [{ rate: Number.NaN }, /above 0/],
    [{ rate: Number.POSITIVE_INFINITY }, /above 0/],
    [{ requests: 0 }, /at least 1/],
    [{ requests: '' }, /at least 1/],
    [{ duration: 5 }, /"duration".*unit/],
    [{ duration: '5 parsecs' }, /unit/],
    [{ duration: 0 }, /above 0/],
    [{ warmup: '5 s s' }, /requests \(16\)/],
    [{ promptTokens: 0 }, /at least 1/],
    [{ promptTokens: '128±x' }, /128±32/],
    [{ endpoint: 'chats' }, /did you mean "chat"/],
    [{ stream: 'yes' }, /true or false/],
    [{ url: '' }, /empty/],
    [{ url: 5 }, /base URL/],
    [{ temperature: -1 }, /at least 0/],
    [{ seed: 2 ** 31 }, /from 0 to/],
    [{ stages: '5' }, /RATE:DURATION/],
    [{ stages: [] }, /RATE:DURATION/],
    [{ stages: [{ rate: -1, duration: '1s' }] }, /RATE:DURATION/],
    [{ stages: '1-1000000:1s' }, /rates up to 100000/],
    [{ adapter: { name: 'x' } }, /adapter/],
    [{ plugins: [{ id: 'x' }] }, /plugins/],
    [{ headers: ['X-A'] }, /"Name: value"/],
    [{ headers: { 'X A': 'b' } }, /header name/],
    [{ headers: { 'X-A': 'b\r\nX-B: c' } }, /control character/],
    [{ headers: { Host: 'b' } }, /set by inferbench/],
    [{ body: 'top_k' }, /key=json/],
  ])('refuses %j', (input, message) => {
    expect(refusal(input)).toMatch(message)
  })

  it('answers an unknown option with the nearest', () => {
    expect(refusal({ concurency: 4 })).toBe('option "concurency" is not an option; did you mean "concurrency"?')
    expect(refusal({ gate: 'x' })).toMatch(/did you mean "gates"/)
    expect(refusal({ num_prompts: 3 })).toMatch(/did you mean "requests"/)
    expect(refusal({ prompt_tokens: 3 })).toMatch(/did you mean "promptTokens"/)
  })

  it('never shows the value of a header or a body member', () => {
    for (const input of [
      { headers: ['canary-value'] },
      { headers: { 'X-A': 'canary-value\n' } },
      { body: 'canary-value' },
    ]) {
      expect(refusal(input)).not.toContain('canary')
    }
  })

  it.each([
    [{ rate: 1, concurrency: 1 }, ['rate', 'concurrency']],
    [{ stages: '1:1s', rate: 1 }, ['stages', 'rate']],
    [{ replay: 'f', concurrency: 1 }, ['replay', 'concurrency']],
    [{ arrival: 'poisson' }, ['arrival']],
    [{ arrival: 'poisson', concurrency: 1 }, ['arrival']],
    [{ rate: 1, burstiness: 2 }, ['burstiness']],
    [{ rate: 1, arrival: 'constant', burstiness: 2 }, ['burstiness']],
    [{ maxInFlight: 4 }, ['maxInFlight']],
    [{ dataset: 'f', promptTokens: 3 }, ['promptTokens', 'dataset']],
    [{ dataset: 'f', sharedPrefix: 3 }, ['sharedPrefix', 'dataset']],
    [{ sharedPrefix: 300 }, ['sharedPrefix', 'promptTokens']],
    [{ sharedPrefix: 300, promptTokens: '128,512' }, ['sharedPrefix', 'promptTokens']],
    [{ apiKeyEnv: 'A', apiKeyFile: 'f' }, ['apiKeyEnv', 'apiKeyFile']],
    [{ insecure: true, ca: 'f' }, ['insecure', 'ca']],
    [{ proxy: 'http://p', unixSocket: '/s' }, ['proxy', 'unixSocket']],
    [{ http2: true, transport: 'socket' }, ['http2', 'transport']],
    [{ stream: false, idleTimeout: '1s' }, ['idleTimeout', 'stream']],
    [{ concurrency: '1,64', requests: 32 }, ['concurrency', 'requests']],
  ])('refuses the contradiction %j', (input, names) => {
    const message = refusal(input)
    for (const name of names) expect(message).toContain(`"${name}"`)
  })

  it.each([
    [{ rate: 1, arrival: 'gamma', burstiness: 0.5, maxInFlight: 4 }],
    [{ stages: '1:1s', arrival: 'constant' }],
    [{ dataset: 'f', outputTokens: 8 }],
    [{ insecure: false, ca: 'f' }],
    [{ http2: false, transport: 'socket' }],
    [{ http2: true, transport: 'undici' }],
    [{ proxy: 'http://p', transport: 'fetch' }],
    [{ stream: false, idleTimeout: 0 }],
    [{ duration: '1s', requests: 4, concurrency: 4 }],
  ])('takes %j', (input) => {
    expect(() => readOptions(input)).not.toThrow()
  })

  it('names options as the caller does', () => {
    expect(() => readOptions({ rate: 'x' }, (key) => `bench.yaml, line 3: ${key}`)).toThrow(
      /^bench\.yaml, line 3: rate: "x"/,
    )
  })

  it('throws nothing but usage errors of one line, whatever it is given', () => {
    const names = fc.constantFrom(...optionNames, 'other')
    fc.assert(
      fc.property(fc.dictionary(names, fc.anything(), { maxKeys: 3, noNullPrototype: true }), (input) => {
        try {
          readOptions(input)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(BenchError)
          expect((thrown as BenchError).message).not.toContain('\n')
        }
      }),
    )
  })

  it('reads a list of numbers as its text', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { minLength: 1 }), (numbers) => {
        expect(readOptions({ concurrency: numbers.join(',') })).toEqual({ concurrency: numbers })
        expect(readOptions({ concurrency: numbers })).toEqual({ concurrency: numbers })
      }),
    )
  })
})
