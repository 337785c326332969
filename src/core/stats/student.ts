/** Student's distribution, exactly: for intervals of a mean over few runs. */

/**
 * P(|T| <= t) for a whole number of degrees of freedom, as the finite sums 26.7.3 and 26.7.4 of Abramowitz and Stegun;
 * `angle` is atan(t / sqrt(degrees)).
 */
function insideOf(angle: number, degrees: number): number {
  const cosine = Math.cos(angle)
  const odd = degrees % 2 === 1
  let term = odd ? cosine : 1
  let sum = degrees === 1 ? 0 : term
  for (let k = odd ? 3 : 2; k < degrees; k += 2) {
    term *= ((k - 1) / k) * cosine * cosine
    sum += term
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum
}

/**
 * The t with P(|T| <= t) = `confidence`, as for two-sided intervals. `degrees` is a whole number from 1 on; the time grows with it,
 * and it is meant for numbers of runs. Right to about 12 digits.
 */
export function studentT(confidence: number, degrees: number): number {
  if (!(confidence > 0 && confidence < 1) || !Number.isInteger(degrees) || degrees < 1) {
    throw new RangeError(`Student's t at ${confidence} with ${degrees} degrees of freedom`)
  }
  let [low, high] = [0, Math.PI / 2]
  for (let step = 0; step < 64; step++) {
    const middle = (low + high) / 2
    if (insideOf(middle, degrees) < confidence) low = middle
    else high = middle
  }
  return Math.tan((low + high) / 2) * Math.sqrt(degrees)
}

/** A mean and where the true one lies with the confidence asked for; no interval from a single value. */
export interface MeanInterval {
  readonly count: number
  readonly mean: number
  /** Sample deviation (n - 1). */
  readonly deviation?: number
  readonly low?: number
  readonly high?: number
}

/** undefined for no values. */
export function intervalOfMean(values: readonly number[], confidence = 0.95): MeanInterval | undefined {
  const count = values.length
  if (count === 0) return undefined
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  if (count === 1) return { count, mean }
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / (count - 1))
  const margin = (studentT(confidence, count - 1) * deviation) / Math.sqrt(count)
  return { count, mean, deviation, low: mean - margin, high: mean + margin }
}

/**
 * The interval of the difference of two means (`after` - `before`) that may differ in spread: Welch's, with the degrees of
 * freedom of Welch and Satterthwaite rounded down. undefined below two values on a side.
 */
export function intervalOfDifference(
  before: readonly number[],
  after: readonly number[],
  confidence = 0.95,
): { readonly difference: number; readonly low: number; readonly high: number } | undefined {
  const [a, b] = [intervalOfMean(before), intervalOfMean(after)]
  if (a?.deviation === undefined || b?.deviation === undefined) return undefined
  const [va, vb] = [a.deviation ** 2 / a.count, b.deviation ** 2 / b.count]
  const difference = b.mean - a.mean
  if (va + vb === 0) return { difference, low: difference, high: difference }
  const degrees = (va + vb) ** 2 / (va ** 2 / (a.count - 1) + vb ** 2 / (b.count - 1))
  const margin = studentT(confidence, Math.max(1, Math.floor(degrees))) * Math.sqrt(va + vb)
  return { difference, low: difference - margin, high: difference + margin }
}
