/** A mock of limited size: its knee, on a clock of its own. */
import { describe, expect, it } from 'vitest'
import { type Capacity, createMock } from '../../src/mock/mod.ts'
import { chat, createManualTime, post } from './support.ts'

const capacity: Capacity = { slots: 4, prefillTokensPerSecond: 1000, decodeTokensPerSecond: 100, slowdown: 1 }
const body = chat({ max_tokens: 10 })

/** Sends `count` requests at once; returns when all were answered, ms. */
async function measure(count: number, limits: Capacity | undefined): Promise<number> {
  const time = createManualTime()
  const mock = createMock(limits ? { ttft: 0, itl: 0, capacity: limits } : {}, time)
  const all = Promise.all(Array.from({ length: count }, () => post(mock, '/v1/chat/completions', body)))
  const replies = await time.play(all)
  expect(replies.every((reply) => reply.status === 200)).toBe(true)
  expect(mock.counts().running + mock.counts().waiting).toBe(0)
  return time.now()
}

describe('without a capacity', () => {
  it('timing does not depend on load', async () => {
    expect(await measure(1, undefined)).toBe(140)
    expect(await measure(50, undefined)).toBe(140)
  })
})

describe('with a capacity', () => {
  it('one request runs at the speeds that were given', async () => {
    const time = createManualTime()
    const mock = createMock({ ttft: 0, itl: 0, capacity }, time)
    const reply = await (await time.play(post(mock, '/v1/chat/completions', body))).json()
    expect(time.now()).toBeCloseTo(reply.usage.prompt_tokens + 9 * 10, 6)
  })

  it('throughput grows up to the slots and not beyond: there is a knee', async () => {
    const rates = new Map<number, number>()
    for (const count of [1, 2, 4, 8, 16]) rates.set(count, count / (await measure(count, capacity)))
    const gain = (from: number, to: number): number => rates.get(to)! / rates.get(from)!
    expect(gain(1, 2)).toBeGreaterThan(1.3)
    expect(gain(2, 4)).toBeGreaterThan(1.2)
    expect(gain(4, 8)).toBeLessThan(1.05)
    expect(gain(8, 16)).toBeLessThan(1.05)
  })

  it('requests beyond the slots wait, in order, and a full queue refuses', async () => {
    const time = createManualTime()
    const mock = createMock({ ttft: 0, itl: 0, capacity: { ...capacity, slots: 1, queue: 2 } }, time)
    const ended: number[] = []
    const send = (place: number): Promise<number> =>
      post(mock, '/v1/chat/completions', body).then((response) => {
        ended.push(place)
        return response.status
      })
    const sent = [0, 1, 2, 3].map(send)
    await time.settle()
    expect(mock.counts()).toMatchObject({ running: 1, waiting: 2, errors: 1 })
    expect(await time.play(Promise.all(sent))).toEqual([200, 200, 200, 503])
    expect(ended).toEqual([3, 0, 1, 2])
  })

  it('who leaves the queue frees its place', async () => {
    const time = createManualTime()
    const mock = createMock({ ttft: 0, itl: 0, capacity: { ...capacity, slots: 1, queue: 1 } }, time)
    const first = post(mock, '/v1/chat/completions', body)
    await time.settle()
    const client = new AbortController()
    const second = post(mock, '/v1/chat/completions', body, { signal: client.signal })
    await time.settle()
    expect(mock.counts().waiting).toBe(1)
    client.abort()
    await second.catch(() => {})
    expect(mock.counts().waiting).toBe(0)
    const third = post(mock, '/v1/chat/completions', body)
    expect((await time.play(Promise.all([first, third]))).map((reply) => reply.status)).toEqual([200, 200])
  })
})
