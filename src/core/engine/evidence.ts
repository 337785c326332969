/** What went wrong, in stable classes; and evidence for people, in the words of who said it. */
import type { Adapter } from '../adapter.ts'
import type { TransportError } from '../platform.ts'
import type { FailurePart } from '../record.ts'

const MAX_BODY_BYTES = 64 * 1024
const MAX_EVIDENCE = 500

/** One line of at most 500 characters. */
export function limitEvidence(text: string): string {
  const line = text
    .slice(0, MAX_EVIDENCE * 4)
    .replace(/\s+/g, ' ')
    .trim()
  return line.length <= MAX_EVIDENCE ? line : `${line.slice(0, MAX_EVIDENCE - 1)}…`
}

export interface ErrorBody {
  push(chunk: Uint8Array): void
  /** What follows would be dropped. */
  readonly isFull: boolean
  explain(status: number, adapter: Pick<Adapter, 'explain'>): { readonly error?: string }
}

/** Keeps the first 64 KiB of a body and drops the rest. */
export function createErrorBody(): ErrorBody {
  const decoder = new TextDecoder()
  const pieces: string[] = []
  let length = 0
  return {
    push(chunk) {
      const part = chunk.subarray(0, MAX_BODY_BYTES - length)
      length += part.length
      if (part.length > 0) pieces.push(decoder.decode(part, { stream: true }))
    },
    get isFull() {
      return length === MAX_BODY_BYTES
    },
    explain(status, adapter) {
      const body = pieces.join('')
      const words = limitEvidence(explainSafely(status, body, adapter) ?? stripTags(body))
      return words === '' ? {} : { error: words }
    },
  }
}

function explainSafely(status: number, body: string, adapter: Pick<Adapter, 'explain'>): string | undefined {
  try {
    return adapter.explain?.(status, body)
  } catch {
    return undefined
  }
}

/** The words of an HTML page, which is what proxies answer with. Only its start: `<` without `>` costs its square. */
function stripTags(body: string): string {
  const start = body.slice(0, MAX_EVIDENCE * 8)
  return /^\s*</.test(start) ? start.replace(/<[^>]*>/g, ' ') : start
}

/** 429 and 503 say "not now" and are counted apart; a redirect is never followed while measuring. */
export function classifyStatus(status: number): string {
  if (status === 429 || status === 503) return 'rejected'
  return status >= 300 && status < 400 ? 'redirect' : `http_${status}`
}

/** Bytes that break the rules of HTTP are another failure than a connection that broke. */
const PROTOCOL_CODE =
  /^(?:BAD_|HEADERS_TOO_LARGE|CONTENT_LENGTH_|UNSUPPORTED_|UNEXPECTED_|HPE_|UND_ERR_(?:HEADERS_OVERFLOW|RES_|INVALID))/

export function classifyTransportError(error: TransportError): FailurePart {
  const isCut = error.stage !== 'decode' && !PROTOCOL_CODE.test(error.code)
  const evidence = limitEvidence(`${error.message} (${error.code})`)
  return { stage: error.stage, reason: isCut ? 'truncated' : error.code, error: evidence }
}
