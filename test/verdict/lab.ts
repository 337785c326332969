/** Runs of known health against a mock in a process of its own: live in the tests, recorded once as their fixtures. */
import { createServer, type Server as HttpServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RunOptions, RunResult } from 'inferbench'
import { run } from '../../src/mod.ts'
import { startMock } from '../support/command.ts'

/** Small records: few tokens a request. */
const SMALL: RunOptions = { adapter: 'vllm', promptTokens: 64, outputTokens: 12, seed: 7, warmup: 4, threads: 0 }

export interface Lab {
  readonly name: string
  /** The cause that the verdict names first; undefined: the run is clean. */
  readonly cause?: string
  /** Reasons that are marked as its consequences, where they are there. */
  readonly consequences: readonly string[]
  run(out: string | null): Promise<RunResult>
}

async function withMock(flags: readonly string[], use: (url: string) => Promise<RunResult>): Promise<RunResult> {
  const mock = await startMock('--ttft', '30ms', '--itl', '5ms', ...flags)
  try {
    return await use(mock.url)
  } finally {
    await mock.close()
  }
}

export const clean: Lab = {
  name: 'clean',
  consequences: [],
  run: (out) =>
    withMock(
      [],
      async (url) => await run({ ...SMALL, url, concurrency: 4, requests: 80, out }, { onRecord: () => {} }),
    ),
}

/** Whoever looks on burns the CPU that the client needs. */
export const slowed: Lab = {
  name: 'slowed',
  cause: 'client-cpu',
  consequences: ['timer-lateness', 'client-stall', 'send-lateness', 'rate-unreached', 'ttft-trend', 'buffered-stream'],
  run: (out) =>
    withMock([], async (url) => {
      const burn = (): void => {
        const until = performance.now() + 60
        while (performance.now() < until);
      }
      return await run({ ...SMALL, url, rate: 25, requests: 80, out }, { onRecord: burn })
    }),
}

export const buffering: Lab = {
  name: 'buffering',
  cause: 'buffered-stream',
  consequences: ['fast-tokens'],
  run: (out) =>
    withMock([], async (url) => {
      const proxy = await startBufferingProxy(url)
      try {
        return await run({ ...SMALL, url: proxy.url, concurrency: 4, requests: 40, out })
      } finally {
        await proxy.close()
      }
    }),
}

export const cached: Lab = {
  name: 'cached',
  cause: 'warm-cache',
  consequences: ['fast-first-token', 'fast-prefill'],
  run: (out) =>
    withMock(
      ['--cached-share', '0.95'],
      async (url) => await run({ ...SMALL, url, concurrency: 4, requests: 40, out }),
    ),
}

/** Two slots of about ten requests a second each; thirty are asked for. */
export const overloaded: Lab = {
  name: 'overloaded',
  cause: 'rate-unreached',
  consequences: ['permit-wait', 'dropped', 'ttft-trend', 'in-flight-trend', 'drain-cut'],
  run: (out) =>
    withMock(
      ['--slots', '2', '--decode-tokens-per-second', '150'],
      async (url) => await run({ ...SMALL, url, rate: 60, maxInFlight: 8, duration: '2500ms', out }),
    ),
}

export const labs: readonly Lab[] = [clean, slowed, buffering, cached, overloaded]

/** Sends an answer on when all of it is there, as a proxy does that does not know streams. */
async function startBufferingProxy(target: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: HttpServer = createServer((incoming, outgoing) => {
    const pieces: Buffer[] = []
    incoming.on('data', (piece: Buffer) => pieces.push(piece))
    incoming.on('end', () => {
      const { host: _, connection: __, ...headers } = incoming.headers
      const options = { method: incoming.method ?? 'GET', headers, agent: false }
      const onward = request(new URL(incoming.url ?? '/', target), options, (answer) => {
        const body: Buffer[] = []
        answer.on('data', (piece: Buffer) => body.push(piece))
        answer.on('end', () => {
          const { 'transfer-encoding': ___, connection: ____, ...kept } = answer.headers
          const whole = Buffer.concat(body)
          outgoing.writeHead(answer.statusCode ?? 502, { ...kept, 'content-length': whole.length })
          outgoing.end(whole)
        })
      })
      onward.on('error', () => outgoing.destroy())
      onward.end(Buffer.concat(pieces))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
