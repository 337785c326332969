/** A composite for each length of prompt, and how much worse the worst length is. */
import type { LoadResult } from '../compat/probador/result.ts'
import { conclude, valuesOf, weightsAt } from './composite.ts'
import { COMPOSITE_METRICS, type CompositeMetric, type Contract, type ScoreRules } from './contract.ts'
import { PROMPT_CATEGORIES, type PromptCategory, promptCategory } from './names.ts'
import { gradeOf, scoreMetric } from './points.ts'

export interface ProfileEntry {
  readonly name: string
  readonly profile: PromptCategory
  readonly avg_prompt_tokens: number
  /** Without bonus, without penalty. Absent when too little was measured. */
  readonly composite?: number
  readonly grade?: string
  readonly decode_tok_s?: number
  readonly ttft_p50_ms?: number
  readonly itl_p50_ms?: number
  readonly not_measured?: readonly CompositeMetric[]
}

export interface ConsistencyEntry {
  readonly name: string
  readonly best_score: number
  readonly worst_score: number
  /** Percent. */
  readonly consistency: number
  readonly grade: string
}

export interface ProfileCard {
  readonly concurrency: number
  readonly entries: readonly ProfileEntry[]
  readonly consistency: readonly ConsistencyEntry[]
  /** Results that do not say how long their prompts were; absent: all do. */
  readonly not_measured?: readonly string[]
}

/** Of several results of one name and length the last counts. */
export function scoreProfiles(results: readonly LoadResult[], contract: Contract, rules: ScoreRules): ProfileCard {
  const concurrency = results[0]?.concurrency ?? 1
  const latest = new Map<string, ProfileEntry>()
  const unknown: string[] = []
  for (const result of results) {
    const tokens = meanPromptTokens(result, rules)
    if (tokens === undefined) {
      unknown.push(result.runtime_name)
      continue
    }
    const entry = describeProfile(result, tokens, concurrency, contract, rules)
    latest.set(JSON.stringify([entry.name, entry.profile]), entry)
  }
  const entries = [...latest.values()].sort(
    (a, b) =>
      compareText(a.name, b.name) || PROMPT_CATEGORIES.indexOf(a.profile) - PROMPT_CATEGORIES.indexOf(b.profile),
  )
  return {
    concurrency,
    entries,
    consistency: compareProfiles(entries, contract),
    ...(unknown.length > 0 && { not_measured: unknown }),
  }
}

/** By code points, as bytes of UTF-8 sort, whatever the reader's language. */
export function compareText(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  const at = left.findIndex((character, index) => character !== right[index])
  if (at < 0) return left.length - right.length
  return left[at]!.codePointAt(0)! - (right[at]?.codePointAt(0) ?? -1)
}

/** Only answers that came count their prompt; the original divides by all requests, and takes no count for a micro prompt. */
function meanPromptTokens(
  { total_requests = 0, successful = total_requests, prompt_tokens_total: tokens = 0 }: LoadResult,
  { missing }: ScoreRules,
): number | undefined {
  if (missing === 'lose') return total_requests > 0 ? tokens / total_requests : 0
  return successful > 0 && tokens > 0 ? tokens / successful : undefined
}

function describeProfile(
  result: LoadResult,
  tokens: number,
  concurrency: number,
  contract: Contract,
  rules: ScoreRules,
): ProfileEntry {
  const weights = weightsAt(concurrency, contract)
  const values = valuesOf(result, [], rules)
  const scores = Object.fromEntries(
    COMPOSITE_METRICS.flatMap((metric) => {
      const value = values[metric]
      if (value === undefined || weights[metric] === undefined) return []
      return [[metric, { score: scoreMetric(value, contract.thresholds[metric]) }]]
    }),
  )
  return {
    name: result.runtime_name,
    profile: promptCategory(tokens),
    avg_prompt_tokens: tokens,
    ...conclude(scores, weights, contract, rules),
    ...(values.decode_tok_s === undefined ? {} : { decode_tok_s: values.decode_tok_s }),
    ...(values.ttft_p50_ms === undefined ? {} : { ttft_p50_ms: values.ttft_p50_ms }),
    ...(values.itl_p50_ms === undefined ? {} : { itl_p50_ms: values.itl_p50_ms }),
  }
}

function compareProfiles(entries: readonly ProfileEntry[], contract: Contract): ConsistencyEntry[] {
  const names = [...new Set(entries.map(({ name }) => name))]
  return names
    .flatMap((name) => {
      const scores = entries.flatMap((entry) =>
        entry.name === name && entry.composite !== undefined ? [entry.composite] : [],
      )
      if (scores.length < 2) return []
      const best = Math.max(...scores)
      const worst = Math.min(...scores)
      const consistency = best === 0 ? 0 : Math.round((worst / best) * 100)
      const grade = gradeOf(consistency, contract)
      return [{ name, best_score: best, worst_score: worst, consistency, grade }]
    })
    .sort((a, b) => b.consistency - a.consistency)
}
