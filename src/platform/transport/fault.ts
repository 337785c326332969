import type { TransportError } from '../../core/platform.ts'
import type { Stage } from '../../core/record.ts'

/** What each runtime calls the same thing: the stable code, the stage that it tells, and how it is recognised. */
const KINDS: readonly (readonly [pattern: RegExp, code: string, stage?: Stage])[] = [
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
  const codes = links.flatMap(({ code }) => (typeof code === 'string' ? [code] : []))
  const messages = links.flatMap(({ message }) => (typeof message === 'string' && message !== '' ? [message] : []))
  const message = messages.at(-1) ?? String(thrown)
  if (stage === 'body') return { stage, code: codes.at(-1) ?? 'BODY_FAILED', message }

  const evidence = [...codes, ...messages].join('\n')
  const certificate = codes.find((code) => CERTIFICATE.test(code))
  if (certificate || CERTIFICATE.test(evidence)) return { stage: 'tls', code: certificate ?? 'TLS_FAILED', message }
  for (const [pattern, code, told] of KINDS) {
    if (pattern.test(evidence)) return { stage: told ?? stage, code, message }
  }
  return { stage, code: codes.at(-1) ?? 'FETCH_FAILED', message }
}
