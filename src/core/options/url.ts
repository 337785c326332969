/** The base URL of a server, in whatever form a person has it at hand. */
import { BenchError } from '../errors.ts'

export interface BaseUrl {
  /** `http://host:port/prefix`: no user part, no trailing slash, no `/v1`. */
  readonly baseUrl: string
  /** The user part, decoded. A secret: it is sent as basic authentication, and written nowhere. */
  readonly user?: { readonly name: string; readonly password: string }
}

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i
/** What people copy from a page about the API: the adapter adds these itself. */
const API_PATH = /\/v1(?:\/(?:chat\/completions|completions|models))?$/

/** Reads `localhost:8000`, `https://host/prefix/v1/`, `http://user:password@host`. `name` is the flag or key, for the error. */
export function readBaseUrl(text: string, name: string): BaseUrl {
  const written = text.trim()
  const url = parse(SCHEME.test(written) ? written : `http://${written}`)
  if (url === undefined || written === '')
    throw wrong(name, written, 'is not a URL; write one such as http://localhost:8000')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw wrong(name, written, `has the scheme "${url.protocol.slice(0, -1)}"; only http and https can be measured`)
  }
  if (url.search !== '' || url.hash !== '') {
    throw wrong(name, written.replace(/[?#].*$/s, ''), 'is followed by a query or fragment; give the base URL alone')
  }
  const path = url.pathname.replace(/\/+$/, '').replace(API_PATH, '').replace(/\/+$/, '')
  const user = readUserPart(url.href)
  return { baseUrl: `${url.protocol}//${url.host}${path}`, ...(user && { user }) }
}

/** The user part of any URL, such as a proxy's; undefined when it has none. */
export function readUserPart(text: string): BaseUrl['user'] {
  const url = parse(text)
  if (url === undefined || (url.username === '' && url.password === '')) return undefined
  return { name: decode(url.username), password: decode(url.password) }
}

/** A URL as it may be shown: whatever stands before the last `@` of its authority is replaced. */
export function hideUserPart(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*@/i, '$1***@')
}

/** The same of an address that may have a query, whose values may be keys. */
export function hideQuery(text: string): string {
  return hideUserPart(text).replace(/[?#].*$/s, '?***')
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function wrong(name: string, written: string, what: string): BenchError {
  return new BenchError('usage', `${name}: "${hideUserPart(written)}" ${what}`)
}
