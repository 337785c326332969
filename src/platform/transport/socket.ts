/**
 * The default transport, over `node:net` and `node:tls`, which Node, Bun and Deno all have. Reads go into one shared buffer
 * (`onread`): no allocation, no stream machinery between the socket and the stamp.
 */
import { lookup } from 'node:dns/promises'
import { closeSync, openSync } from 'node:fs'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Clock, Transport, TransportFactory, TransportOptions } from '../../core/platform.ts'
import { linkErrorOf } from './dial.ts'
import type { Link, LinkError, LinkOwner, Network } from './link.ts'
import { createHttp1Transport } from './pool.ts'
import { refuse } from './refuse.ts'
import type { Origin } from './request.ts'
import { createTlsContext, requireCertificates, type TlsContext } from './tls-context.ts'

const READ_BUFFER_BYTES = 64 * 1024

/** HTTP/1.1 over the runtime's sockets, with the pool, parser and retry rules of `pool.ts`. */
export const createSocketTransport: TransportFactory = (options: TransportOptions, clock: Clock): Transport => {
  refuse('socket', options, ['proxy', 'unixSocket', 'http2'])
  return createHttp1Transport('socket', options, clock, (linkGone) => createSocketNetwork(options, clock, linkGone))
}

/** Links over `node:net` and `node:tls`. */
export function createSocketNetwork(options: TransportOptions, clock: Clock, linkGone: () => void): Network {
  requireCertificates(options.ca)
  // One for all connections: whoever reads from it is done with it before the next read.
  const readBuffer = new Uint8Array(READ_BUFFER_BYTES)
  let tlsContext: TlsContext | undefined
  return {
    prepare(origin) {
      if (origin.secure) tlsContext ??= createTlsContext(options)
    },
    resolve: async (hostname) => (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address),
    open(address, origin, owner) {
      const link = new SocketLink(owner, clock, linkGone)
      if (origin.secure) link.openTls(address, origin, tlsContext!)
      else link.openTcp(address, origin.port, readBuffer)
      return link
    },
  }
}

class SocketLink implements Link {
  owner: LinkOwner
  readonly #clock: Clock
  readonly #linkGone: () => void
  #socket!: Socket
  #isOver = false
  #pendingWrites = 0

  constructor(owner: LinkOwner, clock: Clock, linkGone: () => void) {
    this.owner = owner
    this.#clock = clock
    this.#linkGone = linkGone
  }

  openTcp(host: string, port: number, readBuffer: Uint8Array): void {
    // `allowHalfOpen`: what to do when the server ends its side is for the owner to say.
    this.#socket = connectTcp({
      host,
      port,
      allowHalfOpen: true,
      onread: {
        buffer: readBuffer,
        callback: (length, buffer) => {
          const at = this.#clock.now()
          if (!this.#isOver) this.owner.linkBytes(at, (buffer as Uint8Array).subarray(0, length))
          return true
        },
      },
    })
    this.#listen()
    this.#socket.on('connect', () => {
      const at = this.#clock.now()
      if (this.#isOver) return
      this.#socket.setNoDelay(true)
      this.owner.linkConnected(this, at)
      this.owner.linkReady(this, at)
    })
  }

  openTls(host: string, origin: Origin, context: TlsContext): void {
    const connection: ConnectionOptions & { allowHalfOpen: boolean } = {
      host,
      port: origin.port,
      allowHalfOpen: true,
      // An address is no server name (RFC 6066, 3); it is checked against the certificate all the same.
      ...(isIP(origin.hostname) === 0 ? { servername: origin.hostname } : {}),
      ...context,
    }
    const socket = connectTls(connection)
    this.#socket = socket
    this.#listen()
    // `onread` does not reach through TLS on every runtime.
    socket.on('data', (chunk) => {
      const at = this.#clock.now()
      if (!this.#isOver) this.owner.linkBytes(at, chunk)
    })
    socket.on('connect', () => {
      const at = this.#clock.now()
      if (this.#isOver) return
      socket.setNoDelay(true)
      this.owner.linkConnected(this, at)
    })
    socket.on('secureConnect', () => {
      const at = this.#clock.now()
      if (!this.#isOver) this.owner.linkReady(this, at)
    })
  }

  #listen(): void {
    this.#socket.on('end', () => {
      const at = this.#clock.now()
      if (!this.#isOver) this.owner.linkEnded(at)
    })
    this.#socket.on('error', (error) => {
      const at = this.#clock.now()
      if (this.#isOver) return
      this.#isOver = true
      this.owner.linkFailed(this, at, correctError(linkErrorOf(error)))
    })
    this.#socket.on('close', () => {
      const at = this.#clock.now()
      this.#linkGone()
      if (this.#isOver) return
      this.#isOver = true
      this.owner.linkFailed(this, at, { code: 'ECONNRESET', message: 'the connection was closed' })
    })
  }

  readonly #written = (error?: Error | null): void => {
    if (!error) this.#pendingWrites--
  }

  write(bytes: Uint8Array, written?: (failed: boolean) => void): void {
    this.#pendingWrites++
    this.#socket.write(bytes, written === undefined ? this.#written : (error) => written(error != null))
  }

  isSending(): boolean {
    return this.#pendingWrites > 0
  }

  destroy(): void {
    this.#isOver = true
    this.#socket.destroy()
  }
}

/** A runtime may call it a refusal when the process has run out of file descriptors: opening anything tells them apart. */
function correctError(error: LinkError): LinkError {
  if (error.code !== 'ECONNREFUSED') return error
  try {
    closeSync(openSync('/dev/null', 'r'))
    return error
  } catch (thrown) {
    const { code } = thrown as { code?: unknown }
    return code === 'EMFILE' || code === 'ENFILE' ? { code, message: error.message } : error
  }
}
