/** One connection, and the exchanges that it carries one after the other. The capture path runs through here. */
import type { HttpSpec } from '../../core/call.ts'
import type { Clock, ConnectionOpened, TransportError, TransportSink } from '../../core/platform.ts'
import type { Stage } from '../../core/record.ts'
import { Dial, type Dialed, type DialOptions, type Route } from './dial.ts'
import { ResponseParser } from './http1.ts'
import type { Link, LinkError, LinkOwner } from './link.ts'

/** What a connection asks of its pool. */
export interface ConnectionHost {
  readonly clock: Clock
  /** It may carry another request. `idleMs`: how long the server says that it waits for one. */
  connectionIdle(connection: Connection, idleMs: number | undefined): void
  /** It is of no more use, and freed. */
  connectionGone(connection: Connection): void
  /** It went stale, and nothing of the request can have been processed: send it over a new connection. */
  retry(exchange: Exchange): void
}

/** One request on its way. It listens to its own signal, so that a send makes no closure. */
export class Exchange {
  readonly spec: HttpSpec
  readonly sink: TransportSink
  readonly signal: AbortSignal
  readonly bytes: Uint8Array
  attempts = 0
  connection: Connection | undefined

  constructor(spec: HttpSpec, bytes: Uint8Array, sink: TransportSink, signal: AbortSignal) {
    this.spec = spec
    this.bytes = bytes
    this.sink = sink
    this.signal = signal
    signal.addEventListener('abort', this)
  }

  handleEvent(): void {
    this.forget()
    this.connection?.abandon()
  }

  forget(): void {
    this.signal.removeEventListener('abort', this)
  }
}

/** Time for what a server sends to be read here, beyond two round trips. */
const SLACK_MS = 10
const STRAY_LINE = new Uint8Array([0x0d, 0x0a])

export class Connection implements LinkOwner, Dialed {
  readonly route: Route
  /** Until when the server means to keep it idle. */
  usableUntil: number = Number.POSITIVE_INFINITY
  readonly #host: ConnectionHost
  readonly #parser = new ResponseParser()
  #dial: Dial | undefined
  #link: Link | undefined
  #exchange: Exchange | undefined
  /** The exchange found the connection open, so that it may have been stale. */
  #wasIdle = false
  #sentAt = 0
  /** The last answer that it brought in whole. */
  #answered: { readonly url: string; readonly at: number } | undefined
  /** Given to this connection, and not sent before it is known whether the server keeps it open. */
  #held: Exchange | undefined
  #settleTimer: ReturnType<typeof setTimeout> | undefined
  #staleTimer: ReturnType<typeof setTimeout> | undefined
  #opened: ((isOpen: boolean) => void) | undefined
  #isAwaited = false
  /** To be reported by the first request that it carries. */
  #unreported: ConnectionOpened | undefined

  constructor(route: Route, host: ConnectionHost) {
    this.route = route
    this.#host = host
  }

  /** Makes the connection for a request, and sends it. */
  openFor(exchange: Exchange, options: DialOptions): void {
    this.#exchange = exchange
    exchange.connection = this
    this.#dial = new Dial(this.route, options, this)
  }

  /** Makes the connection ahead of any request. `for its request`: the first that it carries will report it. */
  openAhead(options: DialOptions, why?: 'for its request'): Promise<boolean> {
    this.#isAwaited = why !== undefined
    return new Promise((resolve) => {
      this.#opened = resolve
      this.#dial = new Dial(this.route, options, this)
    })
  }

  /** Carries a request over the open connection. */
  carry(exchange: Exchange): void {
    this.#wasIdle = true
    exchange.connection = this
    const answered = this.#answered
    if (answered === undefined || this.route.habits.has(answered.url)) this.#trust(exchange)
    else this.#held = exchange
  }

