/** Exit codes of every command. 4 is kept for comparisons that find a difference. */
import type { BenchErrorCode } from '../core/errors.ts'

export const exit = { ok: 0, failed: 1, usage: 2, gateMissed: 3, interrupted: 130 } as const

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
