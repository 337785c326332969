/** Where an answer's body ends, in every form that HTTP/1.1 has for it. */
import { expect } from 'vitest'
import type { Check } from './transport.ts'
import { answer, CHUNKED_HEAD, createGate, expectError, expectWhole, type Lab, type Told } from './transport-lab.ts'

/** Sends one request to a server that answers with these pieces, each in a write of its own, and then leaves. */
async function ask(lab: Lab, pieces: readonly string[], leave: 'stay' | 'end' | 'reset' = 'stay'): Promise<Told> {
  const server = await lab.serve(async (connection) => {
    await connection.request()
    for (const piece of pieces) await connection.write(piece)
    if (leave === 'end') connection.end()
    if (leave === 'reset') connection.reset()
  })
  return lab.send(lab.makeTransport(), server.url).told
}

export function checkFraming(check: Check): void {
  check('a body with a length', async (lab) => {
    expectWhole(await ask(lab, [answer('hello')]), { body: 'hello', how: 'complete' })
  })

  check('an empty body', async (lab) => {
    expectWhole(await ask(lab, [answer('')]), { body: '', how: 'complete' })
  })

  check('a chunked body', async (lab) => {
    const told = await ask(lab, [`${CHUNKED_HEAD}5\r\nhello\r\n`, '7\r\n, world\r\n', '0\r\n\r\n'])
    expectWhole(told, { body: 'hello, world', how: 'complete' })
  })

  check('chunk extensions and trailers', async (lab) => {
    const told = await ask(lab, [`${CHUNKED_HEAD}5;a=b;c="d e"\r\nhello\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n`])
    expectWhole(told, { body: 'hello', how: 'complete' })
  })

  check('upper-case, zero-padded and blank-padded chunk sizes', async (lab) => {
    const data = 'x'.repeat(0x1a)
    const told = await ask(lab, [`${CHUNKED_HEAD}1A\r\n${data}\r\n001a\r\n${data}\r\n000\r\n\r\n`])
    expectWhole(told, { body: data + data, how: 'complete' })
  })

  check('an answer that comes byte by byte', async (lab) => {
    const bytes = `${CHUNKED_HEAD}3;x\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\n`
    expectWhole(await ask(lab, [...bytes]), { body: 'abc0123456789abcdef', how: 'complete' })
  })

  check('chunks of one network read carry one instant', async (lab) => {
    const told = await ask(lab, [`${CHUNKED_HEAD}1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n`])
    expectWhole(told, { body: 'abc', how: 'complete' })
    // The kernel may have cut the write, never into more pieces than bytes; each piece has one stamp.
    expect(new Set(told.chunks.map(({ at }) => at)).size).toBe(1)
    expect(told.headersAt).toBe(told.chunks[0]?.at)
  })

  check('bytes are handed on as they come, not at the end', async (lab) => {
    const seen = createGate()
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(`${CHUNKED_HEAD}5\r\nfirst\r\n`)
      await seen.opened
      await connection.write('6\r\nsecond\r\n0\r\n\r\n')
    })
    const sent = lab.send(lab.makeTransport(), server.url)
    await sent.saw('bytes')
    expect(sent.soFar().body).toBe('first')
    seen.open()
    const told = await sent.told
    expectWhole(told, { body: 'firstsecond' })
    expect(told.chunks[1]!.at).toBeGreaterThan(told.chunks[0]!.at)
  })

  check('a body that the end of the connection ends', async (lab) => {
    const told = await ask(lab, ['HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel', 'lo'], 'end')
    expectWhole(told, { body: 'hello', how: 'closed' })
  })

  check('HTTP/1.0 without a length', async (lab) => {
    const told = await ask(lab, ['HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold'], 'end')
    expectWhole(told, { body: 'old', how: 'closed' })
  })

  check('a length with Connection: close ends at its length', async (lab) => {
    const told = await ask(lab, [answer('hello', 'Connection: close\r\n')], 'end')
    expectWhole(told, { body: 'hello', how: 'complete' })
  })

  check('100 Continue that nobody asked for is skipped', async (lab) => {
    const told = await ask(lab, ['HTTP/1.1 100 Continue\r\n\r\n', answer('after')])
    expectWhole(told, { body: 'after' })
  })

  check('103 Early Hints is skipped', async (lab) => {
    const told = await ask(lab, [`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer('after')}`])
    expectWhole(told, { body: 'after' })
    expect(told.headers.map(([name]) => name.toLowerCase())).not.toContain('link')
  })

  check('204 has no body', async (lab) => {
    expectWhole(await ask(lab, ['HTTP/1.1 204 No Content\r\n\r\n']), { status: 204, how: 'complete' })
  })

  check('304 has no body, whatever its length says', async (lab) => {
    const told = await ask(lab, ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n'])
    expectWhole(told, { status: 304, how: 'complete' })
  })

  check('a redirect is an answer, and is not followed', async (lab) => {
    const told = await ask(lab, [answer('elsewhere', 'Location: /other\r\n', '307 Temporary Redirect')])
    expectWhole(told, { status: 307, body: 'elsewhere' })
    expect(told.sentAt).toHaveLength(1)
  })

  check('an error status is an answer', async (lab) => {
    expectWhole(await ask(lab, [answer('{"detail":"no"}', '', '429 Too Many Requests')]), {
      status: 429,
      body: '{"detail":"no"}',
    })
  })

  check('header fields keep their order and their doubles', async (lab) => {
    const told = await ask(lab, [answer('', 'X-One: 1\r\nX-Two:  two words \t\r\nX-One: again\r\nX-Empty:\r\n')])
    const fields = told.headers.map(([name, value]) => [name.toLowerCase(), value])
    expect(fields).toEqual([
      ['content-type', 'text/plain'],
      ['x-one', '1'],
      ['x-two', 'two words'],
      ['x-one', 'again'],
      ['x-empty', ''],
      ['content-length', '0'],
    ])
  })

  check('header names are as the server wrote them', async (lab) => {
    const told = await ask(lab, [answer('', 'x-lOwEr: 1\r\n')])
    expect(told.headers.map(([name]) => name)).toEqual(['Content-Type', 'x-lOwEr', 'Content-Length'])
  })

  check('a Keep-Alive field that ends in 0 is no last chunk', async (lab) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5, max=100\r\n'
    const told = await ask(lab, [head, '\r\n', '5\r\nhello\r\n', '0\r\n', '\r\n'])
    expectWhole(told, { body: 'hello', how: 'complete' })
  })

  check('conflicting Content-Length fields are an error', async (lab) => {
    const told = await ask(lab, ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'])
    expectError(told, ['headers'])
    expect(told.body).toBe('')
  })

  check('Transfer-Encoding wins over Content-Length', async (lab) => {
    const told = await ask(lab, [
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ])
    expectWhole(told, { body: 'hello' })
  })

  check('lines that end in LF alone are read', async (lab) => {
    const told = await ask(lab, ['HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n'])
    expectWhole(told, { body: 'hello', how: 'complete' })
  })

  check('a head of 15 KiB is read', async (lab) => {
    const long = 'x'.repeat(15 * 1024)
    const told = await ask(lab, [answer('ok', `X-Long: ${long}\r\n`)])
    expectWhole(told, { body: 'ok' })
    expect(told.headers.find(([name]) => name.toLowerCase() === 'x-long')?.[1]).toBe(long)
  })

  check('a body of 8 MiB arrives whole', async (lab) => {
    const line = '0123456789abcdef'.repeat(4096)
    const told = await ask(lab, [
      CHUNKED_HEAD,
      ...Array.from({ length: 128 }, () => `10000\r\n${line}\r\n`),
      '0\r\n\r\n',
    ])
    expect(told.error).toBeUndefined()
    expect(told.body.length).toBe(8 * 1024 * 1024)
    expect(told.body === line.repeat(128)).toBe(true)
  })

  check('content codings are left to the reader', async (lab) => {
    // What counts is that no byte is touched; this is no gzip stream at all.
    const told = await ask(lab, [answer('\x1f\x8b\x00\xffraw', 'Content-Encoding: gzip\r\n')])
    expectWhole(told, { body: '\x1f\x8b\x00\xffraw' })
  })
}
