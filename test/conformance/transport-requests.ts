/** What a server reads. */
import { expect } from 'vitest'
import type { Check } from './transport.ts'
import { answer, expectWhole } from './transport-lab.ts'

export function checkRequests(check: Check): void {
  check('a request with a body', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(answer('ok'))
    })
    const body = '{"text":"grüß ∑ 😀"}'
    const headers = [
      ['content-type', 'application/json'],
      ['X-Request-Id', 'run-1'],
    ] as const
    const told = await lab.send(lab.makeTransport(), `${server.url}/v1/chat?x=1&y=%20`, { headers, body }).told
    expectWhole(told, { body: 'ok' })
    const [request] = server.requests
    const [line, ...fields] = request!.head.split('\r\n')
    expect(line).toBe('POST /v1/chat?x=1&y=%20 HTTP/1.1')
    const sent = new Map(
      fields.map((field) => [
        field.slice(0, field.indexOf(':')).toLowerCase(),
        field.slice(field.indexOf(':') + 1).trim(),
      ]),
    )
    expect(sent.get('host')).toBe(`127.0.0.1:${server.port}`)
    expect(sent.get('content-type')).toBe('application/json')
    expect(sent.get('x-request-id')).toBe('run-1')
    expect(sent.get('accept-encoding')).toBe('identity')
    const bytes = new TextEncoder().encode(body)
    expect(sent.get('content-length')).toBe(String(bytes.length))
    expect(request!.body).toBe(String.fromCharCode(...bytes))
  })

  check('a request without a body', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(answer('models'))
    })
    const transport = lab.makeTransport()
    const spec = { method: 'GET', url: `${server.url}/v1/models`, headers: [], framing: 'json' } as const
    const told = await new Promise<string>((resolve, reject) => {
      let body = ''
      const sink = {
        opened: () => {},
        sent: () => {},
        headers: () => {},
        bytes: (_at: number, chunk: Uint8Array) => {
          body += new TextDecoder().decode(chunk)
        },
        end: () => resolve(body),
        error: (_at: number, error: { message: string }) => reject(new Error(error.message)),
      }
      transport.send(spec, sink, new AbortController().signal)
    })
    expect(told).toBe('models')
    expect(server.requests[0]!.head).toMatch(/^GET \/v1\/models HTTP\/1\.1\r\n/)
    expect(server.requests[0]!.head.toLowerCase()).not.toContain('content-length')
  })

  check('an Accept-Encoding of the caller is kept', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(answer('ok'))
    })
    const headers = [['Accept-Encoding', 'zstd']] as const
    expectWhole(await lab.send(lab.makeTransport(), server.url, { headers }).told, { body: 'ok' })
    const fields = server.requests[0]!.head.split('\r\n').filter((line) => /^accept-encoding:/i.test(line))
    expect(fields.map((field) => field.slice(16).trim())).toEqual(['zstd'])
  })

  check('a header that would break the head is refused, without its value', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(answer('ok'))
    })
    const headers = [['X-Key', 'secret-1\r\nX-Evil: secret-2']] as const
    const sent = lab.send(lab.makeTransport(), server.url, { headers })
    expect(sent.soFar().order).not.toContain('error')
    const told = await sent.told
    expect(told.order).toEqual(['error'])
    expect(told.error?.message).not.toContain('secret')
    expect(server.requests).toHaveLength(0)
  })

  check('an address that is none is refused', async (lab) => {
    const told = await lab.send(lab.makeTransport(), 'nonsense').told
    expect(told.order.at(-1)).toBe('error')
    const other = await lab.send(lab.makeTransport(), 'ftp://127.0.0.1/').told
    expect(other.order.at(-1)).toBe('error')
    expect(other.error?.message).not.toBe('')
  })

  check('a request that was aborted before it was sent is never sent', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write(answer('ok'))
    })
    const transport = lab.makeTransport()
    const calls: string[] = []
    const sink = {
      opened: () => void calls.push('opened'),
      sent: () => void calls.push('sent'),
      headers: () => void calls.push('headers'),
      bytes: () => void calls.push('bytes'),
      end: () => void calls.push('end'),
      error: () => void calls.push('error'),
    }
    const spec = { method: 'POST', url: server.url, headers: [], body: 'aborted', framing: 'json' } as const
    transport.send(spec, sink, AbortSignal.abort())
    expectWhole(await lab.send(transport, server.url, { body: 'sent' }).told, { body: 'ok' })
    expect(server.requests.map(({ body }) => body)).toEqual(['sent'])
    expect(calls).toEqual([])
  })

  check('abort before the head: the server sees the end, the sink hears nothing', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.request()
    })
    const sent = lab.send(lab.makeTransport(), server.url)
    await sent.saw('sent')
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    sent.abort()
    await server.connections[0]!.closed
    expect(sent.soFar().order.filter((call) => call !== 'opened')).toEqual(['sent'])
  })

  check('abort within the body: the server sees the end, the sink hears nothing', async (lab) => {
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello')
      await connection.request()
    })
    const transport = lab.makeTransport()
    const sent = lab.send(transport, server.url)
    await sent.saw('bytes')
    sent.abort()
    await server.connections[0]!.closed
    expect(sent.soFar().order.filter((call) => call !== 'opened')).toEqual(['sent', 'headers', 'bytes'])
  })

  check('a time limit for the answer is the caller’s, not the transport’s', async (lab) => {
    // One byte and silence: nothing but the caller's signal ends it.
    const server = await lab.serve(async (connection) => {
      await connection.request()
      await connection.write('H')
    })
    const sent = lab.send(lab.makeTransport({ connectTimeoutMs: 50 }), server.url)
    await sent.saw('sent')
    await new Promise((resolve) => setTimeout(resolve, 120))
    expect(sent.soFar().order.filter((call) => call !== 'opened')).toEqual(['sent'])
    sent.abort()
    await server.connections[0]!.closed
  })
}
