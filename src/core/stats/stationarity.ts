/** Is a series of batch means going somewhere, and from where on is it not? */

/**
 * The test of Mann (1945) and Kendall (1975) for a monotone trend, with the correction for ties: a standard normal figure,
 * positive when values rise. By ranks, so that one slow batch is no trend. 0 below three values.
 */
export function trendScore(values: readonly number[]): number {
  const n = values.length
  if (n < 3) return 0
  let score = 0
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) score += Math.sign(values[j]! - values[i]!)
  const ties = new Map<number, number>()
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1)
  let variance = n * (n - 1) * (2 * n + 5)
  for (const t of ties.values()) variance -= t * (t - 1) * (2 * t + 5)
  if (variance <= 0) return 0
  return (score - Math.sign(score)) / Math.sqrt(variance / 18)
}

/**
 * The change from the first value to the last along the median of all slopes between two values (Theil 1950, Sen 1968), in
 * the values' own unit: how large a trend is, which no test of its existence says.
 */
export function trendChange(values: readonly number[]): number {
  const slopes: number[] = []
  for (let i = 0; i < values.length; i++) {
    for (let j = i + 1; j < values.length; j++) slopes.push((values[j]! - values[i]!) / (j - i))
  }
  return slopes.length === 0 ? 0 : medianOf(slopes) * (values.length - 1)
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const ROUNDING = 1e-9

/**
 * How many values to leave out at the start so that the mean of the others is known best: the marginal standard error rule
 * on batch means (MSER-5: White 1997; White, Cobb and Spratt 2000). At most half may go; undefined when the best cut lies there,
 * since the series then has no steady part that it shows.
 */
export function findSteadyStart(values: readonly number[]): number | undefined {
  const n = values.length
  const most = Math.floor(n / 2)
  let best = 0
  let least = Number.POSITIVE_INFINITY
  let count = 0
  let mean = 0
  let squares = 0
  // From the end, so that each value is added once (Welford).
  for (let start = n - 1; start >= 0; start--) {
    count++
    const delta = values[start]! - mean
    mean += delta / count
    squares += delta * (values[start]! - mean)
    const error = squares / (count * count)
    // Of equal errors the longer series wins; what rounding makes of equal values is equal.
    if (start > most || error > least + (mean * ROUNDING) ** 2) continue
    least = Math.min(least, error)
    best = start
  }
  return best === most && most > 0 ? undefined : best
}
