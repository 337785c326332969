/** The bytes of a request, and where they go. On the path of every send: no regular expressions, one buffer out. */
import type { HttpSpec } from '../../core/call.ts'

/** Where connections go, and what is shared by all of them. */
export interface Origin {
  readonly secure: boolean
  /** Without brackets. */
  readonly hostname: string
  readonly port: number
}

export interface ParsedUrl {
  readonly origin: Origin
  /** Names the pool: scheme, host and port. */
  readonly key: string
  /** Value of the Host field. */
  readonly host: string
  /** Path and query. */
  readonly path: string
}

/** Throws a TypeError when it is no http or https URL. */
export function parseUrl(text: string): ParsedUrl {
  const url = new URL(text)
  const secure = url.protocol === 'https:'
  if (!secure && url.protocol !== 'http:') throw new TypeError(`not an http or https address: ${url.protocol}`)
  const hostname = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  return {
    origin: { secure, hostname, port },
    key: `${url.protocol}//${url.host}`,
    host: url.host,
    path: url.pathname + url.search,
  }
}

const encoder = new TextEncoder()

/** Head and body as one buffer, so that they leave in one write. Throws a TypeError on a header that would break the head. */
export function encodeRequest(spec: HttpSpec, url: ParsedUrl, lastOnConnection: boolean): Uint8Array {
  let head = `${spec.method} ${url.path} HTTP/1.1\r\nHost: ${url.host}\r\n`
  let acceptsEncoding = false
  for (const [name, value] of spec.headers) {
    checkField(name, value)
    if (name.length === 15 && name.toLowerCase() === 'accept-encoding') acceptsEncoding = true
    head += `${name}: ${value}\r\n`
  }
  // A compressing server or proxy would hold events back until a block is full.
  if (!acceptsEncoding) head += 'Accept-Encoding: identity\r\n'
  if (lastOnConnection) head += 'Connection: close\r\n'
  const body = spec.body === undefined ? undefined : encoder.encode(spec.body)
  if (body !== undefined || spec.method === 'POST') head += `Content-Length: ${body?.length ?? 0}\r\n`
  return join(encoder.encode(`${head}\r\n`), body)
}

function checkField(name: string, value: string): void {
  // Never the value: it may be a secret.
  if (name === '' || breaksLine(name) || name.includes(':') || name.includes(' ')) {
    throw new TypeError(`${JSON.stringify(name)} is no header name`)
  }
  if (breaksLine(value)) throw new TypeError(`the value of header ${name} holds a line break or NUL`)
}

function breaksLine(text: string): boolean {
  return text.includes('\n') || text.includes('\r') || text.includes('\0')
}

function join(head: Uint8Array, body: Uint8Array | undefined): Uint8Array {
  if (body === undefined || body.length === 0) return head
  const whole = new Uint8Array(head.length + body.length)
  whole.set(head)
  whole.set(body, head.length)
  return whole
}
