/** What a tool reports less what the server's log says: the same sum for everyone, whatever a tool tells of single requests. */
import { quantileOfSorted } from '../../../src/core/stats/quantile.ts'
import type { Reported } from './reports.ts'

/** Milliseconds; of TTFT and of gaps, the reported figure less the true one. */
export interface Errors {
  readonly ttftMean: number
  readonly ttftP99: number
  readonly gapP50: number
  readonly gapP99: number
}

export const ERROR_NAMES: readonly (keyof Errors)[] = ['ttftMean', 'ttftP99', 'gapP50', 'gapP99']

/** Throws when the tool and the server do not speak of the same number of requests. */
export function measureErrors(reported: Reported, log: string): Errors {
  const truths = selectTruths(reported, log)
  const trueTtfts = truths.map(({ arrivedAt, sentAt }) => sentAt[0]! - arrivedAt)
  const trueGaps = truths.flatMap(({ sentAt }) => sentAt.slice(1).map((at, place) => at - sentAt[place]!))
  const less = (pick: (values: readonly number[]) => number, said: readonly number[], was: readonly number[]): number =>
    pick(said) - pick(was)
  return {
    ttftMean: less(mean, reported.ttftMs, trueTtfts),
    ttftP99: less((values) => quantile(values, 0.99), reported.ttftMs, trueTtfts),
    gapP50: less((values) => quantile(values, 0.5), reported.gapsMs, trueGaps),
    gapP99: less((values) => quantile(values, 0.99), reported.gapsMs, trueGaps),
  }
}

interface TruthAnswer {
  readonly id: string
  /** When the server had read the whole request, ms. */
  readonly arrivedAt: number
  /** Right before each event was written, ms. */
  readonly sentAt: readonly number[]
}

/** Those that a tool tells of. Before its load it may have tried the server: the last as many as it reports count. */
function selectTruths({ ttftMs, ids }: Reported, log: string): readonly TruthAnswer[] {
  const wanted = ids === undefined ? undefined : new Set(ids)
  const meant = readTruths(log).filter(({ id }) => wanted?.has(id) ?? true)
  if (ttftMs.length === 0) throw new Error('it reports no answer')
  const last = meant.sort((a, b) => a.arrivedAt - b.arrivedAt).slice(-ttftMs.length)
  if (last.length < ttftMs.length) throw new Error(`it reports ${ttftMs.length} answers, the server ${last.length}`)
  return last
}

/** Lines of `id arrival count instant...` in nanoseconds, those without an id included: peers send none. */
function readTruths(log: string): TruthAnswer[] {
  const lines = log.split('\n').map((line) => line.split(' '))
  return lines.flatMap(([id, arrived, count, ...instants]) =>
    id === undefined || count === undefined || instants.length !== Number(count)
      ? []
      : [{ id, arrivedAt: Number(arrived) / 1e6, sentAt: instants.map((instant) => Number(instant) / 1e6) }],
  )
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN
  return quantileOfSorted(Float64Array.from(values).sort(), q)
}

/** A figure over several rounds. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = Float64Array.from(values).sort()
  return { median: quantileOfSorted(sorted, 0.5), least: sorted[0]!, most: sorted.at(-1)! }
}

/** Below this an error is no more than the loopback's own time: a ratio to it would say nothing. */
const SMALLEST_MS = 0.005

/** How many times the other's error ours is, round by round: what both met in one round was the same machine. */
export function ratiosOf(
  one: readonly (Errors | undefined)[],
  other: readonly (Errors | undefined)[],
): Spread | undefined {
  const ratios = one.flatMap((errors, round) => {
    const against = other[round]
    if (errors === undefined || against === undefined) return []
    const least = Math.abs(against.ttftMean)
    return least < SMALLEST_MS ? [] : [Math.abs(errors.ttftMean) / least]
  })
  return spreadOf(ratios)
}
