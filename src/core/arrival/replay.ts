import type { OpenArrival } from '../arrival.ts'
import { BenchError } from '../errors.ts'
import { requireNotNegative } from './check.ts'

/** Requests at given instants, ms since the phase began, in order (equal ones are a burst); ends after the last. */
export function replay(instants: readonly number[]): OpenArrival {
  if (instants.length === 0) throw new BenchError('usage', 'arrival: no instants to replay; give at least one')
  const kept = [...instants]
  let before = 0
  for (const [index, at] of kept.entries()) {
    requireNotNegative(`instant ${index + 1}`, at)
    if (at < before) {
      throw new BenchError(
        'usage',
        `arrival: instant ${index + 1} (${at} ms) lies before the one it follows; sort them`,
      )
    }
    before = at
  }
  return { kind: 'open', name: `replay of ${kept.length} instants`, due: (n) => kept[n] }
}
