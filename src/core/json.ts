/**
 * Reading JSON that a server sent. Nothing here throws and nothing is coerced: a member of another type than expected
 * counts as missing, so that one odd field never spoils an answer.
 */

/** A JSON object, as `JSON.parse` makes it. Read members by {@link asObject} and its siblings, never by a cast. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The parsed text, or undefined when it is no JSON (or nested so deep that the runtime gives up). */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** {@link parseJson} of what Python wrote, where NaN and Infinity may stand for "no number": they become null. Inside strings they stay. */
export function parsePythonJson(text: string): unknown {
  return parseJson(text) ?? parseJson(withoutNaN(text))
}

function withoutNaN(text: string): string {
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/gs, (part) =>
    part.startsWith('"') ? part : 'null',
  )
}

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

/** Never undefined, so that it can be iterated. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A string that says something: the empty one counts as missing. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A finite whole number from 0 on (`12.0` is one; `"12"`, `-1` and `1e400` are none). */
export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** A finite number from 0 on. */
export function asAmount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}
