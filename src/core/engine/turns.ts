/** Runs that take turns: never do two of them send at once. */
import { pause } from './discover.ts'

export interface Turns {
  /** Resolves when it is the turn of that side, or at once when all must stop. */
  begin(side: number): Promise<void>
  /** The turn is over: whoever is next may begin. */
  end(): void
}

/**
 * 0 1, 1 0, 0 1, ...: what drifts with time falls on both sides alike, and neither always goes first.
 * One number a turn.
 */
export function orderTurns(rounds: number): readonly number[] {
  return Array.from({ length: rounds }, (_, round) => (round % 2 === 0 ? [0, 1] : [1, 0])).flat()
}

/** `order` as {@link orderTurns} has it. Between two turns nothing is sent for `cooldownMs`. */
export function createTurns(order: readonly number[], cooldownMs: number, signal: AbortSignal): Turns {
  let place = 0
  const waiting = new Map<number, () => void>()
  const wake = (side: number | undefined): void => waiting.get(side ?? -1)?.()
  signal.addEventListener('abort', () => {
    for (const resolve of waiting.values()) resolve()
  })
  return {
    async begin(side) {
      if (order[place] !== side && !signal.aborted) {
        await new Promise<void>((resolve) => waiting.set(side, resolve))
        waiting.delete(side)
      }
      if (place > 0) await pause(cooldownMs, signal)
    },
    end() {
      place++
      wake(order[place])
    },
  }
}
