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
  const unlike = findUnlike(old, now)
  if (unlike.length > 0 && !force) {
    throw new BenchError(
      'usage',
      `${old.path} and ${now.path} are unlike: ${unlike.join('; ')}; --force compares them all the same`,
    )
  }
  const comparison = compareSides(nameSide(old), nameSide(now), failAt, unlike)
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
function findUnlike(old: ResultSource, now: ResultSource): string[] {
  const [a, b] = [old.run?.manifest.fingerprint, now.run?.manifest.fingerprint]
  if (a === undefined || b === undefined) return listDifferences(old, now)
  return compareFingerprints(a, b)
    .filter(({ about, name }) => (about === 'what is asked' && name !== 'seed') || about === 'what numbers mean')
    .map(({ line }) => line)
}

export function showComparison(comparison: Comparison, format: (typeof FORMATS)[number]): string {
  if (format === 'json') return renderJson(comparison)
  return format === 'markdown' ? renderComparisonMarkdown(comparison) : renderComparisonTable(comparison)
}
