import type { TransportError } from '../../core/platform.ts'
import type { Stage } from '../../core/record.ts'

/** Failures to get a connection, by what each runtime calls them. */
const BEFORE_CONNECTION: readonly (readonly [pattern: RegExp, code: string, stage: Stage])[] = [
  [/ECONNREFUSED|ConnectionRefused|connection refused/i, 'ECONNREFUSED', 'connect'],
  [/ENOTFOUND|dns error|FailedToOpenSocket|failed to lookup/i, 'ENOTFOUND', 'dns'],
  [/EAI_AGAIN/, 'EAI_AGAIN', 'dns'],
  [/EHOSTUNREACH|host unreachable|no route to host/i, 'EHOSTUNREACH', 'connect'],
  [/ENETUNREACH|network is unreachable/i, 'ENETUNREACH', 'connect'],
  [/EMFILE|too many open files/i, 'EMFILE', 'connect'],
  [/UND_ERR_CONNECT_TIMEOUT/, 'CONNECT_TIMEOUT', 'connect'],
  [/ENOENT/, 'ENOENT', 'connect'],
]

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL|EPROTO|invalid peer certificate/i

interface Thrown {
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

/** An error and what it says that caused it, outermost first. */
function* unwrap(thrown: unknown): Generator<Thrown> {
  let current = thrown as Thrown | undefined
  for (let depth = 0; depth < 8 && typeof current === 'object' && current !== null; depth++) {
    yield current
    current = (current.cause ?? current.errors?.[0]) as Thrown | undefined
  }
}

/**
 * Reads an error of a library or of `fetch`. `stage` is how far the request had come; it is only corrected where the
 * error itself says that there never was a connection.
 */
export function readFault(thrown: unknown, stage: Stage): TransportError {
  const links = [...unwrap(thrown)]
  const codes = links.flatMap(({ code }) => (typeof code === 'string' && code !== '' ? [code] : []))
  const messages = links.flatMap(({ message }) => (typeof message === 'string' && message !== '' ? [message] : []))
  const message = messages.at(-1) ?? String(thrown)
  const evidence = [...codes, ...messages].join('\n')
  const fallback = { stage, code: nameCode(codes.at(-1), evidence, stage), message }
  // Once there is an answer, there was a connection.
  if (stage === 'body') return fallback

  const certificate = codes.find((code) => CERTIFICATE.test(code))
  if (certificate || CERTIFICATE.test(evidence)) return { stage: 'tls', code: certificate ?? 'TLS_FAILED', message }
  for (const [pattern, code, told] of BEFORE_CONNECTION) {
    // A handshake that takes too long is reported like a connection that does.
    if (pattern.test(evidence)) return { stage: stage === 'tls' ? stage : told, code, message }
  }
  return fallback
}

/** The code that the socket transport has for the same thing, where there is one; else the library's own. */
function nameCode(code: string | undefined, evidence: string, stage: Stage): string {
  if (
    /other side closed|connection closed before|IncompleteMessage|unexpected EOF|error reading a body/i.test(evidence)
  ) {
    return stage === 'body' ? 'TRUNCATED' : 'NO_RESPONSE'
  }
  if (/HEADERS_OVERFLOW|HEADER_OVERFLOW/.test(evidence)) return 'HEADERS_TOO_LARGE'
  if (/INVALID_CHUNK_SIZE|InvalidChunk/.test(evidence)) return 'BAD_CHUNK'
  if (/CONTENT_LENGTH_MISMATCH/.test(evidence)) return 'BAD_CONTENT_LENGTH'
  if (/connection reset/i.test(evidence)) return 'ECONNRESET'
  return code ?? 'BAD_RESPONSE'
}
