/** How much of each further stream arrives as throughput: peak / (one stream's decoding speed x streams at the peak). */
import type { LoadResult } from '../compat/probador/result.ts'
import type { Contract, ScoreRules } from './contract.ts'
import { type FlatCard, rank, type Scored } from './flat.ts'
import { stripConcurrency } from './names.ts'

export interface ScalingEntry extends Scored {
  readonly c1_decode_tok_s: number
  readonly peak_aggregate_tok_s: number
  readonly peak_concurrency: number
  readonly scaling_efficiency: number
}

export function scoreScaling(
  results: readonly LoadResult[],
  contract: Contract,
  rules: ScoreRules,
): FlatCard<ScalingEntry> {
  const groups = new Map<string, LoadResult[]>()
  for (const result of results) {
    const name = stripConcurrency(result.runtime_name)
    groups.set(name, [...(groups.get(name) ?? []), result])
  }
  const named = [...groups].map(([name, group]) => ({ name, facts: factsOf(group, rules) }))
  return rank<ScalingEntry>(
    named,
    { metric: 'scaling_efficiency', value: ({ scaling_efficiency }) => scaling_efficiency },
    contract,
    rules,
  )
}

function factsOf(group: readonly LoadResult[], rules: ScoreRules): Omit<ScalingEntry, keyof Scored> | undefined {
  const levels = new Set(group.map(({ concurrency }) => concurrency))
  const alone = group.filter(({ concurrency }) => concurrency === 1).map((result) => result.decode_tok_per_sec ?? 0)
  const decode = Math.max(0, ...alone)
  if (levels.size < 2 || decode <= 0) return undefined
  const peak = group
    .filter(({ concurrency }) => rules.peak === 'anywhere' || concurrency > 1)
    .reduce<LoadResult | undefined>(
      (best, result) => ((result.tokens_per_sec ?? 0) > (best?.tokens_per_sec ?? 0) ? result : best),
      undefined,
    )
  if (peak?.tokens_per_sec === undefined) return undefined
  return {
    c1_decode_tok_s: decode,
    peak_aggregate_tok_s: peak.tokens_per_sec,
    peak_concurrency: peak.concurrency,
    scaling_efficiency: peak.tokens_per_sec / (decode * peak.concurrency),
  }
}
