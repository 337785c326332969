/** From a name to a connection that is ready: resolve, try each address, wait for TLS, within one limit of time. */
import type { Clock, ConnectionOpened, TransportError } from '../../core/platform.ts'
import type { Link, LinkError, LinkOwner, Network } from './link.ts'
import type { Origin } from './request.ts'

/** How long one address may keep the next one waiting (RFC 8305, 5: 250 ms). A refusal does not wait. */
const NEXT_ADDRESS_MS = 250

/** `seems to keep`: a connection outlived an answer, but has brought no second one yet. */
export type Habit = 'keeps' | 'seems to keep' | 'closes'

/** What is learnt about an origin, so that names are resolved once and the address that answered is tried first. */
export interface Route {
  readonly origin: Origin
  /** By URL: whether the server keeps a connection open after its answer; unknown until a connection has shown it. */
  readonly habits: Map<string, Habit>
  /** The shortest handshake of TCP so far: in a burst, most measure how busy we are. */
  roundTripMs?: number
  addresses?: readonly string[]
  resolving?: Promise<readonly string[]>
}

export interface DialOptions {
  readonly network: Network
  readonly clock: Clock
  readonly timeoutMs: number
}

/** Exactly one of the two is called, once. */
export interface Dialed {
  dialed(link: Link, opened: ConnectionOpened, at: number): void
  notDialed(at: number, error: TransportError): void
}

/** One connection in the making. */
export class Dial implements LinkOwner {
  readonly #route: Route
  readonly #options: DialOptions
  readonly #result: Dialed
  readonly #startAt: number
  readonly #timer: ReturnType<typeof setTimeout>
  #nextTimer: ReturnType<typeof setTimeout> | undefined
  /** By index of the address. */
  readonly #links: Link[] = []
  #addresses: readonly string[] = []
  #resolvedAt: number | undefined
  #dnsMs: number | undefined
  #winner: Link | undefined
  #connectedAt = 0
  #failures = 0
  #firstFailure: LinkError | undefined
  #over = false

  constructor(route: Route, options: DialOptions, result: Dialed) {
    this.#route = route
    this.#options = options
    this.#result = result
    this.#startAt = options.clock.now()
    this.#timer = setTimeout(() => this.#timeOut(), options.timeoutMs)
    const addresses = route.addresses ?? addressesWithoutAsking(route.origin.hostname)
    if (addresses !== undefined) this.#begin(addresses, this.#startAt)
    else void this.#resolve()
  }