  /** After the first answers from a URL: does the server keep what it promised to keep? */
  #settle(url: string): void {
    const { habits } = this.route
    const settled = (): void => {
      if (this.#link === undefined || this.#exchange !== undefined) return
      if (!habits.has(url)) habits.set(url, 'seems to keep')
      const held = this.#held
      if (held !== undefined) this.#trust(held)
    }
    this.#settleTimer = setTimeout(() => {
      // We may have been too busy to read in time. On Node what waits is read between a timer and what is set immediately;
      // elsewhere before another timer.
      this.#settleTimer = setTimeout(() => setImmediate(settled), 1)
    }, this.#settleMs())
  }

  /**
   * Some servers promise to keep a connection and close it all the same as soon as they have answered, reading and discarding
   * what still comes (llama.cpp after each stream). A request that meets this is lost beyond any telling, so until a connection
   * has outlived an answer from this URL, its next request waits for a moment, and goes elsewhere when the end comes. That it
   * keeps them is proved by a second answer over one connection; before that, one end without an answer says the contrary.
   */
  #trust(exchange: Exchange): void {
    this.#held = undefined
    const url = this.#answered?.url
    if (url !== undefined && this.route.habits.get(url) === 'closes') {
      this.destroy()
      this.#host.retry(exchange)
    } else this.#send(exchange)
  }

  /** Within this time the effect of anything that was sent has come back, be it an answer or an end. */
  #settleMs(): number {
    return 2 * (this.route.roundTripMs ?? 0) + SLACK_MS
  }

  /** The request was aborted: an unfinished exchange leaves a connection of no use. */
  abandon(): void {
    this.#exchange = undefined
    this.#held = undefined
    this.destroy()
  }

  destroy(): void {
    clearTimeout(this.#staleTimer)
    clearTimeout(this.#settleTimer)
    this.#parser.cancel()
    this.#dial?.cancel()
    this.#dial = undefined
    this.#link?.destroy()
    this.#link = undefined
    this.#host.connectionGone(this)
  }

  dialed(link: Link, opened: ConnectionOpened): void {
    this.#dial = undefined
    this.#link = link
    link.owner = this
    const exchange = this.#exchange
    if (exchange === undefined) {
      if (this.#isAwaited) this.#unreported = opened
      this.#host.connectionIdle(this, undefined)
      this.#opened?.(true)
    } else {
      exchange.sink.opened(opened)
      // The sink may have aborted.
      if (this.#exchange === exchange) this.#send(exchange)
    }
  }

  notDialed(at: number, error: TransportError): void {
    this.#dial = undefined
    const exchange = this.#exchange
    this.#exchange = undefined
    this.destroy()
    this.#opened?.(false)
    exchange?.forget()
    exchange?.sink.error(at, error)
  }

  #send(exchange: Exchange): void {
    this.#exchange = exchange
    exchange.attempts++
    this.#parser.begin(exchange.sink, exchange.spec.method)
    const opened = this.#unreported
    if (opened !== undefined) {
      this.#unreported = undefined
      exchange.sink.opened(opened)
      // The sink may have aborted.
      if (this.#exchange !== exchange) return
    }
    const at = this.#host.clock.now()
    this.#sentAt = at
    exchange.sink.sent(at)
    this.#link?.write(exchange.bytes)
  }

  linkConnected(): void {}
  linkReady(): void {}

  linkBytes(at: number, chunk: Uint8Array): void {
    const exchange = this.#exchange
    // Nobody asked for anything: not a connection to trust with the next request.
    if (exchange === undefined) {
      this.#leave()
      return
    }
    const progress = this.#parser.push(at, chunk)
    if (progress === 'more' || this.#exchange !== exchange) return
    if (progress === 'done') this.#complete(exchange, at, 'complete')
    else this.#failParsing(at)
  }

  linkEnded(at: number): void {
    const exchange = this.#exchange
    if (exchange === undefined) this.#leave(at)
    else if (!this.#parser.started) this.#endedUnanswered(exchange, at)
    else if (this.#parser.finish() === 'done') this.#complete(exchange, at, 'closed')
    else this.#failParsing(at)
  }

  linkFailed(_link: Link, at: number, error: LinkError): void {
    const exchange = this.#exchange
    if (exchange === undefined) this.#leave(at)
    else if (isReset(error.code) && this.#isRetriable(exchange)) this.#retry(exchange)
    else this.#fail(at, this.#stage(), error.code, error.message)
  }

  /** Of no more use while it carries nothing. What waited for it was not sent yet. */
  #leave(endedAt?: number): void {
    const answered = this.#answered
    const held = this.#held
    if (endedAt !== undefined && answered !== undefined) {
      if (held !== undefined || endedAt - answered.at <= this.#settleMs()) this.#noteEnd(answered.url)
    }
    this.#held = undefined
    this.destroy()
    if (held !== undefined) this.#host.retry(held)
  }

  /** Not what one connection that reached its server's limit of requests proves: only who never kept one closes. */
  #noteEnd(url: string): void {
    if (this.route.habits.get(url) !== 'keeps') this.route.habits.set(url, 'closes')
  }

  /**
   * The server ended a connection that had been idle, without a byte of an answer. Either its end crossed our request on the
   * way, and the request met a closed socket; or it read the request, and gave up. Both look alike, but a socket that is
   * closed answers data with a reset (RFC 9293, 3.10.7.1), and after a reset the next write fails. So a stray line end, which
   * servers ignore (RFC 9112, 2.2), tells whether a request may be repeated that is not idempotent (RFC 9110, 9.2.2).
   */
  #endedUnanswered(exchange: Exchange, at: number): void {
    if (this.#wasIdle && this.#answered !== undefined) this.#noteEnd(this.#answered.url)
    if (!this.#isRetriable(exchange)) {
      this.#failUnanswered(at)
      return
    }
    const waitMs = this.#sentAt + this.#settleMs() - this.#host.clock.now()
    this.#staleTimer = setTimeout(
      () => {
        this.#link?.write(STRAY_LINE, (failed) => {
          if (this.#exchange !== exchange) return
          if (failed) this.#retry(exchange)
          else this.#failUnanswered(at)
        })
      },
      Math.max(0, waitMs),
    )
  }

  #failUnanswered(at: number): void {
    this.#fail(at, 'headers', 'NO_RESPONSE', 'the server closed the connection without an answer')
  }

  #isRetriable(exchange: Exchange): boolean {
    return this.#wasIdle && exchange.attempts === 1 && !this.#parser.started
  }

  #retry(exchange: Exchange): void {
    this.#exchange = undefined
    this.destroy()
    this.#host.retry(exchange)
  }

  #complete(exchange: Exchange, at: number, how: 'complete' | 'closed'): void {
    const parser = this.#parser
    if (this.#wasIdle && this.#answered !== undefined) this.route.habits.set(this.#answered.url, 'keeps')
    const closes = this.route.habits.get(exchange.spec.url) === 'closes'
    const isWhole = how === 'complete' && parser.extraBytes === 0 && !this.#link?.isSending()
    const isReusable = isWhole && parser.keepAlive && !closes
    this.#exchange = undefined
    this.#answered = { url: exchange.spec.url, at }
    exchange.forget()
    if (isReusable && !this.route.habits.has(exchange.spec.url)) this.#settle(exchange.spec.url)
    // First, so that a request which the end sets off finds the connection.
    if (isReusable) this.#host.connectionIdle(this, parser.idleMs)
    else this.destroy()
    exchange.sink.end(at, how)
  }

  #failParsing(at: number): void {
    const { code, message } = this.#parser.fault!
    this.#fail(at, this.#parser.hasHead ? 'body' : 'headers', code, message)
  }

  #fail(at: number, stage: Stage, code: string, message: string): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.destroy()
    exchange?.forget()
    exchange?.sink.error(at, { stage, code, message })
  }

  #stage(): Stage {
    if (this.#parser.hasHead) return 'body'
    return this.#link?.isSending() ? 'send' : 'headers'
  }
}

function isReset(code: string): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED'
}
