import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReader } from '../../plugins/server/reading.ts'
import type { Reading, Times } from '../../plugins/server/vocabulary.ts'
import example from '../adapters/example.ts'
import { composed, recorded } from './fixtures.ts'
import '../support/fuzz.ts'

const DIALECTS = ['vllm-v0', 'vllm-engines', 'vllm-openmetrics', 'sglang', 'tensorrt-llm', 'tgi', 'triton']

function read(text: string, model?: string): Reading {
  const reading = createReader(model === undefined ? {} : { model })(text)
  if (reading === undefined) throw new Error('nothing was known')
  return reading
}

/** Durations as their count and mean. */
function shorten({ server, values }: Reading): Record<string, unknown> {
  const short = Object.entries(values).map(([id, value]) => {
    if (typeof value === 'number') return [id, Number(value.toPrecision(10))]
    const { count, sum, bounds } = value as Times
    return [id, `${count} of ${Number((sum / count).toPrecision(6))} ms${bounds === undefined ? ', no buckets' : ''}`]
  })
  return { server, ...Object.fromEntries(short) }
}

describe('recorded texts', () => {
  it('vLLM 0.32', () => {
    expect(shorten(read(recorded('vllm'), 'tiny-random-llama'))).toEqual({
      server: 'vLLM',
      requests_running: 0,
      requests_waiting: 0,
      kv_cache_usage: 0,
      prompt_tokens: 403,
      generation_tokens: 161,
      prefix_cache_queries: 393,
      prefix_cache_hits: 0,
      preemptions: 0,
      requests_finished: 25,
      ttft: '25 of 100.796 ms',
      itl: '136 of 7.50114 ms',
      tpot: '25 of 6.53958 ms',
      end_to_end: '25 of 141.118 ms',
      queue_time: '25 of 0.0408028 ms',
      prefill_time: '25 of 91.2606 ms',
      decode_time: '25 of 40.8062 ms',
    })
  })
  it('llama.cpp, which counts time and tokens, and no requests', () => {
    expect(shorten(read(recorded('llama-server')))).toEqual({
      server: 'llama.cpp',
      requests_running: 0,
      requests_waiting: 0,
      prompt_tokens: 54 + 296,
      generation_tokens: 142,
      prefix_cache_queries: 54 + 296,
      prefix_cache_hits: 296,
      draft_tokens: 0,
      accepted_tokens: 0,
      tpot: '142 of 0.212852 ms, no buckets',
    })
  })
  it('buckets end where they hold all', () => {
    expect(read(recorded('vllm')).values.itl).toEqual({
      count: 136,
      sum: expect.closeTo(1020.15, 1),
      bounds: [10, 25],
      below: [111, 136],
    })
  })
})

