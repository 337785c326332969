/** Secrets are kept out of every file, log and error line: by structure where the place is known, by text elsewhere. */

const HIDDEN = '[hidden]'

/**
 * Shorter strings are not looked for in foreign text: `1` or `true` as a header's value would eat into every number and
 * word. They are still removed where options are written, by {@link hideOptions}.
 */
const SHORTEST = 6

/** Makes a function that replaces each secret in a text, in the forms in which a server or a file may repeat it. */
export function createScrubber(secrets: readonly string[]): (text: string) => string {
  const forms = new Set(secrets.filter((secret) => secret.length >= SHORTEST).flatMap(writtenForms))
  if (forms.size === 0) return (text) => text
  // Longest first: a secret may be part of another.
  const sources = [...forms].sort((a, b) => b.length - a.length).map(escapePattern)
  const pattern = new RegExp(sources.join('|'), 'g')
  return (text) => text.replace(pattern, HIDDEN)
}

function writtenForms(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  return [secret, json, JSON.stringify(json).slice(1, -1), encodeText(secret), ...base64Forms(secret)]
}

function encodeText(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    return text // a lone surrogate
  }
}

function base64Forms(text: string): readonly string[] {
  const encoded = encodeBase64(text)
  return [encoded, encoded.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')]
}

/** Base64 of a text's UTF-8 bytes, for basic authentication. */
export function encodeBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}

/** Every string in a value, however deep. */
export function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(stringsIn)
}

/** A copy of a value with every string hidden; numbers and switches stay, since they say how the server was asked. */
export function hideStrings(value: unknown): unknown {
  if (typeof value === 'string') return HIDDEN
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(hideStrings)
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, hideStrings(part)]))
}

/** {@link hideStrings} for headers: the names stay. */
export function hideHeaders(
  headers: readonly (readonly [name: string, value: string])[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(headers.map(([name]) => [name, HIDDEN]))
}
