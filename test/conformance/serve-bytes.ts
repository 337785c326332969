/** A server that sends exactly the bytes it is told to, over real sockets: what no HTTP library would let it send. */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/** One whole request, as the server read it. */
export interface RawRequest {
  /** Request line and fields, without the blank line. */
  readonly head: string
  readonly body: string
}

/** The server's end of one connection. */
export interface RawConnection {
  /** Counted from 0, in order of acceptance. */
  readonly index: number
  /** The next request; rejects when the client ends before one is whole. Requests are only read while this is awaited once. */
  request(): Promise<RawRequest>
  /** Resolves when the operating system took the bytes. A string is one byte a character. */
  write(bytes: string | Uint8Array): Promise<void>
  /** Says that no more bytes come (FIN), and reads on. */
  end(): void
  /** Closes as a process that exits does: a FIN, or a reset when something that the client sent was not read. */
  close(): void
  /** Closes with a reset (RST). */
  reset(): void
  /** Stops reading, so that what the client sends piles up. */
  pause(): void
  /** The connection is gone, whoever ended it. */
  readonly closed: Promise<void>
}

export interface RawServer {
  readonly port: number
  /** `http://127.0.0.1:port`, or https. */
  readonly url: string
  readonly connections: readonly RawConnection[]
  /** Requests read on any connection, in order. */
  readonly requests: readonly RawRequest[]
  close(): Promise<void>
}

export interface RawServerOptions {
  readonly host?: string
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** Listens on a free port. `serve` is called for each connection; what it throws once the connection is gone is ignored. */
export async function serveBytes(
  serve: (connection: RawConnection) => Promise<void> | void,
  options: RawServerOptions = {},
): Promise<RawServer> {
  const { host = '127.0.0.1', tls } = options
  const sockets = new Set<Socket>()
  const connections: RawConnection[] = []
  const requests: RawRequest[] = []
  const track = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  }
  const accept = (socket: Socket): void => {
    track(socket)
    const connection = wrapSocket(socket, connections.length, requests)
    connections.push(connection)
    void (async () => serve(connection))().catch(() => socket.destroy())
  }
  const server: Server = tls === undefined ? createServer({ noDelay: true }, accept) : createTlsServer(tls, accept)
  // With TLS: a socket whose handshake never ends is no connection yet, and is to be closed as well.
  if (tls !== undefined) server.on('connection', track)
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })
  const { port } = server.address() as { port: number }
  return {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    connections,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function wrapSocket(socket: Socket, index: number, requests: RawRequest[]): RawConnection {
  let received = ''
  let isOver = false
  let waiting: { resolve: (request: RawRequest) => void; reject: (reason: Error) => void } | undefined
  const settle = (): void => {
    if (waiting === undefined) return
    const request = cutRequest(received)
    if (request !== undefined) {
      received = received.slice(request.length)
      requests.push(request)
      waiting.resolve(request)
      waiting = undefined
    } else if (isOver) {
      waiting.reject(new Error('the client ended the connection'))
      waiting = undefined
    }
  }
  socket.setNoDelay(true)
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    settle()
  })
  const stop = (): void => {
    isOver = true
    settle()
  }
  socket.on('end', stop)
  socket.on('error', stop)
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      stop()
      resolve()
    })
  })
  return {
    index,
    closed,
    request: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        settle()
      }),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        const data = typeof bytes === 'string' ? Uint8Array.from(bytes, (char) => char.charCodeAt(0)) : bytes
        socket.write(data, (error) => (error ? reject(error) : resolve()))
      }),
    end: () => void socket.end(),
    close: () => void socket.destroy(),
    reset: () => void socket.resetAndDestroy(),
    pause: () => void socket.pause(),
  }
}

function cutRequest(text: string): (RawRequest & { readonly length: number }) | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = text.slice(0, headEnd)
  const bodyLength = Number(/^content-length: *(\d+)$/im.exec(head)?.[1] ?? 0)
  const length = headEnd + 4 + bodyLength
  return text.length < length ? undefined : { head, body: text.slice(headEnd + 4, length), length }
}
