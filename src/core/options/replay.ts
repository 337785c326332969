/** Instants to send at, from a file. */
import { BenchError } from '../errors.ts'

/**
 * One instant a line, in ms: a number, or a JSON object with a `timestamp` (as published traces have) or `at`. They count
 * from the first, which is sent at once, so that a cut from the middle of a trace starts without a wait. Blank lines are skipped.
 */
export function parseInstants(name: string, text: string): readonly number[] {
  const instants = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parseInstant(name, index + 1, line.trim())]))
  if (instants.length === 0)
    throw new BenchError('usage', `${name}: no instants; write one number of milliseconds a line`)
  const first = instants[0]!.at
  for (const [index, { at, line }] of instants.entries()) {
    if (index > 0 && at < instants[index - 1]!.at) {
      throw new BenchError('usage', `${name}, line ${line}: earlier than the line before; sort the file by time`)
    }
  }
  return instants.map(({ at }) => at - first)
}

function parseInstant(name: string, line: number, text: string): { readonly at: number; readonly line: number } {
  const value = text.startsWith('{') ? readMember(text) : Number(text)
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return { at: value, line }
  throw new BenchError(
    'usage',
    `${name}, line ${line}: no instant; write a number of milliseconds, or JSON with "timestamp"`,
  )
}

function readMember(text: string): unknown {
  try {
    const row = JSON.parse(text) as { timestamp?: unknown; at?: unknown }
    return row.timestamp ?? row.at
  } catch {
    return undefined
  }
}
