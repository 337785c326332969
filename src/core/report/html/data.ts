/** What the page's script is given, as JSON in the page. All text in it is shown as text. */

export interface PageData {
  readonly scenarios: readonly PageScenario[]
  /** Seconds since the run's origin. */
  readonly run: Span
  readonly phases: readonly Phase[]
  /** All over the time of the run. */
  readonly timeline: readonly ChartData[]
  /** x is -log10(1 - q): 1 is p90, 2 is p99, 3 is p99.9. */
  readonly percentiles: readonly ChartData[]
  /** Over the load; empty where the run is no sweep. */
  readonly sweep: readonly ChartData[]
}

/** Seconds since the run's origin. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface PageScenario extends Span {
  readonly title: string
}

export interface Phase extends Span {
  readonly kind: 'idle' | 'warmup' | 'measure'
  readonly label: string
}

/** Lines over common places on x, in ascending order. A place without a value breaks the line. */
export interface ChartData {
  /** Kebab case; unique in the page. */
  readonly id: string
  readonly title: string
  readonly unit: string
  /** How it is to be read, on one line. */
  readonly about?: string
  /** `log`: values span so much that a linear axis would hide the small ones. */
  readonly scale: 'linear' | 'log'
  readonly x: readonly number[]
  /** None: nothing was measured, and {@link empty} says why. */
  readonly lines: readonly LineData[]
  readonly empty?: string
  /** What is marked on x: the edge of a sweep. */
  readonly marks?: readonly Mark[]
}

export type Values = readonly (number | null)[]

export interface LineData {
  readonly label: string
  readonly values: Values
  /** From the widest in. */
  readonly bands?: readonly BandData[]
  /** Which scenario it is of, where each has a line: the one that is chosen stands out. */
  readonly scenario?: number
  readonly dashed?: true
}

export interface BandData {
  readonly label: string
  readonly low: Values
  readonly high: Values
}

export interface Mark {
  readonly from: number
  /** The same as {@link from} for a line. */
  readonly to: number
  readonly label: string
}

/** Four digits are more than a screen shows. */
export function shorten(value: number): number
export function shorten(value: number | undefined): number | null
export function shorten(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(4))
}

/** Instants to the millisecond, in seconds. */
export function toSeconds(ms: number): number {
  return Math.round(ms) / 1000
}

/** Beyond so many times its least value a line is drawn on a logarithmic axis. */
const WIDEST_LINEAR = 15

/** From all that is drawn; zero has no place on a logarithmic axis. */
export function chooseScale(lines: readonly LineData[]): ChartData['scale'] {
  let least = Number.POSITIVE_INFINITY
  let most = 0
  for (const { values, bands = [] } of lines) {
    for (const value of [values, ...bands.flatMap(({ low, high }) => [low, high])].flat()) {
      if (value === null) continue
      if (value <= 0) return 'linear'
      least = Math.min(least, value)
      most = Math.max(most, value)
    }
  }
  return most > WIDEST_LINEAR * least ? 'log' : 'linear'
}