describe('texts of other servers', () => {
  it('vLLM of its first engine', () => {
    expect(shorten(read(composed('vllm-v0')))).toEqual({
      server: 'vLLM',
      requests_running: 3,
      requests_waiting: 2,
      kv_cache_usage: 25,
      prompt_tokens: 1200,
      generation_tokens: 640,
      preemptions: 1,
      requests_finished: 10,
      ttft: '10 of 84 ms',
      itl: '630 of 21.9048 ms',
      end_to_end: '10 of 1400 ms',
    })
  })
  it('several engines add up, the fullest cache counts, another model does not, an old name is no second count', () => {
    expect(shorten(read(composed('vllm-engines'), 'Qwen/Qwen3-0.6B'))).toEqual({
      server: 'vLLM',
      requests_running: 9,
      requests_waiting: 1,
      kv_cache_usage: 45,
      prompt_tokens: 1500,
      generation_tokens: 500,
      prefix_cache_queries: 1500,
      prefix_cache_hits: 240,
      draft_tokens: 300,
      accepted_tokens: 150,
      preemptions: 2,
      requests_finished: 12,
      ttft: '12 of 165 ms',
    })
    expect(read(composed('vllm-engines'), 'Qwen/Qwen3-0.6B').values.ttft?.below?.at(-1)).toBe(12)
  })
  it('a model that no series names is not looked for', () => {
    expect(read(composed('vllm-engines'), 'a-lora').values.requests_running).toBe(16)
  })
  it('OpenMetrics: a counter that is declared has counted nothing yet', () => {
    expect(shorten(read(composed('vllm-openmetrics')))).toEqual({
      server: 'vLLM',
      requests_running: 2,
      prompt_tokens: 400,
      generation_tokens: 0,
      ttft: '5 of 150 ms',
    })
  })
  it('SGLang: ranks show the same requests, a total stands for its priorities', () => {
    expect(shorten(read(composed('sglang'), 'Qwen/Qwen3-8B'))).toEqual({
      server: 'SGLang',
      requests_running: 6,
      requests_waiting: 2,
      kv_cache_usage: 31,
      prompt_tokens: 2000,
      generation_tokens: 1000,
      prefix_cache_queries: 2000,
      prefix_cache_hits: 200,
      preemptions: 3,
      requests_finished: 20,
      ttft: '10 of 185 ms',
      itl: '980 of 15.102 ms',
      end_to_end: '18 of 1100 ms',
      queue_time: '18 of 13.6111 ms',
    })
  })
  it('TensorRT-LLM', () => {
    expect(shorten(read(composed('tensorrt-llm')))).toEqual({
      server: 'TensorRT-LLM',
      requests_running: 8,
      requests_waiting: 1,
      kv_cache_usage: 12.5,
      prompt_tokens: 1280,
      generation_tokens: 640,
      prefix_cache_queries: 1280,
      prefix_cache_hits: 320,
      draft_tokens: 0,
      accepted_tokens: 0,
      requests_finished: 10,
      ttft: '10 of 50 ms',
      tpot: '10 of 15 ms',
      end_to_end: '10 of 700 ms',
      queue_time: '10 of 2 ms',
      prefill_time: '10 of 40 ms',
      decode_time: '10 of 600 ms',
    })
    const byDynamo = composed('tensorrt-llm').replaceAll('trtllm_', 'trtllm:')
    expect(read(byDynamo)).toEqual(read(composed('tensorrt-llm')))
  })
  it('TGI: durations without a unit are seconds, sums of lengths are tokens', () => {
    expect(shorten(read(composed('tgi')))).toEqual({
      server: 'TGI',
      requests_running: 4,
      requests_waiting: 3,
      prompt_tokens: 1000,
      generation_tokens: 480,
      accepted_tokens: 60,
      requests_finished: 10,
      tpot: '10 of 18 ms',
      end_to_end: '10 of 900 ms',
      queue_time: '10 of 20 ms',
    })
  })
  it('Triton: each model of an ensemble counts a request, which is one', () => {
    expect(shorten(read(composed('triton'), 'ensemble'))).toEqual({
      server: 'Triton',
      requests_running: 5,
      requests_waiting: 1,
      kv_cache_usage: expect.closeTo(25.004, 3),
      requests_finished: 20,
      ttft: '20 of 135 ms',
      end_to_end: '20 of 450 ms, no buckets',
      queue_time: '20 of 2 ms, no buckets',
    })
  })
  it('a gateway that answers JSON', () => {
    const text = JSON.stringify({
      request_count: 4,
      avg_latency_ms: 25,
      total_latency_ms: 100,
      worker_status: 'healthy',
    })
    expect(read(text)).toEqual({
      server: 'gateway',
      values: { requests_finished: 4, end_to_end: { count: 4, sum: 100 } },
    })
  })
})

