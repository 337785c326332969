/** What counters and histograms gained from one sample to another. A value that falls was reset: what it shows then is what came since. */
import type { Times } from './vocabulary.ts'

export interface Increase<Value> {
  readonly value: Value
  readonly resets: number
}

/**
 * Of the values of one counter, in order; at least two. A sample in which the counter is missing stands for zero where it has not been seen yet
 * (servers show some only once they have counted), and is passed over later.
 */
export function increaseOf(values: readonly (number | undefined)[]): Increase<number> | undefined {
  if (values.length < 2) return undefined
  let last: number | undefined
  let value = 0
  let resets = 0
  let seen = false
  for (const [place, now] of values.entries()) {
    if (now === undefined) continue
    if (!seen && place > 0) last = 0
    seen = true
    if (last !== undefined) {
      if (now < last) resets++
      value += now < last ? now : now - last
    }
    last = now
  }
  return seen ? { value, resets } : undefined
}

/** The same of a histogram. */
export function increaseOfTimes(values: readonly (Times | undefined)[]): Increase<Times> | undefined {
  if (values.length < 2) return undefined
  let last: Times | undefined
  let gained: Times = NOTHING
  let resets = 0
  let seen = false
  for (const [place, now] of values.entries()) {
    if (now === undefined) continue
    if (!seen && place > 0) last = NOTHING
    seen = true
    if (last !== undefined) {
      const reset = now.count < last.count
      if (reset) resets++
      gained = addTimes(gained, reset ? now : subtractTimes(now, last))
    }
    last = now
  }
  return seen ? { value: gained, resets } : undefined
}

const NOTHING: Times = { count: 0, sum: 0 }

export function addTimes(left: Times, right: Times): Times {
  return combineTimes(left, right, 1)
}

function subtractTimes(now: Times, before: Times): Times {
  return combineTimes(now, before, -1)
}

/** Without buckets where one of them has none, or has them at other bounds. */
function combineTimes(left: Times, right: Times, sign: 1 | -1): Times {
  const count = left.count + sign * right.count
  const sum = Math.max(0, left.sum + sign * right.sum)
  if (left.count === 0 && right.count === 0) return { count, sum }
  if (right.count === 0) return { ...left, count, sum }
  if (left.count === 0) return { ...right, count, sum }
  const bounds = commonBounds(left, right)
  if (bounds === undefined) return { count, sum }
  return { count, sum, bounds, below: bounds.map((bound) => belowOf(left, bound) + sign * belowOf(right, bound)) }
}

/** One list must begin with the other; the shorter one ends where its buckets hold all. */
function commonBounds(left: Times, right: Times): readonly number[] | undefined {
  if (left.bounds === undefined || right.bounds === undefined) return undefined
  const [short, long] = left.bounds.length < right.bounds.length ? [left, right] : [right, left]
  if (short.bounds!.length < long.bounds!.length && (short.below!.at(-1) ?? 0) < short.count) return undefined
  return short.bounds!.every((bound, place) => bound === long.bounds![place]) ? long.bounds : undefined
}

function belowOf({ bounds = [], below = [], count }: Times, bound: number): number {
  const place = bounds.indexOf(bound)
  return place < 0 ? count : below[place]!
}
