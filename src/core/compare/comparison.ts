/** Two sets of loads, each with its counterpart. */
import type { MeasuredLoad } from '../compat/result-file.ts'
import { type Change, compareLoads } from './figures.ts'

export interface ComparedLoad {
  readonly label: string
  readonly changes: readonly Change[]
}

export interface Comparison {
  /** Format version. */
  readonly v: 1
  readonly kind: 'comparison'
  readonly before: string
  readonly after: string
  /** Percent by which a figure may be worse. */
  readonly threshold_pct: number
  readonly loads: readonly ComparedLoad[]
  /** Labels of loads without a counterpart, by side. */
  readonly only_before: readonly string[]
  readonly only_after: readonly string[]
  /** What makes the two unlike, when they were compared all the same. */
  readonly unlike: readonly string[]
}

export interface Side {
  readonly name: string
  readonly loads: readonly MeasuredLoad[]
}

/** Loads of one label belong together; two sides with one load each are compared whatever they are called. */
export function compareSides(
  before: Side,
  after: Side,
  thresholdPct: number,
  unlike: readonly string[] = [],
): Comparison {
  const [only] = before.loads
  const single = before.loads.length === 1 && after.loads.length === 1
  const counterpart = ({ label }: MeasuredLoad): MeasuredLoad | undefined =>
    single ? only : before.loads.find((load) => load.label === label)
  const pairs = after.loads.flatMap((load) => {
    const old = counterpart(load)
    return old === undefined ? [] : [{ old, load }]
  })
  const matched = new Set(pairs.map(({ old }) => old))
  return {
    v: 1,
    kind: 'comparison',
    before: before.name,
    after: after.name,
    threshold_pct: thresholdPct,
    loads: pairs.map(({ old, load }) => ({ label: load.label, changes: compareLoads(old, load, thresholdPct) })),
    only_before: before.loads.filter((load) => !matched.has(load)).map(({ label }) => label),
    only_after: after.loads.filter((load) => counterpart(load) === undefined).map(({ label }) => label),
    unlike,
  }
}

/** Every figure that is judged and worse: a line each, for people. */
export function listRegressions({ loads }: Comparison): string[] {
  return loads.flatMap(({ label, changes }) =>
    changes
      .filter(({ status, figure }) => status === 'worse' && figure.judged)
      .map((change) => describe(label, change)),
  )
}

function describe(label: string, { figure, before, after, change_pct: change }: Change): string {
  const unit = figure.unit === '' ? '' : ` ${figure.unit}`
  const percent = change === undefined ? '' : ` (${change > 0 ? '+' : ''}${change.toFixed(1)} %)`
  const digits = figure.field === 'error_rate' ? 4 : 2
  return `${label}: ${figure.title} ${before?.toFixed(digits)} -> ${after?.toFixed(digits)}${unit}${percent}`
}

/** What differs between loads of old tools, whose files hold no fingerprint. */
export function listDifferences(before: Side, after: Side): string[] {
  const [a, b] = [before.loads, after.loads]
  if (a.length !== 1 || b.length !== 1) return []
  const [old, now] = [a[0]!.result.concurrency, b[0]!.result.concurrency]
  return old === now ? [] : [`concurrency: ${old} and ${now}`]
}
