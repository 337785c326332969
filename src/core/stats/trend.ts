/** A straight line through points, in one pass: least squares by centred sums, merged as in `moments.ts`. */
export interface Trend {
  count: number
  meanX: number
  meanY: number
  /** Sums of products of differences from the means. */
  xx: number
  xy: number
  yy: number
}

export function emptyTrend(): Trend {
  return { count: 0, meanX: 0, meanY: 0, xx: 0, xy: 0, yy: 0 }
}

export function addToTrend(trend: Trend, x: number, y: number): void {
  mergeTrend(trend, { count: 1, meanX: x, meanY: y, xx: 0, xy: 0, yy: 0 })
}

/** Joins `other` into `trend`. */
export function mergeTrend(trend: Trend, other: Trend): void {
  if (other.count === 0) return
  const count = trend.count + other.count
  const [dx, dy] = [other.meanX - trend.meanX, other.meanY - trend.meanY]
  const weight = (trend.count * other.count) / count
  trend.xx += other.xx + dx * dx * weight
  trend.xy += other.xy + dx * dy * weight
  trend.yy += other.yy + dy * dy * weight
  trend.meanX += (dx * other.count) / count
  trend.meanY += (dy * other.count) / count
  trend.count = count
}

export interface Line {
  /** y a unit of x. */
  readonly slope: number
  /** Share of the spread of y that the line explains (r²), 0 to 1. */
  readonly fit: number
}

/** undefined below three points, and where all have one x. */
export function lineOf({ count, xx, xy, yy }: Trend): Line | undefined {
  if (count < 3 || xx <= 0) return undefined
  return { slope: xy / xx, fit: yy > 0 ? Math.min(1, (xy * xy) / (xx * yy)) : 0 }
}
