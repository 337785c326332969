/** How far a server's clock is from ours, from many dates that tell whole seconds. */
export interface ClockOffset {
  /** The server's clock minus ours. */
  readonly offsetMs: number
  /** It lies within so much on either side. */
  readonly uncertaintyMs: number
}

/** All bounds hold at once, so that many of them tell more than one. Where a server's dates come late, they do not: then the middle is as good. */
export function readOffset(answers: readonly Readonly<Record<string, unknown>>[]): ClockOffset | undefined {
  let low = Number.NEGATIVE_INFINITY
  let high = Number.POSITIVE_INFINITY
  for (const { clockLowMs, clockHighMs } of answers) {
    if (typeof clockLowMs !== 'number' || typeof clockHighMs !== 'number') continue
    low = Math.max(low, clockLowMs)
    high = Math.min(high, clockHighMs)
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) return undefined
  return { offsetMs: (low + high) / 2, uncertaintyMs: Math.abs(high - low) / 2 }
}

/** Dates are too coarse for less, and servers keep them for a second. */
const LEAST_TOLD_MS = 2000

/** One line where it is worth one. */
export function describeOffset({ offsetMs, uncertaintyMs }: ClockOffset): string | undefined {
  if (Math.abs(offsetMs) - uncertaintyMs <= LEAST_TOLD_MS) return undefined
  const seconds = (Math.abs(offsetMs) / 1000).toFixed(1)
  const where = offsetMs > 0 ? 'ahead of' : 'behind'
  const precision = (uncertaintyMs / 1000).toFixed(1)
  return `the server's clock is ${seconds} s ${where} ours (± ${precision} s): mind it where its log is joined with ours`
}
