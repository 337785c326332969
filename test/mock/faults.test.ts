import { describe, expect, it } from 'vitest'
import { createMock, type Fault, type FaultRule, type Mock } from '../../src/mock/mod.ts'
import { chat, createManualTime, post, readEvents } from './support.ts'

const body = chat({ stream: true, max_tokens: 3, stream_options: { include_usage: true } })

function mockWith(fault: Fault): Mock {
  return createMock({ ttft: 0, itl: 0, faults: [{ ...fault, request: 0 } as FaultRule] })
}

async function answer(fault: Fault): Promise<Response> {
  return post(mockWith(fault), '/v1/chat/completions', body)
}

async function textOf(fault: Fault): Promise<string> {
  return (await answer(fault)).text()
}

/** What comes before the body breaks. */
async function readUntilBroken(response: Response): Promise<{ readonly text: string; readonly broken: boolean }> {
  const reader = response.body!.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return { text, broken: false }
      text += decoder.decode(value, { stream: true })
    }
  } catch {
    return { text, broken: true }
  }
}

describe('which requests', () => {
  it('one; or from one on, every so many, up to another', async () => {
    const faults: FaultRule[] = [
      { kind: 'status', status: 500, request: 1 },
      { kind: 'status', status: 429, request: 3, every: 2, until: 5 },
    ]
    const mock = createMock({ ttft: 0, itl: 0, faults })
    const statuses: number[] = []
    for (let n = 0; n < 8; n++) {
      const response = await post(mock, '/v1/chat/completions', body)
      await response.text()
      statuses.push(response.status)
    }
    expect(statuses).toEqual([200, 500, 200, 429, 200, 429, 200, 200])
    expect(mock.counts()).toMatchObject({ requests: 8, errors: 3, finished: { length: 5 } })
  })
})

describe('status', () => {
  it.each([
    ['json', 'application/json', '{"error"'],
    ['html', 'text/html', '<html>'],
    ['text', 'text/plain', 'too many'],
    ['none', 'text/plain', ''],
  ] as const)('with a body of %s', async (kind, type, start) => {
    const response = await answer({ kind: 'status', status: 429, body: kind, retryAfter: '7' })
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('7')
    expect(response.headers.get('content-type')).toContain(type)
    expect((await response.text()).startsWith(start)).toBe(true)
  })
})

describe('streams that break', () => {
  it('cut: so many events, then the connection', async () => {
    const { text, broken } = await readUntilBroken(await answer({ kind: 'cut', after: 2 }))
    expect(broken).toBe(true)
    // What was not read when a stream breaks may be lost with it.
    expect(readEvents(text).length).toBeLessThanOrEqual(2)
  })

  it('truncate: so many events, then an end like any other', async () => {
    const events = readEvents(await textOf({ kind: 'truncate', after: 2 }))
    expect(events).toHaveLength(2)
  })

  it('stall: so many events, then nothing until the client leaves', async () => {
    const time = createManualTime()
    const mock = createMock({ faults: [{ kind: 'stall', after: 3, request: 0 }] }, time)
    const reader = (await post(mock, '/v1/chat/completions', body)).body!.getReader()
    const decoder = new TextDecoder()
    let text = ''
    while (readEvents(text).length < 3) text += decoder.decode((await time.play(reader.read())).value)
    expect(readEvents(text)).toHaveLength(3)
    expect(mock.counts().running).toBe(1)
    await reader.cancel()
    await time.settle()
    expect(mock.counts()).toMatchObject({ running: 0, finished: { abort: 1 } })
  })

  it('stall before the head', async () => {
    const mock = createMock({ faults: [{ kind: 'stall', after: 0, request: 0 }] })
    const client = new AbortController()
    const response = post(mock, '/v1/chat/completions', body, { signal: client.signal })
    const other = await post(mock, '/v1/completions', { prompt: 'x', max_tokens: 1 })
    expect(other.status).toBe(200)
    expect(mock.counts().running).toBe(1)
    client.abort()
    await response.catch(() => {})
    await other.text()
  })

  it('error-event: the server says so, and ends', async () => {
    const mock = mockWith({ kind: 'error-event', after: 2, message: 'out of memory' })
    const events = readEvents(await (await post(mock, '/v1/chat/completions', body)).text())
    expect(mock.counts()).toMatchObject({ errors: 1, finished: { error: 1 } })
    expect(events).toHaveLength(4)
    expect(events[2]).toMatchObject({ error: { message: 'out of memory', code: 500 } })
    expect(events[3]).toBe('[DONE]')
  })

  it('malformed: one event is no JSON', async () => {
    const lines = (await textOf({ kind: 'malformed', at: 1 })).split('\n').filter((line) => line.startsWith('data: {'))
    expect(() => JSON.parse(lines[0]!.slice(6))).not.toThrow()
    expect(() => JSON.parse(lines[1]!.slice(6))).toThrow()
    expect(() => JSON.parse(lines[2]!.slice(6))).not.toThrow()
  })

  it('empty: 200 and no byte', async () => {
    expect(await textOf({ kind: 'empty' })).toBe('')
  })
})

