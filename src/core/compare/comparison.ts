/** Two sets of loads, each with its counterpart. */
import type { LoadResult } from '../compat/probador/result.ts'
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
  /** What else differs, and may: who was measured, and by what machine. */
  readonly differences: readonly string[]
  /** Of a run of ours that is not VALID, how far it can be believed: a line each. */
  readonly doubts: readonly string[]
}

/** What readers should know beside the figures. */
export type ComparisonNotes = Pick<Comparison, 'unlike' | 'differences' | 'doubts'>

export interface Side {
  readonly name: string
  readonly loads: readonly MeasuredLoad[]
}

interface Pair {
  readonly old: MeasuredLoad
  readonly load: MeasuredLoad
}

/** Loads of one label belong together; two sides with one load each are compared whatever they are called. */
function pairLoads(before: Side, after: Side): readonly Pair[] {
  const [only] = before.loads
  const single = before.loads.length === 1 && after.loads.length === 1
  return after.loads.flatMap((load) => {
    const old = single ? only : before.loads.find(({ label }) => label === load.label)
    return old === undefined ? [] : [{ old, load }]
  })
}

export function compareSides(before: Side, after: Side, thresholdPct: number, notes: ComparisonNotes): Comparison {
  const pairs = pairLoads(before, after)
  const matched = new Set(pairs.flatMap(({ old, load }) => [old, load]))
  return {
    v: 1,
    kind: 'comparison',
    before: before.name,
    after: after.name,
    threshold_pct: thresholdPct,
    loads: pairs.map(({ old, load }) => ({ label: load.label, changes: compareLoads(old, load, thresholdPct) })),
    only_before: before.loads.filter((load) => !matched.has(load)).map(({ label }) => label),
    only_after: after.loads.filter((load) => !matched.has(load)).map(({ label }) => label),
    ...notes,
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
  return pairLoads(before, after).flatMap(({ old, load }) => {
    const [a, b] = [old.result.concurrency, load.result.concurrency]
    if (a !== b) return [`concurrency: ${a} and ${b}`]
    const [few, many] = [meanPrompt(old.result), meanPrompt(load.result)]
    if (few === undefined || many === undefined || Math.max(few, many) < OTHER_PROMPTS * Math.min(few, many)) return []
    return [`prompts at ${load.label}: ${few.toFixed(0)} and ${many.toFixed(0)} tokens on average`]
  })
}

/** Times as long: more than templates and tokenizers of two servers differ on the same prompts. */
const OTHER_PROMPTS = 2

/** Tokens; undefined where they were not counted. */
function meanPrompt({ prompt_tokens_total: tokens = 0, total_requests: requests = 0 }: LoadResult): number | undefined {
  return tokens > 0 && requests > 0 ? tokens / requests : undefined
}
