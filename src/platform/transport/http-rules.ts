/** Rules of HTTP that transports over a library have to apply by themselves. */

export type HeaderList = readonly (readonly [name: string, value: string])[]

function has(headers: HeaderList, wanted: string): boolean {
  return headers.some(([name]) => name.toLowerCase() === wanted)
}

/**
 * Asks for a body as it is, unless the caller wants otherwise: compression would hold events back, and `fetch` asks for it
 * by itself.
 */
export function askForIdentity(headers: HeaderList): HeaderList {
  return has(headers, 'accept-encoding') ? headers : [...headers, ['accept-encoding', 'identity']]
}

/** A body without a length and without chunks ends with its connection (RFC 9112, 6.3). */
export function readEnding(status: number, headers: HeaderList): 'complete' | 'closed' {
  const framed = has(headers, 'content-length') || has(headers, 'transfer-encoding')
  return framed || status === 204 || status === 304 ? 'complete' : 'closed'
}
