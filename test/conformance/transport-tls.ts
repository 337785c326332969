/** TLS: whom to trust, and where it fails. */
import { expect } from 'vitest'
import type { RawConnection } from './serve-bytes.ts'
import type { Check } from './transport.ts'
import { answer, expectError, expectWhole } from './transport-lab.ts'

async function serveOk(connection: RawConnection): Promise<void> {
  for (;;) {
    await connection.request()
    await connection.write(answer('ok'))
  }
}

export function checkTls(check: Check): void {
  check('an authority that is added is trusted', async (lab) => {
    const { ca, localhost } = lab.certificates
    const server = await lab.serve(serveOk, { tls: localhost })
    const transport = lab.makeTransport({ ca })
    const told = await lab.send(transport, `https://localhost:${server.port}/`).told
    expectWhole(told, { body: 'ok' })
    expect((await lab.send(transport, `https://localhost:${server.port}/`).told).body).toBe('ok')
    expect(server.connections).toHaveLength(1)
  })

  check('the handshake is timed apart', async (lab) => {
    const { ca, localhost } = lab.certificates
    const server = await lab.serve(serveOk, { tls: localhost })
    const told = await lab.send(lab.makeTransport({ ca }), `https://localhost:${server.port}/`).told
    const [opened] = told.opened
    expect(opened!.tlsMs).toBeGreaterThan(0)
    expect(opened!.startAt + (opened!.dnsMs ?? 0) + opened!.connectMs! + opened!.tlsMs!).toBeLessThanOrEqual(
      told.sentAt[0]! + 0.001,
    )
  })

  check('a certificate for an address', async (lab) => {
    const { ca, localhost } = lab.certificates
    const server = await lab.serve(serveOk, { tls: localhost })
    expectWhole(await lab.send(lab.makeTransport({ ca }), server.url).told, { body: 'ok' })
  })

  check('an authority that nobody knows is refused', async (lab) => {
    const server = await lab.serve(serveOk, { tls: lab.certificates.localhost })
    const told = await lab.send(lab.makeTransport(), `https://localhost:${server.port}/`).told
    expectError(told, ['tls'])
    expect(told.sentAt).toHaveLength(0)
    expect(server.requests).toHaveLength(0)
  })

  check('an expired certificate is refused', async (lab) => {
    const { ca, expired } = lab.certificates
    const server = await lab.serve(serveOk, { tls: expired })
    const told = await lab.send(lab.makeTransport({ ca }), `https://localhost:${server.port}/`).told
    expectError(told, ['tls'])
  })

  check('a certificate for another name is refused', async (lab) => {
    const { ca, localhost } = lab.certificates
    const server = await lab.serve(serveOk, { tls: localhost })
    const told = await lab.send(lab.makeTransport({ ca }), `https://other.localhost:${server.port}/`).told
    expectError(told, ['tls'])
    expect(server.requests).toHaveLength(0)
  })

  check('insecure: anything goes', async (lab) => {
    const server = await lab.serve(serveOk, { tls: lab.certificates.expired })
    const told = await lab.send(lab.makeTransport({ insecure: true }), `https://localhost:${server.port}/`).told
    expectWhole(told, { body: 'ok' })
  })

  check('a handshake that never ends runs into the limit', async (lab) => {
    const server = await lab.serve(() => {})
    const told = await lab.send(lab.makeTransport({ connectTimeoutMs: 500 }), `https://127.0.0.1:${server.port}/`).told
    expectError(told, ['tls'], 'CONNECT_TIMEOUT')
    await server.connections[0]!.closed
  })

  check('a server without TLS is refused', async (lab) => {
    const server = await lab.serve((connection) => connection.write(answer('plain')))
    const told = await lab.send(lab.makeTransport(), `https://127.0.0.1:${server.port}/`).told
    expectError(told, ['tls'])
  })

  check('a body cut within TLS', async (lab) => {
    const { ca, localhost } = lab.certificates
    const server = await lab.serve(
      async (connection) => {
        await connection.request()
        await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')
        connection.end()
      },
      { tls: localhost },
    )
    const told = await lab.send(lab.makeTransport({ ca }), `https://localhost:${server.port}/`).told
    expectError(told, ['body'])
    expect(told.body).toBe('hello')
  })

  check('a large body through TLS', async (lab) => {
    const { ca, localhost } = lab.certificates
    const body = '0123456789abcdef'.repeat(64 * 1024)
    const server = await lab.serve(
      async (connection) => {
        await connection.request()
        await connection.write(answer(body))
      },
      { tls: localhost },
    )
    const told = await lab.send(lab.makeTransport({ ca }), `https://localhost:${server.port}/`).told
    expect(told.error).toBeUndefined()
    expect(told.body === body).toBe(true)
  })
}
