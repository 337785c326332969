/** The card of training steps, from the JSON of a step profiler. */
import type { Contract, ScoreRules } from './contract.ts'
import { rank, type Scored } from './flat.ts'

export type Bottleneck = 'memory_bw' | 'compute' | 'launch' | 'transfer'

/** Percent, compared strictly. */
export function classifyBottleneck(step: {
  readonly forwardPct: number
  readonly transferPct: number
  readonly computeUtil: number
}): Bottleneck {
  if (step.transferPct > 30) return 'transfer'
  if (step.forwardPct < 20) return 'launch'
  return step.computeUtil > 50 ? 'compute' : 'memory_bw'
}

export interface TrainingStep {
  readonly name: string
  readonly ms_per_step: number
  readonly tokens_per_sec: number
  /** Share of the wall time that the profiler saw, 0 to 1. */
  readonly wall_coverage: number
  readonly bottleneck: Bottleneck
  readonly hotspot_layers: number
}

export interface TrainingEntry extends Scored, TrainingStep {}

export interface TrainingCard {
  readonly model_name: string
  readonly entries: readonly TrainingEntry[]
}

export function scoreTrainingSteps(
  steps: readonly TrainingStep[],
  model: string,
  contract: Contract,
  rules: ScoreRules,
): TrainingCard {
  const named = steps.map(({ name, ...facts }) => ({ name, facts }))
  const measure = {
    metric: 'training_tok_s',
    value: ({ tokens_per_sec }: { tokens_per_sec: number }) => tokens_per_sec,
  } as const
  return { model_name: model, entries: rank<TrainingEntry>(named, measure, contract, rules).entries }
}
