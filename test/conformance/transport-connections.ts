/** Which connection carries a request: kept, new, opened ahead, gone stale. */
import { createServer } from 'node:net'
import { expect } from 'vitest'
import type { RawConnection } from './serve-bytes.ts'
import type { Check } from './transport.ts'
import { answer, createGate, expectError, expectWhole } from './transport-lab.ts'

/** Answers every request with the index of its connection. */
async function tellIndex(connection: RawConnection): Promise<void> {
  for (;;) {
    await connection.request()
    await connection.write(answer(String(connection.index)))
  }
}

/** The first request of each connection is answered; with the second one this happens. */
function failSecond(fail: (connection: RawConnection) => void): (connection: RawConnection) => Promise<void> {
  return async (connection) => {
    await connection.request()
    await connection.write(answer(String(connection.index)))
    await connection.request()
    fail(connection)
  }
}

/** Lets a listening address stand for a test, or says that this machine has none of its kind. */
async function canListen(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(0, host, () => server.close(() => resolve(true)))
  })
}

export function checkConnections(check: Check): void {
  check('requests one after the other share a connection', async (lab) => {
    const server = await lab.serve(tellIndex)
    const transport = lab.makeTransport()
    const bodies: string[] = []
    for (let i = 0; i < 5; i++) bodies.push((await lab.send(transport, server.url).told).body)
    expect(bodies).toEqual(['0', '0', '0', '0', '0'])
  })

  check('only the request that opened a connection says so', async (lab) => {
    const server = await lab.serve(tellIndex)
    const transport = lab.makeTransport()
    const first = await lab.send(transport, server.url).told
    const second = await lab.send(transport, server.url).told
    expect(first.order).toEqual(['opened', 'sent', 'headers', 'bytes', 'end'])
    expect(first.opened[0]!.startAt).toBeLessThanOrEqual(first.sentAt[0]!)
    expect(first.opened[0]!.connectMs).toBeGreaterThanOrEqual(0)
    expect(first.opened[0]!.tlsMs).toBeUndefined()
    expect(second.order).toEqual(['sent', 'headers', 'bytes', 'end'])
  })

  check('a request that the end of another sets off finds its connection', async (lab) => {
    const server = await lab.serve(tellIndex)
    const transport = lab.makeTransport()
    const second = await new Promise<string>((resolve, reject) => {
      const spec = { method: 'POST', url: server.url, headers: [], body: '{}', framing: 'json' } as const
      const sink = {
        opened: () => {},
        sent: () => {},
        headers: () => {},
        bytes: () => {},
        end: () => void lab.send(transport, server.url).told.then(({ body }) => resolve(body)),
        error: (_at: number, error: { message: string }) => reject(new Error(error.message)),
      }
      transport.send(spec, sink, new AbortController().signal)
    })
    expect(second).toBe('0')
  })

  check('300 requests at a time have 300 connections', async (lab) => {
    const all = createGate()
    let arrived = 0
    const server = await lab.serve(async (connection) => {
      await connection.request()
      if (++arrived === 300) all.open()
      await all.opened
      await connection.write(answer('ok'))
    })
    const transport = lab.makeTransport()
    const answers = await Promise.all(Array.from({ length: 300 }, () => lab.send(transport, server.url).told))
    for (const told of answers) expectWhole(told, { body: 'ok' })
    expect(server.connections).toHaveLength(300)
  })

  check('fresh: a connection for each request', async (lab) => {
    const server = await lab.serve(tellIndex)
    const transport = lab.makeTransport({ connections: 'fresh' })
    for (const index of [0, 1, 2]) {
      const told = await lab.send(transport, server.url).told
      expectWhole(told, { body: String(index) })
      expect(server.requests[index]!.head.toLowerCase()).toContain('connection: close')
      await server.connections[index]!.closed
    }
  })

  check('fresh: each request says that it opened a connection', async (lab) => {
    const server = await lab.serve(tellIndex)
    const transport = lab.makeTransport({ connections: 'fresh' })
    for (let i = 0; i < 2; i++) expect((await lab.send(transport, server.url).told).opened).toHaveLength(1)
  })

  check('open-first: connections are there before the requests', async (lab) => {
    const server = await lab.serve(tellIndex)
    const transport = lab.makeTransport({ connections: 'open-first' })
    expect(await transport.open?.(server.url, 5)).toBe(5)
    expect(transport.stats().openSockets).toBe(5)
    const answers = await Promise.all(Array.from({ length: 5 }, () => lab.send(transport, server.url).told))
    expect(answers.map(({ body }) => body).sort()).toEqual(['0', '1', '2', '3', '4'])
    for (const told of answers) expect(told.opened).toHaveLength(0)
    expect(server.connections).toHaveLength(5)
  })

  check('gather: connections are there before the requests, which report them as theirs', async (lab) => {
    const server = await lab.serve(tellIndex)
    const transport = lab.makeTransport()
    if (transport.gather === undefined) return lab.skip('it has no pool to fill')
    await transport.gather(server.url, 5, 10_000)
    expect(transport.stats().openSockets).toBe(5)
    const answers = await Promise.all(Array.from({ length: 5 }, () => lab.send(transport, server.url).told))
    for (const told of answers) {
      expect(told.order.slice(0, 2)).toEqual(['opened', 'sent'])
      expect(told.opened[0]!.startAt + told.opened[0]!.connectMs!).toBeLessThanOrEqual(told.sentAt[0]!)
    }
    expect(transport.stats().openSockets).toBe(5)
    // What is there already is not gathered again, and has been reported.
    await transport.gather(server.url, 5, 10_000)
    expect(transport.stats().openSockets).toBe(5)
    expect((await lab.send(transport, server.url).told).opened).toHaveLength(0)
  })

  check('gather: one connection that cannot be made is enough to give up', async (lab) => {
    const server = await lab.serve(() => {})
    await server.close()
    const transport = lab.makeTransport()
    if (transport.gather === undefined) return lab.skip('it has no pool to fill')
    await transport.gather(server.url, 1000, 60_000)
    // Those that were in the making at the time; a closed socket is freed a moment later.
    expect(transport.stats().openSockets).toBeLessThan(1000)
  })

  check('gather: nothing where connections are not kept', async (lab) => {
    if (lab.makeTransport().gather === undefined) lab.skip('it has no pool to fill')
    const server = await lab.serve(tellIndex)
    const transport = lab.makeTransport({ connections: 'fresh' })
    await transport.gather?.(server.url, 3, 60_000)
    expect(transport.stats().openSockets).toBe(0)
  })

  check('open-first: what could not be opened is not counted', async (lab) => {
    const server = await lab.serve(() => {})
    await server.close()
    expect(await lab.makeTransport({ connections: 'open-first' }).open?.(server.url, 3)).toBe(0)
  })

  check('Connection: close is obeyed', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(answer(String(connection.index), 'Connection: close\r\n'))
    })
    const transport = lab.makeTransport()
    expectWhole(await lab.send(transport, server.url).told, { body: '0' })
    await server.connections[0]!.closed
    expectWhole(await lab.send(transport, server.url).told, { body: '1' })
  })

  check('HTTP/1.0 keeps a connection only when it says so', async (lab) => {
    const server = await lab.serve(async (connection) => {
      const keeps = connection.index > 0 ? 'Connection: Keep-Alive\r\n' : ''
      for (;;) {
        await connection.request()
        await connection.write(`HTTP/1.0 200 OK\r\n${keeps}Content-Length: 1\r\n\r\n${connection.index}`)
      }
    })
    const transport = lab.makeTransport()
    const bodies: string[] = []
    for (let i = 0; i < 3; i++) bodies.push((await lab.send(transport, server.url).told).body)
    expect(bodies).toEqual(['0', '1', '1'])
  })

  check('an idle connection that the server closes is dropped', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(answer(String(connection.index)))
      connection.end()
    })
    const transport = lab.makeTransport()
    expectWhole(await lab.send(transport, server.url).told, { body: '0' })
    await server.connections[0]!.closed
    const second = await lab.send(transport, server.url).told
    expectWhole(second, { body: '1' })
    expect(second.sentAt).toHaveLength(1)
  })

  check('a reused connection that is reset before any answer: the request is sent once more', async (lab) => {
    const server = await lab.serve(failSecond((connection) => connection.reset()))
    const transport = lab.makeTransport()
    expectWhole(await lab.send(transport, server.url, { body: 'first' }).told, { body: '0' })
    const told = await lab.send(transport, server.url, { body: 'second' }).told
    expectWhole(told, { body: '1' })
    expect(told.sentAt).toHaveLength(2)
    expect(told.order).toEqual(['sent', 'opened', 'sent', 'headers', 'bytes', 'end'])
  })

  check('a reused connection that is closed with the request unread: the request is sent once more', async (lab) => {
    // The server stops reading before it answers, so that its close finds the request unread and resets.
    const server = await lab.serve(async (connection) => {
      await connection.request()
      if (connection.index === 0) connection.pause()
      await connection.write(answer(String(connection.index)))
      if (connection.index > 0) return
      await second.opened
      connection.close()
    })
    const second = createGate()
    const transport = lab.makeTransport()
    expectWhole(await lab.send(transport, server.url, { body: 'first' }).told, { body: '0' })
    const sent = lab.send(transport, server.url, { body: 'second' })
    await sent.saw('sent')
    second.open()
    const told = await sent.told
    expectWhole(told, { body: '1' })
    expect(told.sentAt).toHaveLength(2)
    expect(server.requests.map(({ body }) => body)).toEqual(['first', 'second'])
  })

  check('a reused connection that ends after the request was read: it is not sent again', async (lab) => {
    const server = await lab.serve(failSecond((connection) => connection.end()))
    const transport = lab.makeTransport()
    await lab.send(transport, server.url, { body: 'first' }).told
    const told = await lab.send(transport, server.url, { body: 'second' }).told
    expectError(told, ['headers'])
    expect(told.sentAt).toHaveLength(1)
    expect(server.requests.map(({ body }) => body)).toEqual(['first', 'second'])
  })

  check('a reused connection that is reset after the first byte of an answer: it is not sent again', async (lab) => {
    const server = await lab.serve(
      failSecond(async (connection) => {
        await connection.write('H')
        connection.end()
      }),
    )
    const transport = lab.makeTransport()
    await lab.send(transport, server.url).told
    const told = await lab.send(transport, server.url).told
    expectError(told, ['headers'])
    expect(told.sentAt).toHaveLength(1)
  })

  check('a request is sent at most twice', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      if (connection.index > 0) return connection.reset()
      await connection.write(answer('0'))
      await connection.request()
      connection.reset()
    })
    const transport = lab.makeTransport()
    await lab.send(transport, server.url).told
    const told = await lab.send(transport, server.url).told
    expectError(told, ['headers'])
    expect(told.sentAt).toHaveLength(2)
    expect(server.connections).toHaveLength(2)
  })

  check('a server that closes after each answer without a word: every request is answered', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      connection.pause()
      await connection.write(answer('ok', 'Keep-Alive: timeout=5, max=100\r\n'))
      connection.close()
    })
    const transport = lab.makeTransport()
    for (let i = 0; i < 30; i++) expectWhole(await lab.send(transport, server.url).told, { body: 'ok' })
    expect(server.requests).toHaveLength(30)
  })

  check('a server that ends after each answer, and discards what still comes: no request is lost', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(answer('ok', 'Keep-Alive: timeout=5, max=100\r\n'))
      connection.end()
    })
    const transport = lab.makeTransport()
    for (let i = 0; i < 10; i++) expectWhole(await lab.send(transport, server.url).told, { body: 'ok' })
    expect(server.requests).toHaveLength(10)
  })

  check('the end of a connection that we were too busy to see: no request is lost', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      void connection.write(answer('ok', 'Keep-Alive: timeout=5, max=100\r\n'))
      connection.end()
    })
    const transport = lab.makeTransport()
    for (let i = 0; i < 5; i++) {
      expectWhole(await lab.send(transport, server.url).told, { body: 'ok' })
      const until = performance.now() + 30
      while (performance.now() < until);
    }
    expect(server.requests).toHaveLength(5)
  })

  check('localhost is found on 127.0.0.1', async (lab) => {
    const server = await lab.serve(tellIndex)
    const told = await lab.send(lab.makeTransport(), `http://localhost:${server.port}/`).told
    expectWhole(told, { body: '0' })
    expect(told.opened[0]?.address).toBe('127.0.0.1')
    expect(server.requests[0]!.head).toContain(`localhost:${server.port}`)
  })

  check('localhost is found on ::1', async (lab) => {
    if (!(await canListen('::1'))) lab.skip('no IPv6 loopback')
    const server = await lab.serve(tellIndex, { host: '::1' })
    const told = await lab.send(lab.makeTransport(), `http://localhost:${server.port}/`).told
    expectWhole(told, { body: '0' })
    expect(told.opened[0]?.address).toBe('::1')
  })

  check('an IPv6 address', async (lab) => {
    if (!(await canListen('::1'))) lab.skip('no IPv6 loopback')
    const server = await lab.serve(tellIndex, { host: '::1' })
    expectWhole(await lab.send(lab.makeTransport(), server.url).told, { body: '0' })
    expect(server.requests[0]!.head).toContain(`[::1]:${server.port}`)
  })

  check('close leaves no socket open', async (lab) => {
    const server = await lab.serve(tellIndex)
    const transport = lab.makeTransport()
    await Promise.all([1, 2, 3].map(() => lab.send(transport, server.url).told))
    expect(transport.stats().openSockets).toBe(3)
    await transport.close()
    expect(transport.stats().openSockets).toBe(0)
    await Promise.all(server.connections.map(({ closed }) => closed))
  })
}
