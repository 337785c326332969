/** A transport of our own for HTTP/1.1: the pool, over whatever network a runtime has. */
import type { HttpSpec } from '../../core/call.ts'
import type { Clock, Transport, TransportOptions, TransportSink, TransportStats } from '../../core/platform.ts'
import { Connection, type ConnectionHost, Exchange } from './connection.ts'
import type { DialOptions, Route } from './dial.ts'
import { linkErrorOf } from './dial.ts'
import type { NetworkFactory } from './link.ts'
import { encodeRequest, type ParsedUrl, parseUrl } from './request.ts'

/** How many connections `open` makes at a time: a server's backlog of 128 must not overflow, or a connection costs a second. */
const OPENING_AT_A_TIME = 64
/** A server that says it waits n seconds stops waiting then, by its own clock. */
const IDLE_MARGIN_MS = 500

/** Everything about one origin. The last connection to come back goes out first, so that the rest may grow stale in peace. */
interface Lane extends Route {
  readonly idle: Connection[]
}

export function createHttp1Transport(
  name: string,
  options: TransportOptions,
  clock: Clock,
  makeNetwork: NetworkFactory,
): Transport {
  return new PooledTransport(name, options, clock, makeNetwork)
}

class PooledTransport implements Transport, ConnectionHost {
  readonly name: string
  readonly clock: Clock
  readonly #isFresh: boolean
  readonly #dialOptions: DialOptions
  readonly #lanes = new Map<string, Lane>()
  /** A benchmark asks the same few URLs: parsing is done once for each. */
  readonly #urls = new Map<string, { readonly url: ParsedUrl; readonly lane: Lane }>()
  #openSockets = 0
  #closing: Promise<void> | undefined
  #closed: (() => void) | undefined

  constructor(name: string, options: TransportOptions, clock: Clock, makeNetwork: NetworkFactory) {
    this.name = name
    this.clock = clock
    this.#isFresh = options.connections === 'fresh'
    const network = makeNetwork(() => this.#linkGone())
    this.#dialOptions = {
      clock,
      timeoutMs: options.connectTimeoutMs,
      network: {
        prepare: (origin) => network.prepare(origin),
        resolve: (hostname) => network.resolve(hostname),
        open: (address, origin, owner) => {
          this.#openSockets++
          return network.open(address, origin, owner)
        },
      },
    }
  }

  send(spec: HttpSpec, sink: TransportSink, signal: AbortSignal): void {
    if (signal.aborted) return
    try {
      const { url, lane } = this.#find(spec.url)
      const bytes = encodeRequest(spec, url, this.#isFresh)
      this.#dispatch(lane, new Exchange(spec, bytes, sink, signal))
    } catch (thrown) {
      this.#refuse(sink, signal, linkErrorOf(thrown).message)
    }
  }

  /** A request that cannot be written, told later: `send` returns before its sink hears anything. */
  #refuse(sink: TransportSink, signal: AbortSignal, message: string): void {
    queueMicrotask(() => {
      if (!signal.aborted) sink.error(this.clock.now(), { stage: 'send', code: 'INVALID_REQUEST', message })
    })
  }

  #dispatch(lane: Lane, exchange: Exchange): void {
    const idle = this.#isFresh ? undefined : this.#takeIdle(lane)
    if (idle !== undefined) idle.carry(exchange)
    else new Connection(lane, this).openFor(exchange, this.#dialOptions)
  }

  retry(exchange: Exchange): void {
    new Connection(this.#find(exchange.spec.url).lane, this).openFor(exchange, this.#dialOptions)
  }

  async open(url: string, count: number): Promise<number> {
    const { lane } = this.#find(url)
    let left = count
    let open = 0
    const openSome = async (): Promise<void> => {
      while (left-- > 0) if (await new Connection(lane, this).openAhead(this.#dialOptions)) open++
    }
    await Promise.all(Array.from({ length: Math.min(count, OPENING_AT_A_TIME) }, openSome))
    return open
  }

  async gather(url: string, count: number, withinMs: number): Promise<void> {
    if (this.#isFresh) return
    const { lane } = this.#find(url)
    let left = count - lane.idle.length
    const gatherSome = async (): Promise<void> => {
      while (left-- > 0)
        if (!(await new Connection(lane, this).openAhead(this.#dialOptions, 'for its request'))) left = 0
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        left = 0
        resolve()
      }, withinMs)
    })
    const gathering = Promise.all(Array.from({ length: Math.min(left, OPENING_AT_A_TIME) }, gatherSome))
    await Promise.race([gathering, tooLong])
    clearTimeout(timer)
  }

  stats(): TransportStats {
    return { openSockets: this.#openSockets }
  }

  /** Idle connections at once, others as their requests end. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#closed = resolve
    })
    for (const lane of this.#lanes.values()) {
      for (const connection of lane.idle.splice(0)) connection.destroy()
    }
    if (this.#openSockets === 0) this.#closed?.()
    return this.#closing
  }

  connectionIdle(connection: Connection, idleMs: number | undefined): void {
    const lane = connection.route as Lane
    if (this.#isFresh || this.#closing !== undefined) {
      connection.destroy()
      return
    }
    connection.usableUntil =
      idleMs === undefined ? Number.POSITIVE_INFINITY : this.clock.now() + idleMs - IDLE_MARGIN_MS
    lane.idle.push(connection)
  }

  connectionGone(connection: Connection): void {
    const { idle } = connection.route as Lane
    const index = idle.lastIndexOf(connection)
    if (index >= 0) idle.splice(index, 1)
  }

  #takeIdle(lane: Lane): Connection | undefined {
    for (let connection = lane.idle.pop(); connection !== undefined; connection = lane.idle.pop()) {
      if (connection.usableUntil > this.clock.now()) return connection
      connection.destroy()
    }
    return undefined
  }

  #find(text: string): { readonly url: ParsedUrl; readonly lane: Lane } {
    const known = this.#urls.get(text)
    if (known !== undefined) return known
    const url = parseUrl(text)
    let lane = this.#lanes.get(url.key)
    if (lane === undefined) {
      lane = { origin: url.origin, habits: new Map(), idle: [] }
      this.#dialOptions.network.prepare(url.origin)
      this.#lanes.set(url.key, lane)
    }
    const found = { url, lane }
    this.#urls.set(text, found)
    return found
  }

  #linkGone(): void {
    this.#openSockets--
    if (this.#openSockets === 0) this.#closed?.()
  }
}