  cancel(): void {
    this.#stop()
    for (const link of this.#links) link.destroy()
  }

  async #resolve(): Promise<void> {
    const { network, clock } = this.#options
    this.#route.resolving ??= resolveHost(network, this.#route.origin.hostname)
    try {
      const addresses = await this.#route.resolving
      if (this.#over) return
      this.#route.addresses ??= addresses
      const at = clock.now()
      this.#dnsMs = at - this.#startAt
      this.#begin(this.#route.addresses, at)
    } catch (thrown) {
      // Not remembered: a resolver may recover.
      delete this.#route.resolving
      if (this.#over) return
      const error = linkErrorOf(thrown)
      this.#fail(clock.now(), { stage: 'dns', code: error.code, message: error.message })
    }
  }

  #begin(addresses: readonly string[], at: number): void {
    this.#resolvedAt = at
    this.#addresses = addresses
    this.#tryNext()
  }

  #tryNext(): void {
    clearTimeout(this.#nextTimer)
    const address = this.#addresses[this.#links.length]
    if (address === undefined) return
    this.#links.push(this.#options.network.open(address, this.#route.origin, this))
    if (this.#links.length < this.#addresses.length) {
      this.#nextTimer = setTimeout(() => this.#tryNext(), NEXT_ADDRESS_MS)
    }
  }

  linkConnected(link: Link, at: number): void {
    this.#winner = link
    this.#connectedAt = at
    this.#route.roundTripMs = Math.min(this.#route.roundTripMs ?? Number.POSITIVE_INFINITY, at - this.#resolvedAt!)
    clearTimeout(this.#nextTimer)
    for (const other of this.#links) if (other !== link) other.destroy()
    const address = this.#addresses[this.#links.indexOf(link)]!
    if (address !== this.#addresses[0]) {
      this.#route.addresses = [address, ...this.#addresses.filter((other) => other !== address)]
    }
  }

  linkReady(link: Link, at: number): void {
    this.#stop()
    const resolvedAt = this.#resolvedAt!
    const opened: ConnectionOpened = {
      startAt: this.#startAt,
      ...(this.#dnsMs === undefined ? {} : { dnsMs: this.#dnsMs }),
      connectMs: this.#connectedAt - resolvedAt,
      ...(this.#route.origin.secure ? { tlsMs: at - this.#connectedAt } : {}),
      address: this.#addresses[this.#links.indexOf(link)]!,
    }
    this.#result.dialed(link, opened, at)
  }

  linkFailed(link: Link, at: number, error: LinkError): void {
    if (link === this.#winner) {
      this.#fail(at, { stage: 'tls', code: error.code, message: error.message })
      return
    }
    this.#failures++
    this.#firstFailure ??= error
    if (this.#failures < this.#links.length) return
    if (this.#links.length < this.#addresses.length) this.#tryNext()
    else this.#fail(at, { stage: 'connect', ...explain(this.#firstFailure, this.#route.origin) })
  }

  // Before it is ready a server has nothing to say; what it closes fails the handshake.
  linkBytes(): void {}

  linkEnded(at: number): void {
    if (this.#winner === undefined) return
    this.#fail(at, {
      stage: 'tls',
      code: 'ECONNRESET',
      message: 'the server closed the connection during the TLS handshake',
    })
  }

  #timeOut(): void {
    const stage = this.#resolvedAt === undefined ? 'dns' : this.#winner === undefined ? 'connect' : 'tls'
    const message = `no connection within ${this.#options.timeoutMs} ms`
    this.#fail(this.#options.clock.now(), { stage, code: 'CONNECT_TIMEOUT', message })
  }

  #fail(at: number, error: TransportError): void {
    if (this.#over) return
    this.cancel()
    this.#result.notDialed(at, error)
  }

  #stop(): void {
    this.#over = true
    clearTimeout(this.#timer)
    clearTimeout(this.#nextTimer)
  }
}

/** Literals are themselves; `localhost` is both loopbacks (RFC 6761, 6.3), whatever a hosts file forgot. */
function addressesWithoutAsking(hostname: string): readonly string[] | undefined {
  if (isAddress(hostname)) return [hostname]
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return ['127.0.0.1', '::1']
  return undefined
}

async function resolveHost(network: Network, hostname: string): Promise<readonly string[]> {
  const addresses = await network.resolve(hostname)
  if (addresses.length === 0) throw Object.assign(new Error(`no address for ${hostname}`), { code: 'ENOTFOUND' })
  return addresses
}

export function isAddress(hostname: string): boolean {
  return hostname.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(hostname)
}

/** `code` and one line, of whatever a runtime throws or emits. */
export function linkErrorOf(thrown: unknown, fallbackCode = 'UNKNOWN'): LinkError {
  if (!(thrown instanceof Error)) return { code: fallbackCode, message: String(thrown) }
  const code = (thrown as { code?: unknown }).code
  return {
    code: typeof code === 'string' && code !== '' ? code : fallbackCode,
    message: readable(thrown.message || thrown.name),
  }
}

/** OpenSSL's own lines: `80AC:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../file.c:350:`. */
const OPENSSL_LINE = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/

function readable(message: string): string {
  return (OPENSSL_LINE.exec(message)?.[1] ?? message).replace(/\s*\n\s*/g, ' ').trim()
}

function explain(error: LinkError | undefined, { hostname, port }: Origin): LinkError {
  if (error === undefined) return { code: 'UNKNOWN', message: 'no address could be tried' }
  if (error.code === 'EMFILE' || error.code === 'ENFILE') {
    return { code: error.code, message: 'too many open files; raise the limit (ulimit -n) or lower the concurrency' }
  }
  if (error.message.includes(String(port))) return error
  return { code: error.code, message: `${error.message} at ${hostname} port ${port}` }
}
