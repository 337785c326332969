/** One question over a connection of its own: how long the network takes, and how long the server takes to say anything at all. */
import type { Clock, Transport, TransportError } from 'inferbench'

export interface Ping {
  /** When it began, by the clock that was given. */
  readonly at: number
  /** From the first packet of the connection to its answer, which a kernel gives: one round trip. */
  readonly connectMs?: number
  readonly tlsMs?: number
  /** From sending the question to the first byte of the answer: a round trip, and what the server's own loop is behind. */
  readonly answerMs?: number
  readonly status?: number
  /** Between which values the server's clock minus ours lies, by its Date header, ms. */
  readonly clockLowMs?: number
  readonly clockHighMs?: number
  /** Why there is no answer. */
  readonly failed?: string
}

/** A Date header tells whole seconds (RFC 9110, 6.6.1): the moment is up to one later. */
const DATE_STEP_MS = 1000

/** Never rejects. Nothing secret is sent. */
export function ping(
  transport: Transport,
  clock: Clock,
  url: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Ping> {
  return new Promise((resolve) => {
    const at = clock.now()
    const stop = new AbortController()
    let sentAt = at
    let sentEpochMs = clock.epoch()
    let found: Omit<Ping, 'at' | 'failed'> = {}
    let over = false
    const settle = (more: Pick<Ping, 'failed'> = {}): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      stop.abort()
      resolve({ at, ...found, ...more })
    }
    const onAbort = (): void => settle({ failed: 'given up' })
    const timer = setTimeout(() => settle({ failed: describeSilence(found.connectMs, timeoutMs) }), timeoutMs)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    transport.send(
      { method: 'GET', url, headers: [], framing: 'json' },
      {
        opened: ({ connectMs, tlsMs }) => {
          found = { ...found, ...(connectMs !== undefined && { connectMs }), ...(tlsMs !== undefined && { tlsMs }) }
        },
        sent: (sent) => {
          sentAt = sent
          sentEpochMs = clock.epoch()
        },
        headers: (headersAt, status, headers) => {
          const clockBounds = readClock(headers, sentEpochMs, clock.epoch())
          found = { ...found, answerMs: headersAt - sentAt, status, ...clockBounds }
          settle()
        },
        bytes: () => {},
        end: () => settle(),
        error: (_, error) => settle({ failed: describeFailure(error) }),
      },
      stop.signal,
    )
  })
}

function describeSilence(connectMs: number | undefined, timeoutMs: number): string {
  return `${connectMs === undefined ? 'no connection' : 'no answer'} within ${timeoutMs} ms`
}

function describeFailure({ stage, code }: TransportError): string {
  return `${stage}: ${code}`
}

/** The server made its answer between our question and its coming. An answer out of a cache has the date of another one. */
export function readClock(
  headers: readonly (readonly [name: string, value: string])[],
  sentEpochMs: number,
  comeEpochMs: number,
): Pick<Ping, 'clockLowMs' | 'clockHighMs'> {
  const header = (name: string): string | undefined => headers.find(([key]) => key.toLowerCase() === name)?.[1]
  const saidMs = Date.parse(header('date') ?? '')
  if (!Number.isFinite(saidMs) || header('age') !== undefined) return {}
  return { clockLowMs: saidMs - comeEpochMs, clockHighMs: saidMs + DATE_STEP_MS - sentEpochMs }
}
