/** Decoding by length of the answer: the mean of per-request ITLs in three buckets. */
import { meanOf } from '../compat/percentiles.ts'
import type { LoadResult } from '../compat/probador/result.ts'
import type { Contract, ScoreRules } from './contract.ts'
import type { FlatCard } from './flat.ts'
import { OUTPUT_CATEGORIES, type OutputCategory, outputCategory } from './names.ts'
import { gradeOf, scoreMetric } from './points.ts'
import { compareText } from './profile.ts'

export interface OutputLengthEntry {
  readonly name: string
  readonly category: OutputCategory
  readonly request_count: number
  readonly avg_output_tokens: number
  readonly decode_tok_s: number
  /** A mean, whatever its name says. */
  readonly itl_p50_ms: number
  readonly score: number
  readonly grade: string
}

export function scoreOutputLengths(
  results: readonly LoadResult[],
  contract: Contract,
  rules: ScoreRules,
): FlatCard<OutputLengthEntry> {
  const entries: OutputLengthEntry[] = []
  const missing: string[] = []
  for (const result of results) {
    const buckets = OUTPUT_CATEGORIES.flatMap((category) => describeBucket(result, category, contract, rules))
    entries.push(...buckets)
    if (buckets.length === 0) missing.push(result.runtime_name)
  }
  entries.sort(
    (a, b) =>
      compareText(a.name, b.name) || OUTPUT_CATEGORIES.indexOf(a.category) - OUTPUT_CATEGORIES.indexOf(b.category),
  )
  return { entries, not_measured: missing }
}

/** An answer of one token has no gap: it says nothing, where the original took its ITL of 0 for the best there is. */
function describeBucket(
  result: LoadResult,
  category: OutputCategory,
  contract: Contract,
  rules: ScoreRules,
): OutputLengthEntry[] {
  const answers = (result.request_details ?? []).filter(
    ({ completion_tokens, itl_ms }) =>
      outputCategory(completion_tokens) === category && (rules.missing === 'lose' || (itl_ms ?? 0) > 0),
  )
  if (answers.length === 0) return []
  const itl = meanOf(answers.map(({ itl_ms }) => itl_ms ?? 0))
  const score = scoreMetric(itl, contract.thresholds.itl_p50_ms)
  return [
    {
      name: result.runtime_name,
      category,
      request_count: answers.length,
      avg_output_tokens: meanOf(answers.map(({ completion_tokens }) => completion_tokens)),
      decode_tok_s: itl > 0 ? 1000 / itl : 0,
      itl_p50_ms: itl,
      score,
      grade: gradeOf(score, contract),
    },
  ]
}
