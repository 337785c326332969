import gateway from 'inferbench/adapters/gateway'
import { createMock } from 'inferbench/mock'
import { describe, expect, it } from 'vitest'
import { createManualTime, get, post } from './support.ts'

const fast = { profile: 'gateway', ttft: 0, itl: 0 } as const

describe('the gateway profile', () => {
  it('answers whole, with its own speed', async () => {
    const time = createManualTime()
    const mock = createMock({ profile: 'gateway', ttft: 40, itl: 20, model: 'm' }, time)
    const reply = await time.play(post(mock, '/generate', { prompt: 'Hello', max_tokens: 4, temperature: 0.7 }))
    const body = await reply.json()
    expect(body).toEqual({ text: expect.any(String), tokens_per_sec: 40, latency_ms: 100, model: 'm' })
    expect(body.text.trim().split(' ')).toHaveLength(4)
    expect(gateway.decoder()({ data: JSON.stringify(body), framing: 'json' })).toHaveLength(4)
    expect(await (await get(mock, '/metrics')).json()).toEqual({
      request_count: 1,
      avg_latency_ms: 100,
      total_latency_ms: 100,
      worker_status: 'healthy',
    })
  })

  it('says how it is', async () => {
    const mock = createMock(fast)
    const idle = createMock({ ...fast, idle: true })
    expect(await (await get(mock, '/healthz')).json()).toEqual({ status: 'healthy' })
    expect((await get(mock, '/readyz')).status).toBe(200)
    expect((await get(idle, '/healthz')).status).toBe(200)
    const notReady = await get(idle, '/readyz')
    expect(notReady.status).toBe(503)
    const [, ready] = gateway.ready!
    expect(ready!.read({ status: 503, headers: new Map(), body: await notReady.text() })).toEqual({
      ready: false,
      why: 'no worker is ready',
    })
    expect(await (await get(mock, '/metrics')).json()).toMatchObject({ request_count: 0, avg_latency_ms: 0 })
  })

  it('refuses in its own words, and knows no other routes', async () => {
    const mock = createMock({ ...fast, faults: [{ kind: 'status', request: 1, status: 503 }] })
    const wrong = await post(mock, '/generate', { max_tokens: 4 })
    expect(wrong.status).toBe(400)
    expect(gateway.explain?.(400, await wrong.text())).toMatch(/prompt/)
    expect(gateway.explain?.(503, await (await post(mock, '/generate', { prompt: 'x' })).text())).toBe(
      'failed on purpose',
    )
    for (const path of ['/v1/models', '/v1/chat/completions', '/health'])
      expect((await get(mock, path)).status).toBe(404)
  })
})
