/** Energy over a window, out of what one meter said. Pure. */

/** What a meter said at an instant: power, a counter of energy, or both. */
export interface MeterPoint {
  readonly at: number
  readonly powerW?: number
  readonly energyJ?: number
}

export interface Span {
  readonly startAt: number
  readonly endAt: number
}

export type Energy =
  | {
      readonly joules: number
      /** The true energy lies within so much of it, as far as the steps between readings go; the meter's own error comes on top. */
      readonly uncertainJ: number
      readonly how: 'counter' | 'power'
    }
  | { readonly reason: string }

/** Power is not integrated over a gap longer than this, nor than three usual steps. As InferenceX does. */
const LONGEST_GAP_MS = 3000

/** By the counter where there is one that can be true, else by power. */
export function measureEnergy(points: readonly MeterPoint[], span: Span, wrapsAtJ?: number): Energy {
  const counted = countEnergy(points, span, wrapsAtJ)
  const integrated = integratePower(points, span)
  if ('reason' in counted) return 'reason' in integrated && hasCounter(points) ? counted : integrated
  // Some cards' counters are in another unit than they say. Zeus asks for the same factor.
  const absurd = !('reason' in integrated) && integrated.joules > 0 && isFarFrom(counted.joules, integrated)
  return absurd ? integrated : counted
}

function hasCounter(points: readonly MeterPoint[]): boolean {
  return points.some(({ energyJ }) => energyJ !== undefined)
}

function isFarFrom(joules: number, other: Exclude<Energy, { reason: string }>): boolean {
  const [low, high] = [(other.joules - other.uncertainJ) / 10, (other.joules + other.uncertainJ) * 10]
  return joules < low || joules > high
}

interface Point {
  readonly at: number
  readonly value: number
}

/**
 * By a counter: what it rose by, with power taken as constant between two of its values at the edges. Each edge is uncertain by as much of the
 * rise around it as may lie on the other side. A counter that goes back has wrapped at `wrapsAtJ`; without one it was reset, and nothing is known.
 */
export function countEnergy(points: readonly MeterPoint[], span: Span, wrapsAtJ?: number): Energy {
  const risen = unwrap(points, wrapsAtJ)
  if (typeof risen === 'string') return { reason: risen }
  if (risen.length < 2) return { reason: 'its counter of energy has not moved' }
  const [start, end] = [readAt(risen, span.startAt), readAt(risen, span.endAt)]
  if (start === undefined || end === undefined) return { reason: 'its counter was not read around the window' }
  const joules = end.value - start.value
  const uncertain = start.uncertain + end.uncertain
  // Between two values of the counter all of its rise may have been within, or nothing.
  const within = start.step === end.step && uncertain > 0
  return { joules, uncertainJ: within ? Math.max(joules, start.rise - joules) : uncertain, how: 'counter' }
}

/** The counter without jumps; of equal values the first, since one that repeats itself was not read again. */
function unwrap(points: readonly MeterPoint[], wrapsAtJ: number | undefined): readonly Point[] | string {
  const risen: Point[] = []
  let last: number | undefined
  let offset = 0
  for (const { at, energyJ } of points) {
    if (energyJ === undefined || energyJ === last) continue
    if (last !== undefined && energyJ < last) {
      if (wrapsAtJ === undefined || last > wrapsAtJ)
        return 'its counter of energy went back: the driver was loaded again'
      offset += wrapsAtJ
    }
    risen.push({ at, value: energyJ + offset })
    last = energyJ
  }
  return risen
}

interface Edge {
  readonly value: number
  readonly uncertain: number
  /** Which step it lies in, and how far the counter rose in it. */
  readonly step: number
  readonly rise: number
}

