/** From a value to points, from points to a grade. Whole numbers throughout: no sum depends on its order. */
import { roundHalfAway } from '../compat/format.ts'
import type { Contract, Threshold, Weights } from './contract.ts'

const GOOD = 75
const BELOW_GOOD = 74

/** 0 to 100; 75 is exactly good, and nothing below good gets more than 74. What is no number gets 74, as in the original. */
export function scoreMetric(value: number, { excellent, good, higher_is_better }: Threshold): number {
  if (Number.isNaN(value)) return BELOW_GOOD
  if (higher_is_better) {
    if (value >= excellent) return 100
    if (value <= 0) return 0
    if (value >= good) return roundHalfAway(GOOD + (25 * (value - good)) / (excellent - good))
    return Math.min(roundHalfAway((GOOD * value) / good), BELOW_GOOD)
  }
  if (value <= excellent) return 100
  if (value <= good) return roundHalfAway(GOOD + (25 * (good - value)) / (good - excellent))
  return good > 0 ? Math.min(roundHalfAway((GOOD * good) / value), BELOW_GOOD) : 0
}

/** Points off for uneven tokens: at most 20 for spikes and 10 for the coefficient of variation. */
export function jitterPenalty({
  itl_cv,
  spike_count,
}: {
  readonly itl_cv: number
  readonly spike_count: number
}): number {
  const variation = Number.isNaN(itl_cv) ? 10 : Math.min(100 * itl_cv, 10)
  return Math.min(roundHalfAway(Math.min(2 * spike_count, 20) + variation), 30)
}

/** The last grade for what is below all. */
export function gradeOf(score: number, { grades }: Pick<Contract, 'grades'>): string {
  return (grades.find(([min]) => score >= min) ?? grades.at(-1))?.[1] ?? ''
}

/** Millionths, so that weights written with up to six decimals are exact. */
const UNIT = 1_000_000

export interface Composite {
  /** Whole points, halves up; undefined when nothing was measured. */
  readonly points?: number
  /** Share of the weight that was measured, 0 to 1. */
  readonly measured: number
}

/** `lose`: a missing metric counts as 0 points. */
export function compose(
  weights: Weights,
  scores: Readonly<Record<string, number | undefined>>,
  missing: 'renormalise' | 'lose',
): Composite {
  let sum = 0
  let measured = 0
  let all = 0
  for (const [metric, weight] of Object.entries(weights)) {
    const units = Math.round((weight ?? 0) * UNIT)
    const score = scores[metric]
    all += units
    if (score === undefined) continue
    measured += units
    sum += units * score
  }
  const whole = missing === 'lose' ? UNIT : measured
  const share = all === 0 ? 0 : measured / all
  if (whole === 0) return { measured: share }
  return { points: Math.min(Math.floor((2 * sum + whole) / (2 * whole)), 100), measured: share }
}
