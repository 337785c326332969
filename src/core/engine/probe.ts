import type { ProbeReply } from '../adapter.ts'
import type { HttpSpec } from '../call.ts'
import type { Platform, Transport, TransportError } from '../platform.ts'

/** Answers to probes are small; what is longer is cut. */
const MAX_PROBE_BYTES = 8 * 1024 * 1024

export type ProbeOutcome =
  | {
      readonly kind: 'reply'
      readonly reply: ProbeReply
      readonly ms: number
      /** When it was handed to a connection, and when the answer was whole; by the platform's clock. */
      readonly sentAt: number
      readonly endAt: number
      /** It was longer than what is kept. */
      readonly cut: boolean
    }
  | { readonly kind: 'failed'; readonly error: TransportError }

/** Sends one request beside the load and reads its whole answer. Never rejects, never retries, is never part of a figure. */
export function ask(
  platform: Platform,
  transport: Transport,
  spec: HttpSpec,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    const abort = new AbortController()
    const parts: Uint8Array[] = []
    const startedAt = platform.clock.now()
    let bytes = 0
    let cut = false
    let status = 0
    let sentAt = startedAt
    let headers = new Map<string, string>()
    const settle = (outcome: ProbeOutcome): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      abort.abort()
      resolve(outcome)
    }
    const fail = (code: string, message: string): void =>
      settle({ kind: 'failed', error: { stage: status === 0 ? 'headers' : 'body', code, message } })
    const onAbort = (): void => fail('ABORTED', 'interrupted')
    const timer = setTimeout(() => fail('TIMEOUT', `no answer within ${Math.ceil(timeoutMs)} ms`), timeoutMs)
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort)
    const finish = async (endAt: number): Promise<void> => {
      try {
        const body = new TextDecoder().decode(
          await inflateAll(platform, headers.get('content-encoding'), join(parts, bytes)),
        )
        settle({
          kind: 'reply',
          reply: { status, headers, body },
          ms: platform.clock.now() - startedAt,
          sentAt,
          endAt,
          cut,
        })
      } catch (thrown) {
        fail('CONTENT_CODING', String(thrown instanceof Error ? thrown.message : thrown))
      }
    }
    transport.send(
      spec,
      {
        opened: () => {},
        sent: (at) => {
          sentAt = at
        },
        headers: (_at, value, pairs) => {
          status = value
          headers = new Map(pairs.map(([name, text]) => [name.toLowerCase(), text]))
        },
        bytes: (_at, chunk) => {
          if (bytes >= MAX_PROBE_BYTES) {
            cut = true
            return
          }
          parts.push(chunk.slice())
          bytes += chunk.length
        },
        end: (at) => void finish(at),
        error: (_at, error) => settle({ kind: 'failed', error }),
      },
      abort.signal,
    )
  })
}

async function inflateAll(platform: Platform, coding: string | undefined, body: Uint8Array): Promise<Uint8Array> {
  if (coding === undefined || coding === '' || coding === 'identity' || platform.inflate === undefined) return body
  const inflater = platform.inflate(coding)
  const first = await inflater.push(body)
  const rest = await inflater.finish()
  return join([first, rest], first.length + rest.length)
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
