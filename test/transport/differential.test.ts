/**
 * The socket transport against undici: thousands of generated answers, served from real sockets, whole and cut short. Both
 * must tell the same status and body, and agree whether the answer came whole. Where they differ, and why, is listed.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Clock, Transport, TransportFactory } from '../../src/core/platform.ts'
import { detectRuntime } from '../../src/platform/load.ts'
import { createSocketTransport } from '../../src/platform/transport/socket.ts'
import { createUndiciTransport } from '../../src/platform/transport/undici.ts'
import { type RawServer, serveBytes } from '../conformance/serve-bytes.ts'
import { anyAnswer, anyCuts, cutBytes, fromLatin1, toLatin1 } from '../support/http-answers.ts'

/** What a server writes on a connection; `end`: then it ends the connection. */
interface Script {
  readonly pieces: readonly Uint8Array[]
  readonly end: boolean
}

interface Verdict {
  readonly status?: number
  readonly body: string
  readonly outcome: 'whole' | 'broken'
}

const clock: Clock = { now: () => performance.now(), epoch: () => Date.now(), stepMs: 0 }
const isOracleHere = detectRuntime() === 'node'

function makeTransport(factory: TransportFactory): Transport {
  return factory({ connections: 'reuse', connectTimeoutMs: 10_000, insecure: false }, clock)
}

function ask(transport: Transport, url: string): Promise<Verdict> {
  return new Promise((resolve) => {
    let status: number | undefined
    let body = ''
    const finish = (outcome: Verdict['outcome']): void =>
      resolve({ ...(status === undefined ? {} : { status }), body, outcome })
    transport.send(
      { method: 'POST', url, headers: [], body: '{}', framing: 'sse' },
      {
        opened: () => {},
        sent: () => {},
        headers: (_at, code) => {
          status = code
        },
        bytes: (_at, chunk) => {
          body += toLatin1(chunk)
        },
        end: () => finish('whole'),
        error: () => finish('broken'),
      },
      new AbortController().signal,
    )
  })
}

describe.skipIf(!isOracleHere)('socket against undici (Node only: undici is the oracle there)', () => {
  let server: RawServer
  let socket: Transport
  let undici: Transport
  const scripts = new Map<string, Script>()
  let nextScript = 0

  beforeAll(async () => {
    socket = makeTransport(createSocketTransport)
    undici = makeTransport(createUndiciTransport)
    server = await serveBytes(async (connection) => {
      for (;;) {
        const { head } = await connection.request()
        const script = scripts.get(head.slice('POST /'.length, head.indexOf(' HTTP/')))!
        for (const piece of script.pieces) {
          await connection.write(piece)
          // A turn of the loop between writes, so that most cuts survive into reads.
          await new Promise((resolve) => setImmediate(resolve))
        }
        if (script.end) {
          connection.end()
          return
        }
      }
    })
  })

  afterAll(async () => {
    await server.close()
    await Promise.all([socket.close(), undici.close()])
  })

  async function askBoth(script: Script): Promise<{ ours: Verdict; theirs: Verdict }> {
    const name = String(nextScript++)
    scripts.set(name, script)
    const url = `${server.url}/${name}`
    const [ours, theirs] = await Promise.all([ask(socket, url), ask(undici, url)])
    scripts.delete(name)
    return { ours, theirs }
  }

  it('says the same of whole answers, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, anyCuts, async (answer, cuts) => {
        const pieces = cutBytes(answer.bytes, cuts.slice(0, 40))
        const { ours, theirs } = await askBoth({ pieces, end: !answer.keepAlive })
        expect(ours).toEqual({ status: answer.status, body: answer.body, outcome: 'whole' })
        expect(theirs).toEqual(ours)
      }),
      { numRuns: 2000, seed: 11 },
    )
  })

  it('says the same of answers that end too early', async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, anyCuts, fc.double({ min: 0, max: 0.999, noNaN: true }), async (answer, cuts, at) => {
        const bytes = answer.bytes.subarray(0, Math.floor(at * answer.bytes.length))
        const { ours, theirs } = await askBoth({ pieces: cutBytes(bytes, cuts.slice(0, 10)), end: true })
        expect(theirs).toEqual(ours)
        expect(answer.body.startsWith(ours.body)).toBe(true)
      }),
      { numRuns: 1000, seed: 12 },
    )
  })

  const head = 'HTTP/1.1 200 OK\r\n'
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`
  it.each([
    ['a bad chunk size', `${chunked}5\r\nhello\r\nxyz\r\n`, 'broken'],
    ['a chunk longer than its size', `${chunked}5\r\nhello!\r\n0\r\n\r\n`, 'broken'],
    ['conflicting lengths', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 'broken'],
    ['a length that is no number', `${head}Content-Length: 5x\r\n\r\nhello`, 'broken'],
    ['a field without a colon', `${head}nonsense\r\n\r\n`, 'broken'],
    ['equal Content-Length fields', `${head}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 'broken'],
    ['a folded field', `${head}X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello`, 'broken'],
    ['a head above 16 KiB', `${head}X: ${'x'.repeat(16 * 1024)}\r\nContent-Length: 5\r\n\r\nhello`, 'broken'],
    ['another protocol', 'SSH-2.0-OpenSSH\r\n', 'broken'],
    ['bytes after a length', `${head}Content-Length: 5\r\n\r\nhello and more`, 'whole'],
    ['HTTP/1.0 without a length', 'HTTP/1.0 200 OK\r\n\r\nhello', 'whole'],
  ] as const)('says the same of %s', async (_what, text, outcome) => {
    const { ours, theirs } = await askBoth({ pieces: [fromLatin1(text)], end: true })
    expect(ours.outcome).toBe(outcome)
    expect(theirs.outcome).toBe(outcome)
    expect(ours.body).toBe(theirs.body)
  })

  // RFC 9112 and RFC 9110 let a recipient accept each of these; a measured server should not fail for its spelling.
  it.each([
    [
      '100 Continue that nobody asked for (RFC 9110, 15.2)',
      `HTTP/1.1 100 Continue\r\n\r\n${head}Content-Length: 5\r\n\r\nhello`,
    ],
    [
      'a coding and a length (RFC 9112, 6.3)',
      `${head}Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    ],
    ['lines that end in LF alone (RFC 9112, 2.2)', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello'],
  ])('differs: we read %s, undici does not', async (_what, text) => {
    const { ours, theirs } = await askBoth({ pieces: [fromLatin1(text)], end: true })
    expect(ours).toEqual({ status: 200, body: 'hello', outcome: 'whole' })
    expect(theirs.outcome).toBe('broken')
  })

  it('differs: we refuse a coding that we cannot undo, undici hands it on', async () => {
    const text = `${head}Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`
    const { ours, theirs } = await askBoth({ pieces: [fromLatin1(text)], end: true })
    expect(ours.outcome).toBe('broken')
    expect(theirs.outcome).toBe('whole')
  })
})
