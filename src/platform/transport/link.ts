/**
 * What a runtime's network must offer for HTTP/1.1; everything above it (`dial`, `connection`, `pool`) is shared by the
 * transports that speak HTTP themselves.
 */
import type { Origin } from './request.ts'

/** One TCP connection, with TLS on top where the origin asks for it. */
export interface Link {
  /** Who is told; may be replaced at any time. */
  owner: LinkOwner
  /** Hands bytes to the operating system, or queues what it does not take. `written` is told whether that failed. */
  write(bytes: Uint8Array, written?: (failed: boolean) => void): void
  /** Something that was written still waits to be taken. */
  isSending(): boolean
  /** Frees it at once; the owner hears nothing more. */
  destroy(): void
}

/** Called by a {@link Link}, never from within `open` or `write`. After `linkFailed` nothing comes. */
export interface LinkOwner {
  /** TCP stands; with TLS the handshake begins. */
  linkConnected(link: Link, at: number): void
  /** Requests may be written. */
  linkReady(link: Link, at: number): void
  /** `at` was read before anything else happened. The array is only valid during the call. */
  linkBytes(at: number, chunk: Uint8Array): void
  /** The server ended its side. */
  linkEnded(at: number): void
  linkFailed(link: Link, at: number, error: LinkError): void
}

export interface LinkError {
  /** An errno name or a TLS library's code. */
  readonly code: string
  readonly message: string
}

export interface Network {
  /** Called once for each origin before anything is timed: the place for set-up that takes long. */
  prepare(origin: Origin): void
  /** Addresses of a name, best first. Rejects with an error that has a `code`. */
  resolve(hostname: string): Promise<readonly string[]>
  /** Starts to connect to an address; never throws. */
  open(address: string, origin: Origin, owner: LinkOwner): Link
}

/** `linkGone` is called once for each link that was opened, when its socket is freed. */
export type NetworkFactory = (linkGone: () => void) => Network