/** Where there is no value on one side, the step next to it is taken to go on for as long as it lasted. */
function readAt(points: readonly Point[], at: number): Edge | undefined {
  const after = points.findIndex((point) => point.at >= at)
  const step = Math.min(points.length - 1, Math.max(1, after < 0 ? points.length - 1 : after))
  const [a, b] = [points[step - 1]!, points[step]!]
  const lasted = b.at - a.at
  if (lasted <= 0 || at < a.at - lasted || at > b.at + lasted) return undefined
  const [rise, part] = [b.value - a.value, (at - a.at) / lasted]
  return { value: a.value + part * rise, uncertain: rise * partInDoubt(part), step, rise }
}

/** Of the rise in a step, what may lie on the other side of an edge in it, or what was made up beyond it. */
function partInDoubt(part: number): number {
  if (part <= 0) return -part
  return part >= 1 ? part - 1 : Math.max(part, 1 - part)
}

/**
 * By power: trapezoids between readings, edges interpolated. Where power only rises or only falls from one reading to the next, its integral lies
 * between the two rectangles, so that a trapezoid is wrong by half their difference at most: half of step times change, summed up.
 */
export function integratePower(points: readonly MeterPoint[], span: Span): Energy {
  const told = mergeInstants(points)
  if (told.length < 2) return { reason: 'its power was read less than twice' }
  const steps = told.slice(1).map(({ at }, i) => at - told[i]!.at)
  const usual = [...steps].sort((a, b) => a - b)[steps.length >> 1]!
  const longest = Math.max(LONGEST_GAP_MS, 3 * usual)
  const first = told.findLastIndex(({ at }) => at <= span.startAt)
  const last = told.findIndex(({ at }) => at >= span.endAt)
  const from = first < 0 ? hold(told[0]!, span.startAt, usual) : told[first]!
  const to = last < 0 ? hold(told.at(-1)!, span.endAt, usual) : told[last]!
  if (from === undefined || to === undefined) return { reason: 'its power was not read around the window' }
  const inner = told.slice(first + 1, last < 0 ? told.length : last)
  const bounded = [from, ...inner, to]
  const gap = Math.max(...bounded.slice(1).map(({ at }, i) => at - bounded[i]!.at))
  if (gap > longest) return { reason: `its power was not read for ${(gap / 1000).toFixed(1)} s` }
  const clipped = [interpolate(from, bounded[1]!, span.startAt), ...inner, interpolate(bounded.at(-2)!, to, span.endAt)]
  const { joules, uncertainJ } = sumTrapezoids(clipped)
  const heldJ =
    (Math.max(0, told[0]!.at - span.startAt) * from.value + Math.max(0, span.endAt - told.at(-1)!.at) * to.value) / 1000
  return { joules, uncertainJ: uncertainJ + heldJ, how: 'power' }
}

/** Before the first and after the last a reading stands for two usual steps at most; what it stands for is in doubt. */
function hold({ at, value }: Point, edgeAt: number, usual: number): Point | undefined {
  return Math.abs(edgeAt - at) > 2 * usual ? undefined : { at: edgeAt, value }
}

/** Several readings at one instant are one, their mean. */
function mergeInstants(points: readonly MeterPoint[]): readonly Point[] {
  const merged: { at: number; value: number; count: number }[] = []
  for (const { at, powerW } of points) {
    if (powerW === undefined) continue
    const last = merged.at(-1)
    if (last?.at === at) last.value += (powerW - last.value) / ++last.count
    else merged.push({ at, value: powerW, count: 1 })
  }
  return merged
}

function interpolate(a: Point, b: Point, at: number): Point {
  const lasted = b.at - a.at
  return { at, value: lasted <= 0 ? b.value : a.value + ((at - a.at) / lasted) * (b.value - a.value) }
}

function sumTrapezoids(points: readonly Point[]): { readonly joules: number; readonly uncertainJ: number } {
  let [joules, uncertainJ] = [0, 0]
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!]
    const seconds = (b.at - a.at) / 1000
    joules += (seconds * (a.value + b.value)) / 2
    uncertainJ += (seconds * Math.abs(b.value - a.value)) / 2
  }
  return { joules, uncertainJ }
}
