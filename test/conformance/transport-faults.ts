/** Answers that are cut, malformed or never come: each ends in one `error` that says how far the request had come. */
import { expect } from 'vitest'
import { serveBytes } from './serve-bytes.ts'
import type { Check } from './transport.ts'
import { answer, CHUNKED_HEAD, createGate, expectError, expectWhole, type Lab, type Told } from './transport-lab.ts'

async function ask(lab: Lab, bytes: string, leave: 'stay' | 'end' | 'reset'): Promise<Told> {
  const server = await lab.serve(async (connection) => {
    await connection.request()
    if (bytes !== '') await connection.write(bytes)
    if (leave === 'end') connection.end()
    if (leave === 'reset') connection.reset()
  })
  return lab.send(lab.makeTransport(), server.url).told
}

export function checkFaults(check: Check): void {
  check('the end of the connection instead of an answer', async (lab) => {
    expectError(await ask(lab, '', 'end'), ['headers'])
  })

  check('a reset instead of an answer', async (lab) => {
    const told = await ask(lab, '', 'reset')
    expectError(told, ['headers'])
    expect(told.sentAt).toHaveLength(1)
  })

  check('the end of the connection within the head', async (lab) => {
    expectError(await ask(lab, 'HTTP/1.1 200 OK\r\nContent-Le', 'end'), ['headers'])
  })

  check('a chunked body cut between chunks', async (lab) => {
    const told = await ask(lab, `${CHUNKED_HEAD}5\r\nhello\r\n`, 'end')
    expectError(told, ['body'])
    expect(told.body).toBe('hello')
    expect(told.status).toBe(200)
  })

  check('a chunked body cut within a chunk', async (lab) => {
    const told = await ask(lab, `${CHUNKED_HEAD}5\r\nhel`, 'end')
    expectError(told, ['body'])
    expect(told.body).toBe('hel')
  })

  check('a chunked body without its last line end', async (lab) => {
    expectError(await ask(lab, `${CHUNKED_HEAD}5\r\nhello\r\n0\r\n`, 'end'), ['body'])
  })

  check('a body shorter than its length', async (lab) => {
    const told = await ask(lab, 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', 'end')
    expectError(told, ['body'])
    expect(told.body).toBe('hello')
  })

  check('a reset within a body, and the next request works', async (lab) => {
    const seen = createGate()
    const server = await lab.serve(async (connection) => {
      await connection.request()
      if (connection.index > 0) return connection.write(answer('fine'))
      await connection.write(`${CHUNKED_HEAD}5\r\nhello\r\n`)
      await seen.opened
      connection.reset()
    })
    const transport = lab.makeTransport()
    const broken = lab.send(transport, server.url)
    await broken.saw('bytes')
    seen.open()
    const told = await broken.told
    expectError(told, ['body'])
    expect(told.body).toBe('hello')
    expect(told.sentAt).toHaveLength(1)
    expectWhole(await lab.send(transport, server.url).told, { body: 'fine' })
  })

  check('a reset is no end of a body that the end of the connection ends', async (lab) => {
    const seen = createGate()
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello')
      await seen.opened
      connection.reset()
    })
    const sent = lab.send(lab.makeTransport(), server.url)
    await sent.saw('bytes')
    seen.open()
    expectError(await sent.told, ['body'])
  })

  check('a bad chunk size after a good chunk', async (lab) => {
    const told = await ask(lab, `${CHUNKED_HEAD}5\r\nhello\r\nXYZ\r\nworld\r\n0\r\n\r\n`, 'stay')
    expectError(told, ['body'])
    expect(told.body).toBe('hello')
  })

  check('a chunk longer than its size', async (lab) => {
    expectError(await ask(lab, `${CHUNKED_HEAD}5\r\nhello, world\r\n0\r\n\r\n`, 'stay'), ['body'])
  })

  check('a chunk size beyond all numbers', async (lab) => {
    expectError(await ask(lab, `${CHUNKED_HEAD}ffffffffffffffff1\r\nhello`, 'stay'), ['body'])
  })

  check('a length that is no number', async (lab) => {
    expectError(await ask(lab, 'HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello', 'stay'), ['headers'])
  })

  check('a negative length', async (lab) => {
    expectError(await ask(lab, 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello', 'stay'), ['headers'])
  })

  check('a transfer coding that nobody offered', async (lab) => {
    const told = await ask(lab, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 'stay')
    expectError(told, ['headers'], 'UNSUPPORTED_TRANSFER_CODING')
  })

  check('a head of 300 KiB', async (lab) => {
    const told = await ask(lab, answer('ok', `X-Long: ${'x'.repeat(300 * 1024)}\r\n`), 'stay')
    expectError(told, ['headers'])
  })

  check('a header line without a colon', async (lab) => {
    expectError(await ask(lab, 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n', 'stay'), ['headers'])
  })

  check('a server that does not speak HTTP', async (lab) => {
    expectError(await ask(lab, 'SSH-2.0-OpenSSH_9.9\r\n', 'stay'), ['headers'])
  })

  check('bytes beyond the length are dropped, and the connection with them', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(`${answer('hello')}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`)
      await connection.request()
      await connection.write(answer('never'))
    })
    const transport = lab.makeTransport()
    expectWhole(await lab.send(transport, server.url).told, { body: 'hello' })
    await server.connections[0]!.closed
    const second = await lab.send(transport, server.url).told
    expectWhole(second, { body: 'hello' })
    expect(server.connections).toHaveLength(2)
  })

  check('an answer before the request was read, on a connection that stays', async (lab) => {
    const server = await lab.serve(async (connection) => {
      connection.pause()
      await connection.write(answer('too large', 'Connection: close\r\n', '413 Content Too Large'))
      connection.end()
    })
    const told = await lab.send(lab.makeTransport(), server.url, { body: 'x'.repeat(16 * 1024 * 1024) }).told
    expectWhole(told, { status: 413, body: 'too large' })
  })

  check('a connection that closes while the request is sent', async (lab) => {
    const seen = createGate()
    const server = await lab.serve(async (connection) => {
      connection.pause()
      await seen.opened
      connection.reset()
    })
    const sent = lab.send(lab.makeTransport(), server.url, { body: 'x'.repeat(16 * 1024 * 1024) })
    await sent.saw('sent')
    seen.open()
    const told = await sent.told
    expectError(told, ['send', 'headers'])
    expect(told.sentAt).toHaveLength(1)
  })

  check('a port where nobody listens', async (lab) => {
    const gone = await serveBytes(() => {})
    await gone.close()
    const told = await lab.send(lab.makeTransport(), gone.url).told
    expectError(told, ['connect'], 'ECONNREFUSED')
    expect(told.sentAt).toHaveLength(0)
    expect(told.error?.message).toContain(String(gone.port))
  })

  check('a name that does not exist', async (lab) => {
    // RFC 6761, 6.4: no resolver knows a name under `invalid`.
    const told = await lab.send(lab.makeTransport(), 'http://inferbench.invalid:1/').told
    expectError(told, ['dns'])
    expect(told.sentAt).toHaveLength(0)
  })
}
