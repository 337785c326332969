/** `/metrics` holds what was served, no more and no less. */
import { describe, expect, it } from 'vitest'
import { createMock, type Mock } from '../../src/mock/mod.ts'
import { chat, createManualTime, get, post } from './support.ts'

/** Sample lines by name and labels, as they stand. */
async function scrape(mock: Mock): Promise<Map<string, number>> {
  const text = await (await get(mock, '/metrics')).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

const label = (more = ''): string => `{engine="0",model_name="mock-model"${more}}`

describe('vllm', () => {
  it('counts requests, tokens and seconds as the client saw them', async () => {
    const time = createManualTime()
    const mock = createMock({ ttft: '50ms', itl: '10ms' }, time)
    let prompts = 0
    for (const tokens of [1, 5, 20]) {
      const response = await time.play(post(mock, '/v1/chat/completions', chat({ max_tokens: tokens })))
      prompts += (await response.json()).usage.prompt_tokens
    }
    await time.play(post(mock, '/v1/chat/completions', chat({ stream: true, max_tokens: 4 })).then((r) => r.text()))
    const metrics = await scrape(mock)
    const value = (name: string, more = ''): number | undefined => metrics.get(`${name}${label(more)}`)
    expect(value('vllm:request_success_total', ',finished_reason="length"')).toBe(4)
    expect(value('vllm:generation_tokens_total')).toBe(30)
    expect(value('vllm:prompt_tokens_total')).toBe((prompts / 3) * 4)
    expect(value('vllm:num_requests_running')).toBe(0)
    expect(value('vllm:num_requests_waiting')).toBe(0)
    expect(value('vllm:time_to_first_token_seconds_count')).toBe(4)
    expect(value('vllm:time_to_first_token_seconds_sum')).toBeCloseTo(0.2, 6)
    expect(value('vllm:inter_token_latency_seconds_count')).toBe(30 - 4)
    expect(value('vllm:inter_token_latency_seconds_sum')).toBeCloseTo(0.26, 6)
    expect(value('vllm:e2e_request_latency_seconds_sum')).toBeCloseTo(0.05 + 0.09 + 0.24 + 0.08, 6)
    expect(value('vllm:request_generation_tokens_sum')).toBe(30)
    // Buckets are cumulative: 1 token, then 1 and 4 and 5, then all.
    expect(value('vllm:request_generation_tokens_bucket', ',le="1"')).toBe(1)
    expect(value('vllm:request_generation_tokens_bucket', ',le="5"')).toBe(3)
    expect(value('vllm:request_generation_tokens_bucket', ',le="20"')).toBe(4)
    expect(value('vllm:request_generation_tokens_bucket', ',le="+Inf"')).toBe(4)
    expect(mock.counts()).toEqual({
      requests: 4,
      errors: 0,
      running: 0,
      waiting: 0,
      promptTokens: value('vllm:prompt_tokens_total'),
      generationTokens: 30,
      finished: { length: 4 },
    })
  })

  it('shows what runs, and counts a client that leaves as aborted', async () => {
    const time = createManualTime()
    const mock = createMock({ ttft: '50ms', itl: '10ms' }, time)
    const response = await post(mock, '/v1/chat/completions', chat({ stream: true, max_tokens: 100 }))
    const reader = response.body!.getReader()
    await time.play(reader.read())
    expect((await scrape(mock)).get(`vllm:num_requests_running${label()}`)).toBe(1)
    await reader.cancel()
    await time.settle()
    const metrics = await scrape(mock)
    expect(metrics.get(`vllm:num_requests_running${label()}`)).toBe(0)
    expect(metrics.get(`vllm:request_success_total${label(',finished_reason="abort"')}`)).toBe(1)
    expect(metrics.get(`vllm:generation_tokens_total${label()}`)).toBe(1)
    expect(mock.counts().finished).toEqual({ abort: 1 })
  })

  it('a client that leaves before an answer that is not streamed is counted too', async () => {
    const time = createManualTime()
    const mock = createMock({}, time)
    const client = new AbortController()
    const answer = post(mock, '/v1/completions', { prompt: 'x' }, { signal: client.signal })
    await time.settle()
    expect(mock.counts().running).toBe(1)
    client.abort()
    await answer.catch(() => {})
    expect(mock.counts()).toMatchObject({ running: 0, finished: { abort: 1 } })
  })
})

describe('vllm-rust', () => {
  it('says the same in its own names', async () => {
    const time = createManualTime()
    const mock = createMock({ profile: 'vllm-rust', ttft: '50ms', itl: '10ms' }, time)
    await time.play(post(mock, '/v1/chat/completions', chat({ max_tokens: 3 })))
    await post(mock, '/v1/chat/completions', chat({ model: 'nope' }))
    const metrics = await scrape(mock)
    expect(metrics.get('vllm_requests_total')).toBe(2)
    expect(metrics.get('vllm_requests_success_total')).toBe(1)
    expect(metrics.get('vllm_requests_error_total')).toBe(1)
    expect(metrics.get('vllm_generation_tokens_total')).toBe(3)
    expect(metrics.get('vllm_running_requests')).toBe(0)
    expect(metrics.get('vllm_time_to_first_token_seconds_sum')).toBeCloseTo(0.05, 6)
    expect(metrics.get('vllm_e2e_latency_seconds_bucket{le="0.1"}')).toBe(1)
    expect([...metrics.keys()].some((name) => name.includes('vllm:'))).toBe(false)
  })
})
