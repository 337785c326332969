/** What the transport suite needs in every test: a transport, raw servers, and a sink that writes everything down. */

import type {
  Clock,
  ConnectionOpened,
  HttpSpec,
  Transport,
  TransportError,
  TransportFactory,
  TransportOptions,
  TransportSink,
} from 'inferbench'
import { expect } from 'vitest'
import { type RawConnection, type RawServer, type RawServerOptions, serveBytes } from './serve-bytes.ts'

/** PEM texts for TLS tests: an authority that no system knows, and two servers of it for `localhost`. */
export interface TestCertificates {
  readonly ca: string
  readonly localhost: { readonly cert: string; readonly key: string }
  readonly expired: { readonly cert: string; readonly key: string }
}

/** Everything that a sink was told about one request. */
export interface Told {
  /** Names of the calls in order; `bytes` once for any number of them in a row. */
  readonly order: readonly string[]
  readonly opened: readonly ConnectionOpened[]
  readonly sentAt: readonly number[]
  readonly headersAt?: number
  readonly status?: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly chunks: readonly { readonly at: number; readonly text: string }[]
  /** The body, one character a byte. */
  readonly body: string
  readonly endAt?: number
  readonly how?: 'complete' | 'closed'
  readonly error?: TransportError
}

/** A request on its way. */
export interface Sent {
  /** At `end` or `error`; never for a request that was aborted. */
  readonly told: Promise<Told>
  /** What was told so far. */
  soFar(): Told
  /** Resolves at the first call of that name. */
  saw(call: string): Promise<void>
  abort(): void
}

export interface Lab {
  readonly certificates: TestCertificates
  makeTransport(options?: Partial<TransportOptions>): Transport
  serve(serve: (connection: RawConnection) => Promise<void> | void, options?: RawServerOptions): Promise<RawServer>
  /** Aborted when the test is over. */
  send(transport: Transport, url: string, spec?: Partial<HttpSpec>): Sent
  /** Ends the test as skipped, and says why: this machine lacks what it needs. */
  skip(reason: string): never
  close(): Promise<void>
}

const clock: Clock = { now: () => performance.now(), epoch: () => Date.now(), stepMs: 0 }

export function createLab(
  factory: TransportFactory,
  certificates: TestCertificates | undefined,
  skip: (reason: string) => never,
): Lab {
  const transports: Transport[] = []
  const servers: RawServer[] = []
  const aborts: (() => void)[] = []
  return {
    get certificates() {
      if (certificates === undefined) throw new Error('this test needs certificates')
      return certificates
    },
    makeTransport(options = {}) {
      const transport = factory({ connections: 'reuse', connectTimeoutMs: 10_000, insecure: false, ...options }, clock)
      transports.push(transport)
      return transport
    },
    async serve(serve, options) {
      const server = await serveBytes(serve, options)
      servers.push(server)
      return server
    },
    send(transport, url, spec) {
      const sent = sendRequest(transport, url, spec)
      aborts.push(sent.abort)
      return sent
    },
    skip,
    async close() {
      for (const abort of aborts) abort()
      await Promise.all(servers.map((server) => server.close()))
      await Promise.all(transports.map((transport) => transport.close()))
    },
  }
}

function sendRequest(transport: Transport, url: string, spec: Partial<HttpSpec> = {}): Sent {
  const controller = new AbortController()
  const order: string[] = []
  const opened: ConnectionOpened[] = []
  const sentAt: number[] = []
  const chunks: { at: number; text: string }[] = []
  let rest: Partial<Told> = {}
  const waiting: { call: string; resolve: () => void }[] = []
  const note = (call: string): void => {
    if (call !== 'bytes' || order.at(-1) !== 'bytes') order.push(call)
    for (const wait of waiting) if (wait.call === call) wait.resolve()
  }
  const soFar = (): Told => ({
    headers: [],
    ...rest,
    order: [...order],
    opened,
    sentAt,
    chunks,
    body: chunks.map(({ text }) => text).join(''),
  })
  const told = new Promise<Told>((resolve) => {
    const finish = (call: string, more: Partial<Told>): void => {
      rest = { ...rest, ...more }
      note(call)
      resolve(soFar())
    }
    const sink: TransportSink = {
      opened(connection) {
        opened.push(connection)
        note('opened')
      },
      sent(at) {
        sentAt.push(at)
        note('sent')
      },
      headers(at, status, headers) {
        rest = { ...rest, headersAt: at, status, headers }
        note('headers')
      },
      bytes(at, chunk) {
        chunks.push({ at, text: toText(chunk) })
        note('bytes')
      },
      end: (at, how) => finish('end', { endAt: at, how }),
      error: (at, error) => finish('error', { endAt: at, error }),
    }
    const whole: HttpSpec = { method: 'POST', url, headers: [], body: '{}', framing: 'sse', ...spec }
    transport.send(whole, sink, controller.signal)
  })
  return {
    told,
    soFar,
    saw: (call) =>
      new Promise((resolve) => {
        if (order.includes(call)) resolve()
        else waiting.push({ call, resolve })
      }),
    abort: () => controller.abort(),
  }
}

function toText(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return text
}

/** The promises that hold for every answer that came whole. */
export function expectWhole(
  told: Told,
  expected: { status?: number; body?: string; how?: 'complete' | 'closed' },
): void {
  expect(told.error).toBeUndefined()
  expect(told.status).toBe(expected.status ?? 200)
  expect(told.body).toBe(expected.body ?? '')
  if (expected.how !== undefined) expect(told.how).toBe(expected.how)
  expect(told.order.filter((call) => call !== 'opened' && call !== 'bytes').slice(-3)).toEqual([
    'sent',
    'headers',
    'end',
  ])
  const instants = [told.sentAt.at(-1)!, told.headersAt!, ...told.chunks.map(({ at }) => at), told.endAt!]
  expect(instants).toEqual([...instants].sort((a, b) => a - b))
}

/** The promises that hold for every failure: told once, last, with a stage, a code and words. */
export function expectError(told: Told, stages: readonly string[], code?: string): void {
  expect(told.order.at(-1)).toBe('error')
  expect(told.order.filter((call) => call === 'error' || call === 'end')).toHaveLength(1)
  expect(stages).toContain(told.error?.stage)
  if (code !== undefined) expect(told.error?.code).toBe(code)
  expect(told.error?.code).not.toBe('')
  expect(told.error?.message).not.toBe('')
}

/** Something that the test lets the server wait for. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function createGate(): Gate {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** An answer with a length. */
export function answer(body: string, fields = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`
}

export const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
