/** Distributions of what was not seen one by one: what a server counted in buckets, and gauges between readings. */
import { type Distribution, QUANTILES, type QuantileName, type Sample, supportsQuantile, type Window } from 'inferbench'
import type { Times } from './vocabulary.ts'

interface Bucket {
  readonly count: number
  /** Holds what is above `low`, up to `high`. */
  readonly low: number
  readonly high: number
}

/**
 * Quantiles by linear interpolation within buckets; the error is the width of the widest bucket that one was taken from, against its value. One in
 * the first bucket is left out: anything from 0 on may be in it. Minimum and maximum are bounds. undefined without buckets that hold all.
 */
export function distributionOfTimes(times: Times): Distribution | undefined {
  const buckets = bucketsOf(times)
  if (buckets === undefined) return undefined
  const { count, sum } = times
  const quantiles: Partial<Record<QuantileName, number>> = {}
  let relativeError = 0
  for (const [name, q] of QUANTILES) {
    if (!supportsQuantile(count, q)) continue
    const [bucket, before] = bucketAt(buckets, q * count)
    if (bucket.low === 0) continue
    const value = bucket.low + ((bucket.high - bucket.low) * (q * count - before)) / bucket.count
    quantiles[name] = value
    relativeError = Math.max(relativeError, (bucket.high - bucket.low) / value)
  }
  return {
    count,
    sum,
    mean: sum / count,
    min: buckets[0]!.low,
    max: buckets.at(-1)!.high,
    quantiles,
    method: 'histogram',
    ...(Object.keys(quantiles).length === 0 ? {} : { relativeError }),
  }
}

/**
 * Those that hold something. The sum of all values tells more than the bounds: no value is further above its bucket's lower bound than all
 * together are above theirs, so that the last bucket ends somewhere, too.
 */
function bucketsOf({ count, sum, bounds, below }: Times): readonly Bucket[] | undefined {
  if (bounds === undefined || below === undefined || count <= 0) return undefined
  const counts = [...below, count].map((upTo, place) => upTo - (below[place - 1] ?? 0))
  if (counts.some((held) => held < 0)) return undefined
  const above = counts.reduce((lows, held, place) => lows + held * (bounds[place - 1] ?? 0), 0)
  const slack = Math.max(0, sum - above)
  const buckets = counts.map((held, place): Bucket => {
    const low = bounds[place - 1] ?? 0
    return { count: held, low, high: Math.min(bounds[place] ?? Number.POSITIVE_INFINITY, low + slack) }
  })
  const held = buckets.filter((bucket) => bucket.count > 0)
  return held.length === 0 ? undefined : held
}

function bucketAt(buckets: readonly Bucket[], rank: number): readonly [bucket: Bucket, before: number] {
  let before = 0
  for (const bucket of buckets) {
    if (before + bucket.count >= rank) return [bucket, before]
    before += bucket.count
  }
  return [buckets.at(-1)!, before - buckets.at(-1)!.count]
}

/**
 * A gauge over time: each reading stands for the time to which no other is nearer. Readings between windows, while no load ran, say
 * nothing about one under load. undefined without a reading.
 */
export function distributionOverTime(
  parts: readonly (readonly [window: Window, samples: readonly Sample[]])[],
  read: (sample: Sample) => number | undefined,
): Distribution | undefined {
  const weighed = parts.flatMap(([window, samples]) => weigh(window, samples, read))
  const total = weighed.reduce((sum, [, weight]) => sum + weight, 0)
  if (weighed.length === 0) return undefined
  const sorted = weighed.toSorted(([left], [right]) => left - right)
  const mean = sorted.reduce((sum, [value, weight]) => sum + value * weight, 0) / total
  const count = sorted.length
  const quantiles = QUANTILES.filter(([, q]) => supportsQuantile(count, q)).map(
    ([name, q]) => [name, valueAt(sorted, q * total)] as const,
  )
  return {
    count,
    sum: mean * count,
    mean,
    min: sorted[0]![0],
    max: sorted.at(-1)![0],
    quantiles: Object.fromEntries(quantiles),
    method: 'exact',
  }
}

type Weighed = readonly [value: number, weight: number]

function weigh(
  { startAt, endAt }: Window,
  samples: readonly Sample[],
  read: (sample: Sample) => number | undefined,
): readonly Weighed[] {
  const known = samples.flatMap((sample) => {
    const value = read(sample)
    return value === undefined ? [] : [{ at: Math.min(endAt, Math.max(startAt, sample.at)), value }]
  })
  return known.map(({ at, value }, place) => {
    const from = place === 0 ? startAt : (known[place - 1]!.at + at) / 2
    const to = place === known.length - 1 ? endAt : (at + known[place + 1]!.at) / 2
    // Readings at one instant still count for something.
    return [value, Math.max(to - from, Number.MIN_VALUE)]
  })
}

function valueAt(sorted: readonly Weighed[], weight: number): number {
  let passed = 0
  for (const [value, share] of sorted) {
    passed += share
    if (passed >= weight) return value
  }
  return sorted.at(-1)![0]
}