describe('streams that lack something', () => {
  it('missing-done and double-done', async () => {
    const count = async (kind: 'missing-done' | 'double-done'): Promise<number> =>
      readEvents(await textOf({ kind })).filter((event) => event === '[DONE]').length
    expect(await count('missing-done')).toBe(0)
    expect(await count('double-done')).toBe(2)
  })

  it('no-usage and no-finish', async () => {
    expect(await textOf({ kind: 'no-usage' })).not.toContain('usage')
    expect(await textOf({ kind: 'no-finish' })).not.toContain('"finish_reason":"')
  })

  it.each([
    ['zeros', 0],
    ['negative', -3],
    ['text', '3'],
  ] as const)('usage of %s', async (mode, value) => {
    const events = readEvents(await textOf({ kind: 'usage', mode }))
    expect(events.at(-2)).toMatchObject({ usage: { completion_tokens: value } })
  })

  it('not-streamed: one JSON body', async () => {
    const response = await answer({ kind: 'not-streamed' })
    expect(response.headers.get('content-type')).toContain('application/json')
    expect((await response.json()).usage.completion_tokens).toBe(3)
  })
})

describe('streams in another dress', () => {
  it.each([
    ['crlf', '\r\n\r\n'],
    ['cr', '\r\r'],
  ] as const)('%s', async (kind, end) => {
    const text = await textOf({ kind })
    expect(text.split(end)).toHaveLength(7)
    expect(readEvents(text)).toHaveLength(6)
  })

  it('bom and comments', async () => {
    const bytes = new Uint8Array(await (await answer({ kind: 'bom' })).arrayBuffer())
    expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    const text = await textOf({ kind: 'comments' })
    expect(text.match(/^: /gm)).toHaveLength(6)
    expect(readEvents(text)).toHaveLength(6)
  })

  it.each(['gzip', 'deflate'] as const)('%s, asked or not', async (kind) => {
    const response = await answer({ kind })
    expect(response.headers.get('content-encoding')).toBe(kind)
    const text = await new Response(response.body!.pipeThrough(new DecompressionStream(kind))).text()
    expect(readEvents(text)).toHaveLength(6)
  })

  it('slices: every event in so many writes; bursts: so many events a write', async () => {
    const writes = async (fault: Fault): Promise<number> => {
      const reader = (await answer(fault)).body!.getReader()
      let count = 0
      while (!(await reader.read()).done) count++
      return count
    }
    // Three chunks (the first brings the role), usage and the end mark.
    expect(await writes({ kind: 'slices', size: 1 })).toBe(5)
    expect(await writes({ kind: 'slices', size: 4 })).toBe(20)
    expect(await writes({ kind: 'bursts', size: 3 })).toBe(2)
  })
})