describe('what is not known', () => {
  it('is nothing: another program, a page, JSON of something else', () => {
    const foreign = [
      '',
      '# EOF\n',
      'node_load1 0.5\nrequest_count 4\n',
      '<html>metrics</html>',
      '[{"iter":1}]',
      '{"a":1}',
      '{',
    ]
    for (const text of foreign) expect(createReader()(text)).toBeUndefined()
  })
  it('a part of a sum is no sum, and what is no amount is no zero', () => {
    const text = [
      '# TYPE vllm:generation_tokens counter',
      'vllm:generation_tokens_total +Inf',
      'vllm:num_requests_running{engine="0"} NaN',
      'vllm:num_requests_running{engine="1"} 3',
      'vllm:num_requests_waiting{engine="0"} -3',
      'vllm:num_requests_waiting{engine="1"} 3',
      'vllm:prompt_tokens_total 7',
    ].join('\n')
    expect(createReader()(text)?.values).toEqual({ prompt_tokens: 7 })
  })
  it('a share that is none is no cache use', () => {
    const at = (value: string) =>
      createReader()(`vllm:num_requests_running 1\nvllm:kv_cache_usage_perc ${value}\n`)?.values
    expect(at('0.5')).toEqual({ requests_running: 1, kv_cache_usage: 50 })
    for (const value of ['45', '-0.1', 'NaN', '+Inf']) expect(at(value)).toEqual({ requests_running: 1 })
  })
  it('comes from the adapter, in the same vocabulary', () => {
    const text = [
      'lmdeploy:num_requests_running{engine="0"} 2',
      'lmdeploy:num_requests_running{engine="1"} 3',
      'lmdeploy:generation_tokens_total 40',
    ].join('\n')
    expect(createReader()(text)).toBeUndefined()
    expect(createReader({ scrape: example.scrape! })(text)).toEqual({
      server: 'the adapter',
      values: { requests_running: 5, generation_tokens: 40 },
    })
    const scrape = {
      path: '/stats',
      metrics: {
        kv_cache_usage: { names: ['cache'], unit: '%' },
        ttft: { names: ['first_token'], unit: 'ms' },
        queue_time: { names: ['wait_seconds'], unit: 's' },
      },
    }
    const own = 'cache 40\nfirst_token_count 2\nfirst_token_sum 30\nwait_seconds_count 2\nwait_seconds_sum 3\n'
    expect(createReader({ scrape })(own)?.values).toEqual({
      kv_cache_usage: 40,
      ttft: { count: 2, sum: 30 },
      queue_time: { count: 2, sum: 3000 },
    })
    expect(createReader({ scrape: example.scrape! })(recorded('vllm'))?.server).toBe('vLLM')
  })
})

describe('units', () => {
  it('are read from the name, and may change', () => {
    const seconds = 'vllm:time_to_first_token_seconds_sum 3\nvllm:time_to_first_token_seconds_count 2\n'
    expect(createReader()(seconds)?.values.ttft).toEqual({ count: 2, sum: 3000 })
    expect(createReader()(seconds.replaceAll('_seconds', '_milliseconds'))?.values.ttft).toEqual({ count: 2, sum: 3 })
    expect(createReader()(seconds.replaceAll('_seconds', '_us'))?.values.ttft).toEqual({ count: 2, sum: 0.003 })
  })
})

describe('whatever is spoilt in it', () => {
  const texts = [recorded('vllm'), recorded('llama-server'), ...DIALECTS.map(composed)]
  const spoilt = fc.record({
    text: fc.constantFrom(...texts),
    cuts: fc.array(
      fc.tuple(fc.nat(70_000), fc.nat(40), fc.constantFrom('', '"', '\n', '{', 'NaN', '-', 'le="x"', '9'.repeat(400))),
    ),
  })
  it('a reading holds finite numbers only', () => {
    fc.assert(
      fc.property(spoilt, ({ text, cuts }) => {
        const broken = cuts.reduce((all, [at, length, put]) => all.slice(0, at) + put + all.slice(at + length), text)
        for (const value of Object.values(createReader()(broken)?.values ?? {})) {
          const numbers =
            typeof value === 'number'
              ? [value]
              : [value.count, value.sum, ...(value.bounds ?? []), ...(value.below ?? [])]
          expect(numbers.every(Number.isFinite)).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })
})
