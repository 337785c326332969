/** The cards of one value: a line a result, best first. Field names are probador's. */
import type { LoadResult } from '../compat/probador/result.ts'
import type { CardMetric, Contract, ScoreRules } from './contract.ts'
import { gradeOf, scoreMetric } from './points.ts'

export interface Scored {
  readonly name: string
  readonly score: number
  readonly grade: string
  readonly best: boolean
}

export interface LayerEntry extends Scored {
  readonly us_per_layer: number
  readonly num_layers: number
}

export interface CorrectnessEntry extends Scored {
  readonly pass_rate: number
  readonly total: number
  readonly passed: number
}

export interface MemoryEntry extends Scored {
  readonly vram_used_mb: number
  readonly vram_total_mb?: number
  readonly tok_per_sec_per_gb: number
}

export interface ColdStartEntry extends Scored {
  readonly cold_start_ms: number
}

export interface PowerEntry extends Scored {
  readonly mean_power_w: number
  readonly energy_per_token_mj?: number
  readonly tok_per_watt: number
}

/** Lines of a card, and which results have none because the value was not measured. */
export interface FlatCard<Entry> {
  readonly entries: readonly Entry[]
  readonly not_measured: readonly string[]
}

type Facts<Entry extends Scored> = Omit<Entry, keyof Scored>

/** Which threshold a card has, and the value that it is put to. */
export interface Measure<Entry extends Scored> {
  readonly metric: CardMetric
  value(facts: Facts<Entry>): number
}

/** `facts`: undefined when it was not measured. Equal values keep the order of the results. */
export function rank<Entry extends Scored>(
  results: readonly { readonly name: string; readonly facts: Facts<Entry> | undefined }[],
  measure: Measure<Entry>,
  contract: Contract,
  rules: ScoreRules,
): FlatCard<Entry> {
  const threshold = contract.thresholds[measure.metric]
  const sign = threshold.higher_is_better ? -1 : 1
  const measured = results
    .flatMap(({ name, facts }) => (facts === undefined ? [] : [{ name, facts, value: measure.value(facts) }]))
    .sort((a, b) => sign * (a.value - b.value))
  const entries = measured.map(({ name, facts, value }, place) => {
    const score = scoreMetric(value, threshold)
    const best = rules.ties === 'share' ? value === measured[0]!.value : place === 0
    return { name, ...facts, score, grade: gradeOf(score, contract), best } as unknown as Entry
  })
  return { entries, not_measured: results.filter(({ facts }) => facts === undefined).map(({ name }) => name) }
}

/** A card of results, one by one. */
function cardOf<Entry extends Scored>(
  measure: Measure<Entry>,
  factsOf: (result: LoadResult) => Facts<Entry> | undefined,
): (results: readonly LoadResult[], contract: Contract, rules: ScoreRules) => FlatCard<Entry> {
  return (results, contract, rules) => {
    const named = results.map((result) => ({ name: result.runtime_name, facts: factsOf(result) }))
    return rank<Entry>(named, measure, contract, rules)
  }
}

export type FlatScorer<Entry> = (
  results: readonly LoadResult[],
  contract: Contract,
  rules: ScoreRules,
) => FlatCard<Entry>

export const scoreLayers: FlatScorer<LayerEntry> = cardOf<LayerEntry>(
  { metric: 'us_per_layer', value: ({ us_per_layer }) => us_per_layer },
  ({ decode_us_per_layer: cost = 0, num_layers }) =>
    cost > 0 && num_layers !== undefined ? { us_per_layer: cost, num_layers } : undefined,
)

export const scoreCorrectness: FlatScorer<CorrectnessEntry> = cardOf<CorrectnessEntry>(
  { metric: 'pass_rate', value: ({ pass_rate }) => pass_rate },
  ({ quality }) =>
    quality !== undefined && quality.total_validated > 0
      ? { pass_rate: quality.pass_rate, total: quality.total_validated, passed: quality.passed }
      : undefined,
)

/** Decoding speed of one stream for each GiB in use: meant for one stream, since it does not count the others. */
export const scoreMemory: FlatScorer<MemoryEntry> = cardOf<MemoryEntry>(
  { metric: 'tok_per_sec_per_gb', value: ({ tok_per_sec_per_gb }) => tok_per_sec_per_gb },
  ({ gpu_telemetry: gpu, decode_tok_per_sec: decode }) => {
    const used = gpu?.memory_used_mb?.max ?? 0
    if (used <= 0 || decode === undefined) return undefined
    const total = gpu?.memory_total_mb
    return {
      vram_used_mb: used,
      ...(total === undefined ? {} : { vram_total_mb: total }),
      tok_per_sec_per_gb: decode / (used / 1024),
    }
  },
)

export const scoreColdStart: FlatScorer<ColdStartEntry> = cardOf<ColdStartEntry>(
  { metric: 'cold_start_ms', value: ({ cold_start_ms }) => cold_start_ms },
  ({ cold_start_ms: ms = 0 }) => (ms > 0 ? { cold_start_ms: ms } : undefined),
)

export const scorePower: FlatScorer<PowerEntry> = cardOf<PowerEntry>(
  { metric: 'tok_per_watt', value: ({ tok_per_watt }) => tok_per_watt },
  ({ gpu_telemetry: gpu, decode_tok_per_sec: decode = 0 }) => {
    const power = gpu?.power_draw_w?.mean ?? 0
    if (power <= 0 || decode <= 0) return undefined
    const energy = gpu?.energy_per_token_mj
    return {
      mean_power_w: power,
      ...(energy === undefined ? {} : { energy_per_token_mj: energy }),
      tok_per_watt: decode / power,
    }
  },
)
