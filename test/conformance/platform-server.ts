/** The server of the platform suite, and a sink that writes everything down. Tests wait for events, never for time. */
import type { HttpSpec, Transport, TransportError, TransportSink } from 'inferbench'

export interface PlatformServer {
  readonly handler: (request: Request) => Promise<Response>
  /** Lets a stream that waits go on. */
  release(): void
  /** Resolves when the client of an endless stream is gone. */
  cancelled(): Promise<void>
}

/** Counts what happened, for someone who may come before or after. */
function createTurnstile(): { open(): void; pass(): Promise<void> } {
  let passes = 0
  const waiting: (() => void)[] = []
  return {
    open: () => {
      const next = waiting.shift()
      if (next) next()
      else passes++
    },
    pass: () =>
      new Promise((resolve) => {
        if (passes > 0) {
          passes--
          resolve()
        } else waiting.push(resolve)
      }),
  }
}

export function createPlatformServer(): PlatformServer {
  const encoder = new TextEncoder()
  const released = createTurnstile()
  const cancelled = createTurnstile()

  function stream(next: (index: number) => Promise<string | undefined>): Response {
    let index = 0
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const text = await next(index++)
        if (text === undefined) controller.close()
        else controller.enqueue(encoder.encode(text))
      },
      cancel: () => cancelled.open(),
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  async function handler(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case '/stream':
        return stream(async (index) => {
          if (index > 0) await released.pass()
          return index < 3 ? `data: ${index}\n\n` : undefined
        })
      case '/late':
        return stream(async (index) => {
          if (index === 0) await released.pass()
          return index === 0 ? 'late' : undefined
        })
      case '/endless':
        return stream(async (index) => (index === 0 ? 'data: 0\n\n' : await new Promise<never>(() => {})))
      default:
        return new Response(`${request.headers.get('x-asked')} ${await request.text()}`, { status: 201 })
    }
  }
  return { handler, release: released.open, cancelled: cancelled.pass }
}

/** What a sink was told. */
export interface Told {
  /** In order; `bytes` once for any number of them in a row; `opened` left out, since pools are a transport's own. */
  readonly calls: readonly string[]
  readonly sentAt?: number
  readonly headersAt?: number
  readonly chunkAt: readonly number[]
  readonly endAt?: number
  readonly status?: number
  readonly body: string
  readonly error?: TransportError
}

export interface Sent {
  /** At `end` or `error`. */
  readonly told: Promise<Told>
  soFar(): Told
  /** Resolves once such a call came. */
  saw(call: string): Promise<void>
  /** Resolves once the body so far ends with this text. */
  received(text: string): Promise<void>
  abort(): void
}

export function sendFrom(transport: Transport): (url: string, spec?: Partial<HttpSpec>) => Sent {
  return (url, spec = {}) => {
    const abort = new AbortController()
    const decoder = new TextDecoder()
    const calls: string[] = []
    const chunkAt: number[] = []
    let body = ''
    let rest: Partial<Told> = {}
    let watchers: { reached: () => boolean; resolve: () => void }[] = []
    const soFar = (): Told => ({ ...rest, calls: [...calls], chunkAt, body })
    const note = (call: string, more: Partial<Told> = {}): void => {
      rest = { ...rest, ...more }
      if (call !== 'bytes' || calls.at(-1) !== 'bytes') calls.push(call)
      for (const watcher of watchers) if (watcher.reached()) watcher.resolve()
      watchers = watchers.filter((watcher) => !watcher.reached())
    }
    const until = (reached: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        if (reached()) resolve()
        else watchers.push({ reached, resolve })
      })
    const sink: TransportSink = {
      opened: () => {},
      sent: (at) => note('sent', { sentAt: at }),
      headers: (at, status) => note('headers', { headersAt: at, status }),
      bytes: (at, chunk) => {
        chunkAt.push(at)
        body += decoder.decode(chunk, { stream: true })
        note('bytes')
      },
      end: (at) => note('end', { endAt: at }),
      error: (at, error) => note('error', { endAt: at, error }),
    }
    const whole: HttpSpec = { method: 'POST', url, headers: [], body: '{}', framing: 'sse', ...spec }
    transport.send(whole, sink, abort.signal)
    const over = (): boolean => calls.includes('end') || calls.includes('error')
    return {
      told: until(over).then(soFar),
      soFar,
      saw: (call) => until(() => calls.includes(call) || over()),
      received: (text) => until(() => body.endsWith(text) || over()),
      abort: () => abort.abort(),
    }
  }
}
