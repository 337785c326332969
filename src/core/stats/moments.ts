/**
 * Mean and deviation in one pass, without the cancellation of a sum of squares: Welford's update, with weights, and the
 * pairwise merge of Chan, Golub and LeVeque (1979).
 */
export interface Moments {
  count: number
  sum: number
  mean: number
  /** Sum of squared differences from the mean. */
  squares: number
  min: number
  max: number
}

export function emptyMoments(): Moments {
  return { count: 0, sum: 0, mean: 0, squares: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }
}

/** Adds `weight` samples of the same value. */
export function addToMoments(moments: Moments, value: number, weight: number): void {
  const count = moments.count + weight
  const delta = value - moments.mean
  moments.mean += (delta * weight) / count
  moments.squares += weight * delta * (value - moments.mean)
  moments.sum += value * weight
  moments.count = count
  if (value < moments.min) moments.min = value
  if (value > moments.max) moments.max = value
}

/** Joins `other` into `moments`. */
export function mergeMoments(moments: Moments, other: Moments): void {
  if (other.count === 0) return
  const count = moments.count + other.count
  const delta = other.mean - moments.mean
  moments.mean += (delta * other.count) / count
  moments.squares += other.squares + (delta * delta * moments.count * other.count) / count
  moments.sum += other.sum
  moments.count = count
  moments.min = Math.min(moments.min, other.min)
  moments.max = Math.max(moments.max, other.max)
}

/** Sample standard deviation (n - 1); undefined below two samples. */
export function deviationOf(moments: Moments): number | undefined {
  return moments.count < 2 ? undefined : Math.sqrt(Math.max(0, moments.squares) / (moments.count - 1))
}
