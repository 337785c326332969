/** Exit codes of every command. What is worse comes first: a run that failed, a gate that was not met, a verdict that is not good enough. */
import type { BenchErrorCode } from '../core/errors.ts'

export const exit = { ok: 0, failed: 1, usage: 2, gateMissed: 3, verdictMissed: 4, interrupted: 130 } as const

const codes: Readonly<Record<BenchErrorCode, number>> = {
  usage: exit.usage,
  unsupported: exit.usage,
  unreachable: exit.failed,
  'run-failed': exit.failed,
  storage: exit.failed,
  internal: exit.failed,
}

export function exitCodeOf(code: BenchErrorCode): number {
  return codes[code]
}
