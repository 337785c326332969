/**
 * The socket transport with plain TCP read by Deno's own calls. It is not the default: over three rounds on one core it came as near to the truth as
 * `node:net` at 100 streams, and was worse from 500 on (p99 of events 83 to 187 ms against 16 to 18, at 1000 streams 430 to 690 against 42 to 44). TLS goes
 * over `node:tls`, as everywhere: Deno's own cannot be told to trust anyone.
 */
import type { Clock, Transport, TransportFactory, TransportOptions } from '../../core/platform.ts'
import { linkErrorOf } from './dial.ts'
import type { Link, LinkOwner } from './link.ts'
import { createHttp1Transport } from './pool.ts'
import { refuse } from './refuse.ts'
import { createSocketNetwork } from './socket.ts'

/** A read has to have a buffer of its own until it ends, so that each connection has one. */
const READ_BUFFER_BYTES = 16 * 1024

interface TcpConnection {
  read(buffer: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  setNoDelay(on: boolean): void
  close(): void
}

interface DenoGlobal {
  connect(to: { hostname: string; port: number; signal: AbortSignal }): Promise<TcpConnection>
}

/** As `createSocketTransport`, over `Deno.connect`. */
export const createDenoTransport: TransportFactory = (options: TransportOptions, clock: Clock): Transport => {
  refuse('deno', options, ['proxy', 'unixSocket', 'http2'])
  return createHttp1Transport('deno', options, clock, (linkGone) => {
    const sockets = createSocketNetwork(options, clock, linkGone)
    return {
      ...sockets,
      open(address, origin, owner) {
        return origin.secure
          ? sockets.open(address, origin, owner)
          : openTcp(address, origin.port, owner, clock, linkGone)
      },
    }
  })
}

function openTcp(hostname: string, port: number, owner: LinkOwner, clock: Clock, linkGone: () => void): Link {
  const link = new DenoLink(owner, clock, linkGone)
  void link.run(hostname, port)
  return link
}

class DenoLink implements Link {
  owner: LinkOwner
  readonly #clock: Clock
  readonly #linkGone: () => void
  readonly #cancel = new AbortController()
  #connection: TcpConnection | undefined
  #isOver = false
  #isFree = false
  #pendingWrites = 0

  constructor(owner: LinkOwner, clock: Clock, linkGone: () => void) {
    this.owner = owner
    this.#clock = clock
    this.#linkGone = linkGone
  }

  /** Connects, and reads until the end. */
  async run(hostname: string, port: number): Promise<void> {
    const { Deno } = globalThis as unknown as { readonly Deno: DenoGlobal }
    const clock = this.#clock
    try {
      const connection = await Deno.connect({ hostname, port, signal: this.#cancel.signal })
      const connectedAt = clock.now()
      this.#connection = connection
      if (this.#isOver) return
      connection.setNoDelay(true)
      this.owner.linkConnected(this, connectedAt)
      this.owner.linkReady(this, connectedAt)
      const buffer = new Uint8Array(READ_BUFFER_BYTES)
      while (!this.#isOver) {
        const length = await connection.read(buffer)
        const at = clock.now()
        if (this.#isOver) return
        if (length === null) {
          this.owner.linkEnded(at)
          return
        }
        this.owner.linkBytes(at, buffer.subarray(0, length))
      }
    } catch (thrown) {
      this.#fail(thrown)
    } finally {
      // Not at the end of what the server sends: whether it reads on is for the owner to find out.
      if (this.#isOver) this.#free()
    }
  }

  write(bytes: Uint8Array, written?: (failed: boolean) => void): void {
    void this.#write(bytes, written)
  }

  async #write(bytes: Uint8Array, written: ((failed: boolean) => void) | undefined): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) return
    this.#pendingWrites++
    try {
      for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(await connection.write(rest))
      this.#pendingWrites--
      written?.(false)
    } catch (thrown) {
      // A server that no longer reads may have answered: what came before its reset is still to be read.
      if (written !== undefined) written(true)
      else if (isEnded(thrown)) return
      else this.#fail(thrown)
    }
  }

  isSending(): boolean {
    return this.#pendingWrites > 0
  }

  destroy(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel.abort()
    this.#free()
  }

  #fail(thrown: unknown): void {
    const at = this.#clock.now()
    if (this.#isOver) return
    this.#isOver = true
    this.#free()
    this.owner.linkFailed(this, at, linkErrorOf(thrown))
  }

  #free(): void {
    this.#connection?.close()
    this.#connection = undefined
    if (this.#isFree) return
    this.#isFree = true
    this.#linkGone()
  }
}

/** The server reads no more. */
function isEnded(thrown: unknown): boolean {
  const { code } = linkErrorOf(thrown)
  return code === 'EPIPE' || code === 'ECONNRESET'
}
