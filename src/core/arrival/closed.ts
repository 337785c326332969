import type { ClosedArrival } from '../arrival.ts'
import { BenchError } from '../errors.ts'

/** `slots` requests are kept in flight; as soon as one ends, the next is due. */
export function closedLoop(slots: number): ClosedArrival {
  if (!(Number.isSafeInteger(slots) && slots > 0)) {
    throw new BenchError('usage', `arrival: a closed loop of ${slots} slots; give a whole number of at least 1`)
  }
  return { kind: 'closed', name: `closed loop, ${slots} ${slots === 1 ? 'slot' : 'slots'}`, slots }
}
