/**
 * The head of an HTTP/1.1 response, and what it says about the body (RFC 9112, sections 2 to 6). Pure.
 *
 * Lax where RFC 9112 lets a recipient be and clients are: a line may end in LF alone (2.2). Strict where they are, too: no
 * folded lines (5.2), no length twice (6.3), though it be the same, and nothing where the body's end would be a guess.
 */

export type HeaderPairs = readonly (readonly [name: string, value: string])[]

export interface ResponseHead {
  readonly status: number
  readonly headers: HeaderPairs
  readonly body: BodyFraming
  /** May the connection carry another request, as far as the head tells? */
  readonly keepAlive: boolean
  /** From `Keep-Alive: timeout=n`: how long the server means to wait for the next request. */
  readonly idleMs?: number
}

/** How the end of a body is found (RFC 9112, 6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' }

/** Why bytes are no HTTP/1.1 response. Codes are stable: they end up as the `reason` of records. */
export interface Fault {
  readonly code: FaultCode
  readonly message: string
}

export type FaultCode =
  | 'BAD_STATUS_LINE'
  | 'BAD_HEADER'
  | 'HEADERS_TOO_LARGE'
  | 'BAD_CONTENT_LENGTH'
  | 'CONTENT_LENGTH_CONFLICT'
  | 'UNSUPPORTED_TRANSFER_CODING'
  | 'UNEXPECTED_UPGRADE'
  | 'BAD_CHUNK'
  | 'TRUNCATED'

/** Reads a head, given without its blank line, one character a byte. `bodiless`: the request was HEAD. */
export function readHead(text: string, bodiless: boolean): ResponseHead | Fault {
  const lines = text.split('\n')
  const status = readStatusLine(trimCarriageReturn(lines[0]!))
  if (typeof status !== 'object')
    return { code: 'BAD_STATUS_LINE', message: `no HTTP/1 status line: ${show(lines[0]!)}` }
  const headers = readFields(lines)
  if ('code' in headers) return headers
  return decide(status.code, status.minor, headers, bodiless)
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r]*)?$/

function readStatusLine(line: string): { minor: number; code: number } | undefined {
  const match = STATUS_LINE.exec(line)
  return match ? { minor: Number(match[1]), code: Number(match[2]) } : undefined
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function readFields(lines: readonly string[]): HeaderPairs | Fault {
  const fields: [string, string][] = []
  for (let i = 1; i < lines.length; i++) {
    const line = trimCarriageReturn(lines[i]!)
    // RFC 9112, 2.2: a bare CR makes the element invalid. NUL never belongs here either (RFC 9110, 5.5).
    if (line.includes('\r') || line.includes('\0')) return badHeader(line)
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0))
    if (!TOKEN.test(name)) return badHeader(line)
    fields.push([name, trimBlanks(line.slice(colon + 1))])
  }
  return fields
}

function decide(status: number, minor: number, headers: HeaderPairs, bodiless: boolean): ResponseHead | Fault {
  const lengths: string[] = []
  const codings: string[] = []
  const connection: string[] = []
  let idleMs: number | undefined
  for (const [name, value] of headers) {
    const known = name.length <= 17 ? name.toLowerCase() : ''
    if (known === 'content-length') lengths.push(...splitList(value))
    else if (known === 'transfer-encoding') codings.push(...splitList(value.toLowerCase()))
    else if (known === 'connection') connection.push(...splitList(value.toLowerCase()))
    else if (known === 'keep-alive') idleMs = readIdleMs(value) ?? idleMs
  }
  const body = frameBody(status, lengths, codings, bodiless)
  if ('code' in body) return body
  const asked = minor === 1 ? !connection.includes('close') : connection.includes('keep-alive')
  // A message with both, or HTTP/1.0 with a transfer coding, may have passed something that read it otherwise: RFC 9112,
  // 6.1, lets the coding win and closes the connection after it.
  const doubtful = codings.length > 0 && (lengths.length > 0 || minor === 0)
  const keepAlive = asked && !doubtful && body.kind !== 'close'
  return { status, headers, body, keepAlive, ...(idleMs === undefined ? {} : { idleMs }) }
}

function frameBody(
  status: number,
  lengths: readonly string[],
  codings: readonly string[],
  bodiless: boolean,
): BodyFraming | Fault {
  if (bodiless || status < 200 || status === 204 || status === 304) return { kind: 'none' }
  const applied = codings.filter((coding) => coding !== 'identity')
  if (applied.length > 0) {
    if (applied.length === 1 && applied[0] === 'chunked') return { kind: 'chunked' }
    return { code: 'UNSUPPORTED_TRANSFER_CODING', message: `transfer-encoding: ${show(codings.join(', '))}` }
  }
  if (lengths.length === 0) return { kind: 'close' }
  const text = lengths.join(', ')
  if (lengths.length > 1) return { code: 'CONTENT_LENGTH_CONFLICT', message: `content-length: ${show(text)}` }
  const length = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(length)) {
    return { code: 'BAD_CONTENT_LENGTH', message: `content-length: ${show(text)}` }
  }
  return { kind: 'length', length }
}

function readIdleMs(keepAlive: string): number | undefined {
  const match = /(?:^|[,\s;])timeout=(\d{1,6})(?:$|[,\s;])/i.exec(keepAlive)
  return match ? Number(match[1]) * 1000 : undefined
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map(trimBlanks)
    .filter((item) => item !== '')
}

/** HTTP's own blanks only (RFC 9110, 5.6.3): `trim` would also take bytes such as 0xA0. */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function trimCarriageReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function badHeader(line: string): Fault {
  return { code: 'BAD_HEADER', message: `no header field: ${show(line)}` }
}

/** Server text as evidence: quoted, short, one line. */
function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
