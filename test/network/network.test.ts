/** The plugin against real servers, well and ill. */

import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import type { Sampler } from 'inferbench'
import { afterEach, describe, expect, it } from 'vitest'
import type { PingSample } from '../../plugins/network/summarize.ts'
import plugin from '../../plugins/network.ts'
import { loadPlatform } from '../../src/platform/load.ts'
import { createContext, readSamples } from '../process/context.ts'
import { certificates } from '../support/certificates.ts'
import { findPort } from '../support/port.ts'

const clean: (() => unknown)[] = []
afterEach(async () => {
  for (const end of clean.splice(0).reverse()) await end()
})

async function serve(handler: (request: Request) => Response): Promise<string> {
  const served = await (await loadPlatform()).serve!(handler, { port: 0 })
  clean.push(() => served.close())
  return served.url
}

async function listen(connected: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => connected(socket.on('error', () => {}).resume()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  clean.push(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function open(
  url: string,
  options = {},
): Promise<{ readonly sampler: Sampler; readonly notes: readonly string[] }> {
  const context = await createContext({ url, options })
  const sampler = await plugin.sample!(context)
  clean.push(() => sampler.close())
  return { sampler, notes: context.notes }
}

const readPings = async (sampler: Sampler): Promise<readonly PingSample[]> =>
  (await readSamples(sampler)) as readonly PingSample[]

describe('round trips', () => {
  it('are asked ten times before the load, then once a reading, each over a connection of its own and without a secret', async () => {
    const seen: { readonly path: string; readonly key: string | null }[] = []
    const url = await serve((request) => {
      seen.push({ path: new URL(request.url).pathname, key: request.headers.get('authorization') })
      return new Response('{}')
    })
    const { sampler } = await open(url)
    expect(sampler.source).toBe(`GET ${url}/v1/models over a new connection, every 1000 ms`)
    const first = await readPings(sampler)
    expect(first).toHaveLength(11)
    expect(first.map(({ idle }) => idle === true)).toEqual([...Array(10).fill(true), false])
    for (const { connectMs, answerMs, status, failed } of first) {
      expect(connectMs).toBeGreaterThanOrEqual(0)
      expect(answerMs).toBeGreaterThanOrEqual(0)
      expect([status, failed]).toEqual([200, undefined])
    }
    expect(first.map(({ at }) => at)).toEqual(first.map(({ at }) => at).toSorted((a, b) => a - b))
    expect(await readPings(sampler)).toHaveLength(1)
    expect(new Set(seen.map((one) => JSON.stringify(one)))).toEqual(new Set(['{"path":"/v1/models","key":null}']))
  })

  it('count any status as an answer, on the route that was named', async () => {
    const url = await serve((request) => new Response('', { status: request.url.endsWith('/x') ? 401 : 500 }))
    const { sampler } = await open(url, { path: '/x' })
    expect((await readPings(sampler)).map(({ status }) => status)).toEqual(Array(11).fill(401))
  })

  it('go over TLS, whatever the certificate', async () => {
    const { cert, key } = certificates.expired
    const server = createTlsServer({ cert, key }, (_, response) => response.end('{}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    clean.push(() => new Promise((resolve) => server.close(resolve)))
    const { sampler } = await open(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [one] = await readPings(sampler)
    expect(one).toMatchObject({ status: 200 })
    expect(one?.tlsMs).toBeGreaterThan(0)
  })

  it('are none where nobody listens: the reason is one line', async () => {
    const url = `http://127.0.0.1:${await findPort()}`
    await expect(open(url)).rejects.toMatchObject({
      code: 'unreachable',
      message: `GET ${url}/v1/models: connect: ECONNREFUSED`,
    })
  })

  it('are lost where a server accepts and does not answer, and the round trip is seen all the same', async () => {
    let silent = false
    const url = await listen((socket) => {
      if (!silent) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    })
    const { sampler } = await open(url, { every: 100 })
    await readPings(sampler)
    silent = true
    const [lost] = await readPings(sampler)
    expect(lost).toMatchObject({ failed: 'no answer within 1500 ms' })
    expect(lost?.connectMs).toBeGreaterThanOrEqual(0)
    expect(lost?.answerMs).toBeUndefined()
    const given = await sampler.read(0, AbortSignal.abort())
    expect(given).toMatchObject([{ failed: 'given up' }])
  })

  it('are none where a server never answers', async () => {
    await expect(open(await listen(() => {}), { every: 100 })).rejects.toMatchObject({
      message: expect.stringMatching(/^GET \S+: no answer within 1500 ms$/),
    })
  })

  it('say so where there are no sockets', async () => {
    const platform = { ...(await loadPlatform()), transports: {} }
    expect(await plugin.check!(platform)).toMatch(/needs sockets/)
    expect(await plugin.check!(await loadPlatform())).toBeUndefined()
  })
})

describe('the clock of the server', () => {
  const dated = (aheadMs: number, more: Record<string, string> = {}): (() => Response) => {
    return () => new Response('{}', { headers: { date: new Date(Date.now() + aheadMs).toUTCString(), ...more } })
  }

  it('is noted where it is off by more than dates can tell', async () => {
    const { sampler, notes } = await open(await serve(dated(-3_600_000)))
    await readPings(sampler)
    await sampler.close()
    expect(notes).toHaveLength(1)
    expect(notes[0]).toMatch(/^the server's clock is (3599|3600)\.\d s behind ours \(± \d\.\d s\): mind it where/)
  })

  it('is not where it is right, nor where an answer comes out of a cache', async () => {
    const right = await open(await serve(dated(0)))
    await right.sampler.close()
    expect(right.notes).toEqual([])
    const cached = await open(await serve(dated(-3_600_000, { age: '3600' })))
    const [one] = await readPings(cached.sampler)
    expect(one?.clockLowMs).toBeUndefined()
    await cached.sampler.close()
    expect(cached.notes).toEqual([])
  })
})
