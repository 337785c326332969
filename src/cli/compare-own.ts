/** Two results by our own rules: what may be compared, and how it is shown. */
import { type Comparison, compareSides, listDifferences } from '../core/compare/comparison.ts'
import { renderComparisonMarkdown, renderComparisonTable } from '../core/compare/text.ts'
import { compareFingerprints } from '../core/engine/fingerprint.ts'
import { BenchError } from '../core/errors.ts'
import { renderJson } from '../core/report/json.ts'
import type { ResultSource } from './results.ts'

export const FORMATS = ['table', 'json', 'markdown'] as const
/** Percent by which a figure may be worse where nothing is said. */
const THRESHOLD_PCT = 10

/** Throws a usage error for what cannot be compared, and for what is unlike unless it is forced. */
export function makeComparison(
  old: ResultSource,
  now: ResultSource,
  { failAt = THRESHOLD_PCT, force }: { readonly failAt: number | undefined; readonly force: boolean },
): Comparison {
  const { unlike, differences } = findDifferences(old, now)
  if (unlike.length > 0 && !force) {
    throw new BenchError(
      'usage',
      `${old.path} and ${now.path} are unlike: ${unlike.join('; ')}; --force compares them all the same`,
    )
  }
  const comparison = compareSides(nameSide(old), nameSide(now), failAt, {
    unlike,
    differences,
    doubts: [...describeDoubt('before', old), ...describeDoubt('after', now)],
  })
  if (comparison.loads.length === 0) {
    throw new BenchError(
      'usage',
      `${old.path} and ${now.path} have no load in common: ${comparison.only_before.join(', ')} and ${comparison.only_after.join(', ')}`,
    )
  }
  return comparison
}

function nameSide({ path, name, loads }: ResultSource): { name: string; loads: ResultSource['loads'] } {
  return { name: name === path ? path : `${path} (${name})`, loads }
}

/** What was asked, and what the numbers mean, must match; who is measured and by what machine may differ, and is said. */
function findDifferences(old: ResultSource, now: ResultSource): Pick<Comparison, 'unlike' | 'differences'> {
  const [a, b] = [old.run?.manifest.fingerprint, now.run?.manifest.fingerprint]
  if (a === undefined || b === undefined) return { unlike: listDifferences(old, now), differences: [] }
  const found = compareFingerprints(a, b)
  const unlike = found.filter(
    ({ about, name }) => (about === 'what is asked' && name !== 'seed') || about === 'what numbers mean',
  )
  const linesOf = (list: typeof found): string[] => list.map(({ line }) => line)
  return { unlike: linesOf(unlike), differences: linesOf(found.filter((one) => !unlike.includes(one))) }
}

function describeDoubt(side: string, { run }: ResultSource): string[] {
  const { status = 'VALID', reasons = [] } = run?.summary.verdict ?? {}
  if (status === 'VALID') return []
  return [`${side} is ${status}: ${[...new Set(reasons.map(({ code }) => code))].join(', ')}`]
}

export function showComparison(comparison: Comparison, format: (typeof FORMATS)[number]): string {
  if (format === 'json') return renderJson(comparison)
  return format === 'markdown' ? renderComparisonMarkdown(comparison) : renderComparisonTable(comparison)
}
