import type { Random } from '../stats/random.ts'
import type { Spread } from '../units.ts'

/** Draws before a spread that lies almost wholly below 1 is taken as 1. */
const MAX_DRAWS = 64

/**
 * A whole number of tokens: normal, cut off below 1 by drawing again. Where the cut is within two deviations of the mean, the
 * lengths' mean is above the one asked for.
 */
export function drawLength(spread: Spread, random: Random): number {
  if (spread.range !== undefined) return spread.range[0] + random.integer(spread.range[1] - spread.range[0] + 1)
  if (spread.deviation === 0) return Math.max(1, Math.round(spread.mean))
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const length = Math.round(spread.mean + spread.deviation * random.normal())
    if (length >= 1) return length
  }
  return 1
}

/** `128±32`, `128` or `16-256`. */
export function describeSpread(spread: Spread): string {
  if (spread.range !== undefined) return spread.range.join('-')
  return spread.deviation === 0 ? String(spread.mean) : `${spread.mean}±${spread.deviation}`
}
