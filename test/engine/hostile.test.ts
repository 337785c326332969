/**
 * Hostile and malformed answers, each served byte for byte from a real socket to a whole run: what becomes of the record?
 * Numbers are the rows of the table of hostile inputs that the behaviour is specified by.
 */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { Platform, RequestRecord, RunPlan } from 'inferbench'
import { beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/core/engine/run.ts'
import { type RawConnection, serveBytes } from '../conformance/serve-bytes.ts'
import { loadTestPlatform, makePlan } from '../support/plan.ts'

let platform: Platform
beforeAll(async () => {
  platform = await loadTestPlatform()
})

const delta = (content: string): string => event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const finish = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const usage = event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } })
const done = 'data: [DONE]\n\n'
const whole = delta('a') + delta('b') + finish + usage + done
const chunk = (text: string): string => `${Buffer.byteLength(text, 'latin1').toString(16)}\r\n${text}\r\n`
const head = (fields = 'Content-Type: text/event-stream', status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\n${fields}\r\nTransfer-Encoding: chunked\r\n\r\n`
const sized = (body: string, type = 'application/json', status = '200 OK', extra = ''): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body, 'latin1')}\r\n${extra}\r\n${body}`
const streamed = (body: string): string => `${head()}${chunk(body)}0\r\n\r\n`

type Serve = (connection: RawConnection) => Promise<void>
const send =
  (bytes: string | Uint8Array): Serve =>
  async (connection) => {
    for (;;) {
      await connection.request()
      await connection.write(bytes)
    }
  }
const sendThen =
  (bytes: string, then: 'close' | 'reset' | 'end'): Serve =>
  async (connection) => {
    await connection.request()
    await connection.write(bytes)
    connection[then]()
  }

/** Runs one request (or as many as the plan says) against it; the records. */
async function answer(serve: Serve, changes: Partial<RunPlan> = {}): Promise<RequestRecord[]> {
  const server = await serveBytes(serve)
  const records: RequestRecord[] = []
  try {
    await run(makePlan(server.url, changes), platform, { record: (record) => records.push(record) })
    return records
  } finally {
    await server.close()
  }
}

async function answerOne(serve: Serve, changes: Partial<RunPlan> = {}): Promise<RequestRecord & { outcome: string }> {
  const records = await answer(serve, changes)
  expect(records).toHaveLength(1)
  return records[0]!
}

interface Row {
  readonly row: string
  readonly what: string
  readonly serve: () => Serve
  readonly expected: Record<string, unknown>
  readonly notes?: readonly string[]
  readonly plan?: Partial<RunPlan>
}

const ok = { outcome: 'ok', status: 200, text: 'ab', outputTokens: 2, tokenSource: 'server' }
const limits = (timeouts: Partial<RunPlan['timeouts']>): Partial<RunPlan> => ({
  timeouts: { connectMs: 2000, ...timeouts },
})
/** Never answers, or no further; the connection ends when the client leaves. */
const stall =
  (bytes = ''): Serve =>
  async (connection) => {
    await connection.request()
    if (bytes !== '') await connection.write(bytes)
    await connection.closed
  }
/** Repeats `piece` until the client leaves, no faster than it is taken: what piles up here would slow the client as well. */
const repeat =
  (start: string, piece: string, everyMs: number): Serve =>
  async (connection) => {
    await connection.request()
    await connection.write(start)
    let isWriting = false
    const timer = setInterval(() => {
      if (isWriting) return
      isWriting = true
      void connection.write(piece).then(
        () => {
          isWriting = false
        },
        () => {},
      )
    }, everyMs)
    await connection.closed
    clearInterval(timer)
  }

const rows: readonly Row[] = [
  {
    row: '0',
    what: 'a clean stream',
    serve: () => send(streamed(whole)),
    expected: { ...ok, finish: 'stop', inputTokens: 3 },
  },
  {
    row: '1',
    what: 'the end before any event',
    serve: () => send(streamed('')),
    expected: { outcome: 'stream-error' },
  },
  {
    row: '2',
    what: 'the end in the middle',
    serve: () => send(streamed(delta('a') + usage)),
    expected: { outcome: 'stream-error', reason: 'truncated' },
  },
  {
    row: '3',
    what: 'a finish reason and no [DONE]',
    serve: () => send(streamed(delta('a') + delta('b') + finish + usage)),
    expected: ok,
    notes: ['missing_done'],
  },
  {
    row: '4',
    what: 'the end inside an event',
    serve: () => send(streamed(`${delta('a')}data: {"choices":[{"delta":{"cont`)),
    expected: { outcome: 'stream-error', reason: 'truncated' },
  },
  {
    row: '4',
    what: 'a [DONE] without its blank line',
    serve: () => send(streamed(`${whole.slice(0, -2)}`)),
    expected: ok,
  },
  {
    row: '5',
    what: 'a body shorter than its length',
    serve: () =>
      sendThen(
        `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 5000\r\n\r\n${delta('a')}`,
        'close',
      ),
    expected: { outcome: 'stream-error' },
  },
  {
    row: '5',
    what: 'no last chunk',
    serve: () => sendThen(head() + chunk(delta('a')), 'close'),
    expected: { outcome: 'stream-error' },
  },
  { row: '5', what: 'no last chunk, but [DONE]', serve: () => sendThen(head() + chunk(whole), 'close'), expected: ok },
  { row: '6', what: 'data after [DONE]', serve: () => send(streamed(`${whole}${delta('zzz')}${done}`)), expected: ok },
  { row: '6', what: 'a connection that lingers after [DONE]', serve: () => stall(head() + chunk(whole)), expected: ok },
  {
    row: '7',
    what: '[DONE] with spaces',
    serve: () => send(streamed(`${whole.replace('[DONE]', '[DONE]  ')}`)),
    expected: ok,
  },
  {
    row: '8',
    what: 'a stream that never ends',
    serve: () => repeat(head(), chunk(delta('x ').repeat(200)), 5),
    expected: { outcome: 'stream-error', reason: 'overrun' },
  },
  {
    row: '9',
    what: 'comments do not count as a first token',
    serve: () => repeat(head(), chunk(': ping\n\n'), 20),
    plan: limits({ firstTokenMs: 250 }),
    expected: { outcome: 'timeout', reason: 'first-token' },
  },
  {
    row: '9',
    what: 'comments do not count as a token',
    serve: () => repeat(head() + chunk(delta('a')), chunk(': ping\n\n'), 20),
    plan: limits({ idleMs: 250 }),
    expected: { outcome: 'timeout', reason: 'idle', text: 'a' },
  },
  {
    row: '10',
    what: 'no headers',
    serve: () => stall(),
    plan: limits({ headersMs: 200 }),
    expected: { outcome: 'timeout', reason: 'headers', stage: 'headers' },
  },
  {
    row: '10',
    what: 'a byte now and then',
    serve: () => repeat('HTTP/1.1 200 OK\r\nX-Slow: ', 'x', 50),
    plan: limits({ totalMs: 300 }),
    expected: { outcome: 'timeout', reason: 'total' },
  },
  {
    row: '11',
    what: 'a reset in the middle',
    serve: () => sendThen(head() + chunk(delta('a')), 'reset'),
    expected: { outcome: 'stream-error' },
  },
  { row: '11', what: 'a reset after [DONE]', serve: () => sendThen(head() + chunk(whole), 'reset'), expected: ok },
  {
    row: '13',
    what: 'an error object with status 200',
    serve: () => send(sized('{"error":{"message":"no luck","type":"x"}}')),
    expected: { outcome: 'stream-error', error: 'no luck' },
  },
  {
    row: '13',
    what: 'an error string with status 200',
    serve: () => send(sized('{"error":"no luck"}')),
    expected: { outcome: 'stream-error', error: 'no luck' },
  },
  {
    row: '14',
    what: 'a whole answer though a stream was asked for',
    serve: () =>
      send(
        sized(
          JSON.stringify({
            choices: [{ index: 0, message: { content: 'ab' }, finish_reason: 'stop' }],
            usage: { prompt_tokens: 3, completion_tokens: 2 },
          }),
        ),
      ),
    expected: ok,
    notes: ['not_streamed'],
  },
  {
    row: '15',
    what: 'a login page',
    serve: () => send(sized('<!doctype html><html><body>Log in</body></html>', 'text/html')),
    expected: { outcome: 'stream-error', reason: 'unexpected_content_type' },
  },
  {
    row: '16',
    what: 'a stream that says it is JSON',
    serve: () => send(sized(whole, 'application/json')),
    expected: ok,
  },
  {
    row: '16',
    what: 'a stream without a content type',
    serve: () => send(`HTTP/1.1 200 OK\r\nContent-Length: ${whole.length}\r\n\r\n${whole}`),
    expected: ok,
  },
  {
    row: '17',
    what: 'a 500 with a FastAPI detail',
    serve: () => send(sized('{"detail":[{"msg":"bad field"}]}', 'application/json', '500 Internal Server Error')),
    expected: { outcome: 'http-error', status: 500 },
  },
  {
    row: '17',
    what: 'a 500 with HTML',
    serve: () => send(sized('<h1>oops</h1>', 'text/html', '500 Internal Server Error')),
    expected: { outcome: 'http-error', status: 500 },
  },
  {
    row: '17',
    what: 'a 500 without a body',
    serve: () => send(sized('', 'text/plain', '500 Internal Server Error')),
    expected: { outcome: 'http-error', status: 500 },
  },
  {
    row: '17',
    what: 'a 500 whose body never ends',
    serve: () => repeat(head('Content-Type: text/plain', '500 Internal Server Error'), chunk('oops '.repeat(2000)), 1),
    expected: { outcome: 'http-error', status: 500, reason: 'http_500' },
  },
  {
    row: '17',
    what: 'a 500 whose body never comes',
    serve: () => stall(head('Content-Type: text/plain', '500 Internal Server Error')),
    plan: limits({ totalMs: 200 }),
    expected: { outcome: 'http-error', status: 500, reason: 'http_500' },
  },
  {
    row: '18',
    what: 'a 429 with a bad Retry-After',
    serve: () =>
      send(sized('{"error":{"message":"busy"}}', 'application/json', '429 Too Many Requests', 'Retry-After: soon\r\n')),
    expected: { outcome: 'http-error', status: 429, reason: 'rejected', error: 'busy' },
  },
  {
    row: '18',
    what: 'a 503',
    serve: () => send(sized('busy', 'text/plain', '503 Service Unavailable', 'Retry-After: -5\r\n')),
    expected: { outcome: 'http-error', status: 503, reason: 'rejected' },
  },
  {
    row: '20',
    what: 'an error event, then [DONE]',
    serve: () => send(streamed(`${delta('a')}data: {"error":{"message":"engine died","code":500}}\n\n${done}`)),
    expected: { outcome: 'stream-error', error: 'engine died' },
  },
  {
    row: '21',
    what: 'an error by event name',
    serve: () => send(streamed(`${delta('a')}event: error\ndata: {"message":"gone","code":410}\n\n`)),
    expected: { outcome: 'stream-error' },
  },
  {
    row: '22',
    what: 'malformed JSON in an event',
    serve: () => send(streamed(`${delta('a')}data: {"choices":[{]\n\n${finish}${done}`)),
    expected: { outcome: 'stream-error' },
  },
  {
    row: '23',
    what: 'counts as text',
    serve: () => send(streamed(whole.replace('"completion_tokens":2', '"completion_tokens":"2"'))),
    expected: { outcome: 'ok', outputTokens: 2, tokenSource: 'chunks' },
  },
  {
    row: '23',
    what: 'a count that is NaN',
    serve: () => send(streamed(whole.replace('"completion_tokens":2', '"completion_tokens":NaN'))),
    expected: { outcome: 'ok', outputTokens: 2, tokenSource: 'chunks' },
    notes: ['not_finite'],
  },
  {
    row: '24',
    what: 'no usage',
    serve: () => send(streamed(delta('a') + delta('b') + finish + done)),
    expected: { outcome: 'ok', outputTokens: 2, tokenSource: 'chunks' },
  },
  {
    row: '24',
    what: 'a negative count',
    serve: () => send(streamed(whole.replace('"completion_tokens":2', '"completion_tokens":-2'))),
    expected: { outcome: 'ok', tokenSource: 'chunks' },
  },
  {
    row: '25',
    what: 'usage on every event',
    serve: () =>
      send(
        streamed(
          [1, 2]
            .map((n) =>
              event({
                choices: [{ index: 0, delta: { content: 'ab'[n - 1] } }],
                usage: { prompt_tokens: 3, completion_tokens: n },
              }),
            )
            .join('') +
            finish +
            done,
        ),
      ),
    expected: ok,
  },
  {
    row: '26',
    what: 'events without choices',
    serve: () =>
      send(
        streamed(
          event({ choices: [] }) +
            event({}) +
            event({ choices: null }) +
            event({ choices: [{ index: 0, delta: null }] }) +
            whole,
        ),
      ),
    expected: ok,
  },
  {
    row: '27',
    what: 'roles again and again',
    serve: () =>
      send(streamed(event({ choices: [{ index: 0, delta: { role: 'assistant', content: null } }] }).repeat(3) + whole)),
    expected: ok,
  },
  {
    row: '28',
    what: 'an empty finish reason',
    serve: () =>
      send(
        streamed(
          event({ choices: [{ index: 0, delta: { content: 'a' }, finish_reason: '' }] }) +
            delta('b') +
            finish +
            usage +
            done,
        ),
      ),
    expected: { ...ok, finish: 'stop' },
  },
  {
    row: '29',
    what: 'a huge index',
    serve: () => send(streamed(event({ choices: [{ index: 1e9, delta: { content: 'x' } }] }) + whole)),
    expected: { outcome: 'ok' },
  },
  {
    row: '29',
    what: 'a choice that was not asked for',
    serve: () => send(streamed(event({ choices: [{ index: 1, delta: { content: 'x' } }] }) + whole)),
    expected: ok,
    notes: ['choice_out_of_range'],
  },
  {
    row: '31',
    what: 'keys of the prototype',
    serve: () =>
      send(streamed(`data: {"__proto__":{"choices":1},"constructor":{"prototype":{"x":1}},"choices":[]}\n\n${whole}`)),
    expected: ok,
  },
  {
    row: '32',
    what: 'deep nesting',
    serve: () => send(streamed(`data: ${'['.repeat(100_000)}\n\n${whole}`)),
    expected: { outcome: 'stream-error' },
  },
  {
    row: '34',
    what: 'invalid UTF-8 inside an event',
    serve: () =>
      send(
        streamed(
          `data: {"choices":[{"index":0,"delta":{"content":"a\xff"}}]}\n\n${delta('b')}${finish}${usage}${done}`,
        ),
      ),
    expected: { outcome: 'ok', text: 'a\ufffdb' },
  },
  { row: '36', what: 'a byte order mark', serve: () => send(streamed(`\xef\xbb\xbf${whole}`)), expected: ok },
  { row: '37', what: 'CRLF and CR', serve: () => send(streamed(whole.replaceAll('\n\n', '\r\n\r\n'))), expected: ok },
  {
    row: '38',
    what: 'no space, ids, retries, comments',
    serve: () => send(streamed(`:hi\nid: 1\nretry: 5\nfoo\n${whole.replaceAll('data: ', 'data:')}`)),
    expected: ok,
  },
  {
    row: '40',
    what: 'a line without an end',
    serve: () => repeat(`${head()}${chunk('data: ')}`, chunk('x'.repeat(1 << 20)), 1),
    expected: { outcome: 'stream-error', reason: 'event_too_large' },
  },
  {
    row: '42',
    what: 'HTTP/1.0 without a length',
    serve: () => sendThen(`HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n${whole}`, 'end'),
    expected: ok,
  },
  {
    row: '43',
    what: 'early hints first',
    serve: () => send(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${streamed(whole)}`),
    expected: ok,
  },
  {
    row: '43',
    what: '204',
    serve: () => send('HTTP/1.1 204 No Content\r\n\r\n'),
    expected: { outcome: 'stream-error' },
  },
  {
    row: '43',
    what: 'a redirect',
    serve: () => send('HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n'),
    expected: { outcome: 'http-error', status: 307 },
  },
  {
    row: '44',
    what: 'two lengths',
    serve: () => send('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'),
    expected: { outcome: 'stream-error' },
  },
  {
    row: '44',
    what: 'the same length twice',
    serve: () => send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd'),
    expected: { outcome: 'stream-error', reason: 'CONTENT_LENGTH_CONFLICT' },
  },
  {
    row: '44',
    what: 'a head above 16 KiB',
    serve: () => send(`HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(16 * 1024)}\r\n\r\n`),
    expected: { outcome: 'stream-error', reason: 'HEADERS_TOO_LARGE' },
  },
  {
    row: '44',
    what: 'a folded header line',
    serve: () => send(`HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: ${whole.length}\r\n\r\n${whole}`),
    expected: { outcome: 'stream-error', reason: 'BAD_HEADER' },
  },
  {
    row: '44',
    what: 'a bad chunk size after a good chunk',
    serve: () => send(`${head()}${chunk(delta('a'))}zz\r\n`),
    expected: { outcome: 'stream-error', reason: 'BAD_CHUNK', text: 'a' },
  },
  {
    row: '45',
    what: '413 before the body was read',
    serve: () => async (connection) => {
      await connection.write(
        sized('{"error":{"message":"too long"}}', 'application/json', '413 Payload Too Large', 'Connection: close\r\n'),
      )
      connection.end()
    },
    expected: { outcome: 'http-error', status: 413, error: 'too long' },
  },
  {
    row: '47',
    what: 'content in parts',
    serve: () =>
      send(
        streamed(
          event({ choices: [{ index: 0, delta: { content: [{ type: 'text', text: 'a' }] } }] }) +
            delta('b') +
            finish +
            usage +
            done,
        ),
      ),
    expected: ok,
  },
]

describe('hostile answers', () => {
  for (const { row, what, serve, expected, notes, plan } of rows) {
    it(`row ${row}: ${what}`, async () => {
      const record = await answerOne(serve(), plan)
      expect(record).toMatchObject(expected)
      for (const note of notes ?? []) expect(record.notes).toContain(note)
      if (record.outcome !== 'ok') expect(JSON.stringify(record).length).toBeLessThan(3000)
      // Millions of bytes from a server in this same process take their time on a machine that is shared.
    }, 90_000)
  }

  const codings = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const
  for (const [coding, compress] of codings) {
    it(`row 41: a stream compressed with ${coding}`, async () => {
      const body = compress(Buffer.from(whole))
      const fields = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`
      const record = await answerOne(send(Buffer.concat([Buffer.from(fields), body])))
      expect(record).toMatchObject(ok)
      expect(record.notes).toContain('compressed')
    })
  }

  it('row 41: a compressed stream that is cut', async () => {
    const body = gzipSync(Buffer.from(whole)).subarray(0, 40)
    const fields = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`
    expect(await answerOne(send(Buffer.concat([Buffer.from(fields), body])))).toMatchObject({ outcome: 'stream-error' })
  })

  it('rows 33 and 39: whatever the reads, a byte at a time included', async () => {
    const text = Buffer.from(
      streamed(Buffer.from(delta('ä€😀') + delta('b') + finish + usage + done).toString('latin1')),
      'latin1',
    )
    const record = await answerOne(async (connection) => {
      await connection.request()
      for (const byte of text) await connection.write(Uint8Array.of(byte))
    })
    expect(record).toMatchObject({ outcome: 'ok', text: 'ä€😀b' })
  })

  it('row 12: a kept connection that the server closes is replaced once, and said so', async () => {
    let served = 0
    const records = await answer(
      async (connection) => {
        await connection.request()
        await connection.write(streamed(whole))
        served++
        // The second request on this connection is read and the connection reset before a byte of the answer.
        if (connection.index === 0) {
          await connection.request()
          connection.reset()
        } else await connection.closed
      },
      { scenarios: [{ ...makePlan('').scenarios[0], requests: 2 }] },
    )
    expect(records.map((record) => record.outcome)).toEqual(['ok', 'ok'])
    expect(records[1]!.attempts).toBe(2)
    expect(served).toBe(2)
  })

  it('row 54: localhost, when only 127.0.0.1 listens', async () => {
    const server = await serveBytes(send(streamed(whole)))
    const records: RequestRecord[] = []
    await run(makePlan(`http://localhost:${server.port}`), platform, { record: (record) => records.push(record) })
    await server.close()
    expect(records[0]).toMatchObject(ok)
  })
})
