import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as forward, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { type AddressInfo, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, TransportOptions } from 'inferbench'
import { afterEach, describe, expect, it } from 'vitest'
import { detectRuntime } from '../../src/platform/load.ts'
import { createUndiciTransport } from '../../src/platform/transport/undici.ts'
import { sendFrom } from '../conformance/platform-server.ts'
import { certificates } from '../support/certificates.ts'

const clock: Clock = { now: () => performance.now(), epoch: () => Date.now(), stepMs: 0.001 }
const options: TransportOptions = { connections: 'reuse', connectTimeoutMs: 5000, insecure: false }
const opened: { close(): unknown }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

const echo: RequestListener = (request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => response.end(`${request.httpVersion} ${request.url} ${Buffer.concat(parts)}`))
}

async function listen(server: Server): Promise<number> {
  opened.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function send(more: Partial<TransportOptions>): ReturnType<typeof sendFrom> {
  const transport = createUndiciTransport({ ...options, ...more }, clock)
  opened.push(transport)
  return sendFrom(transport)
}

/** Forwards plain requests, and tunnels others; writes down what it was asked. */
async function startProxy(asked: string[]): Promise<number> {
  const note = ({ method, url, headers }: IncomingMessage): void => {
    asked.push(`${method} ${url} ${headers['proxy-authorization'] ?? '-'}`)
  }
  const proxy = createServer((request, response) => {
    note(request)
    const onward = forward(request.url!, { method: request.method }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  proxy.on('connect', (request, client) => {
    note(request)
    const [host, port] = request.url!.split(':')
    const server = connect(Number(port), host!, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      server.pipe(client).pipe(server)
    })
    for (const socket of [server, client]) socket.on('error', () => {})
  })
  return await listen(proxy)
}

describe.skipIf(detectRuntime() !== 'node')('undici', () => {
  it('speaks HTTP/2 without TLS when told to', async () => {
    const port = await listen(createHttp2Server((request, response) => echo(request as never, response as never)))
    const told = await send({ http2: true })(`http://127.0.0.1:${port}/a`).told
    expect(told).toMatchObject({ status: 200, body: '2.0 /a {}', calls: ['sent', 'headers', 'bytes', 'end'] })
  })

  it('agrees on HTTP/2 with a server that has it, and on HTTP/1.1 otherwise', async () => {
    const server = createSecureServer({ ...certificates.localhost, allowHTTP1: true }, (request, response) =>
      echo(request as never, response as never),
    )
    const url = `https://localhost:${await listen(server)}/a`
    const { ca } = certificates
    expect((await send({ http2: true, ca })(url).told).body).toBe('2.0 /a {}')
    expect((await send({ ca })(url).told).body).toBe('1.1 /a {}')
  })

  it('goes through a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inferbench-'))
    const path = join(folder, 'server.sock')
    const server = createServer(echo)
    opened.push(server)
    await new Promise<void>((resolve) => server.listen(path, resolve))
    expect((await send({ unixSocket: path })('http://localhost/a').told).body).toBe('1.1 /a {}')
    rmSync(folder, { recursive: true })
    const { error } = await send({ unixSocket: path })('http://localhost/a').told
    expect(error).toMatchObject({ stage: 'connect', code: 'ENOENT' })
  })

  it('hands plain requests to a proxy, with its password', async () => {
    const asked: string[] = []
    const port = await listen(createServer(echo))
    const proxy = `http://user:pass@127.0.0.1:${await startProxy(asked)}`
    const told = await send({ proxy })(`http://127.0.0.1:${port}/a`).told
    expect(told).toMatchObject({ status: 200, body: '1.1 /a {}' })
    expect(asked).toEqual([`POST http://127.0.0.1:${port}/a Basic ${btoa('user:pass')}`])
  })

  it('has a proxy tunnel what is encrypted', async () => {
    const asked: string[] = []
    const server = createSecureServer({ ...certificates.localhost, allowHTTP1: true }, (request, response) =>
      echo(request as never, response as never),
    )
    const port = await listen(server)
    const proxy = `http://127.0.0.1:${await startProxy(asked)}`
    const told = await send({ proxy, ca: certificates.ca })(`https://localhost:${port}/a`).told
    expect(told).toMatchObject({ status: 200, body: '1.1 /a {}' })
    expect(asked).toEqual([`CONNECT localhost:${port} -`])
  })

  it('says that a proxy is not there', async () => {
    const gone = createServer()
    const port = await listen(gone)
    await new Promise((resolve) => gone.close(resolve))
    const { error } = await send({ proxy: `http://user:pass@127.0.0.1:${port}` })('http://127.0.0.1:9/').told
    expect(error).toMatchObject({ stage: 'connect', code: 'ECONNREFUSED' })
    expect(error!.message).not.toContain('pass')
  })
})
