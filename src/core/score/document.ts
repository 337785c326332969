/** All cards of a set of results, as one document. */
import { asMeasured, asProbadorReads, type LoadResult } from '../compat/probador/result.ts'
import { type CompositeCard, scoreComposite, valuesOf } from './composite.ts'
import { type Contract, ourRules, probadorContract, probadorRules, type ScoreRules } from './contract.ts'
import {
  type ColdStartEntry,
  type CorrectnessEntry,
  type FlatCard,
  type LayerEntry,
  type MemoryEntry,
  type PowerEntry,
  scoreColdStart,
  scoreCorrectness,
  scoreLayers,
  scoreMemory,
  scorePower,
} from './flat.ts'
import { type OutputLengthEntry, scoreOutputLengths } from './output-length.ts'
import { compareText, type ProfileCard, scoreProfiles } from './profile.ts'
import { type ScalingEntry, scoreScaling } from './scaling.ts'
import { scoreTrainingSteps, type TrainingCard, type TrainingStep } from './training.ts'

/** The cards beside the composite, in the order in which they are shown. */
export const CARDS = [
  'layer',
  'profile',
  'correctness',
  'output-length',
  'memory',
  'cold-start',
  'power',
  'scaling',
] as const

export type CardName = (typeof CARDS)[number]

export interface LevelCard<Card> {
  readonly concurrency: number
  readonly card: Card
}

export interface ScoreDocument {
  /** Format version. */
  readonly v: 1
  readonly kind: 'scorecards'
  readonly contract: Contract
  /** By concurrency, ascending. */
  readonly composite: readonly CompositeCard[]
  readonly profile?: readonly ProfileCard[]
  readonly 'output-length'?: readonly LevelCard<FlatCard<OutputLengthEntry>>[]
  readonly layer?: FlatCard<LayerEntry>
  readonly correctness?: FlatCard<CorrectnessEntry>
  readonly memory?: FlatCard<MemoryEntry>
  readonly 'cold-start'?: FlatCard<ColdStartEntry>
  readonly power?: FlatCard<PowerEntry>
  readonly scaling?: FlatCard<ScalingEntry>
  readonly training?: readonly TrainingCard[]
}

/** A step-profiler file: `{ model_name, results }`. */
export interface TrainingFile {
  readonly model_name: string
  readonly results: readonly TrainingStep[]
}

export interface ScoreRequest {
  readonly results: readonly LoadResult[]
  readonly training?: readonly TrainingFile[]
  readonly cards: readonly CardName[]
  readonly contract?: Contract
  /** Only results of this concurrency are scored; those of one stream still tell how throughput scales. */
  readonly concurrency?: number
  /** As `probador llm score` did, in what it got wrong too. */
  readonly compat?: boolean
}

export function scoreResults(request: ScoreRequest): ScoreDocument {
  const rules = request.compat ? probadorRules : ourRules
  const contract = request.contract ?? probadorContract
  const read = request.compat ? asProbadorReads : asMeasured
  const all = request.results.map(read).sort(byTime)
  const chosen = all.filter(({ concurrency }) => (request.concurrency ?? concurrency) === concurrency)
  const alone = all.filter(({ concurrency }) => concurrency === 1)
  // An evaluation of quality has no load, and no place among the loads.
  const loaded = chosen.filter((result) => Object.values(valuesOf(result, [], rules)).some((one) => one !== undefined))
  const levels = [...new Set(loaded.map(({ concurrency }) => concurrency))].sort((a, b) => a - b)
  const at = (level: number): LoadResult[] => loaded.filter(({ concurrency }) => concurrency === level)
  const { cards } = request
  return {
    v: 1,
    kind: 'scorecards',
    contract,
    composite: levels.map((level) => scoreComposite(at(level), level > 1 ? alone : [], contract, rules)),
    ...(cards.includes('layer') && { layer: scoreLayers(chosen, contract, rules) }),
    ...(cards.includes('profile') && { profile: levels.map((level) => scoreProfiles(at(level), contract, rules)) }),
    ...(cards.includes('correctness') && { correctness: scoreCorrectness(chosen, contract, rules) }),
    ...(cards.includes('output-length') && {
      'output-length': levels.map((concurrency) => ({
        concurrency,
        card: scoreOutputLengths(at(concurrency), contract, rules),
      })),
    }),
    ...(cards.includes('memory') && { memory: scoreMemory(chosen, contract, rules) }),
    ...(cards.includes('cold-start') && {
      'cold-start': scoreColdStart(request.compat ? chosen : listStarts(chosen), contract, rules),
    }),
    ...(cards.includes('power') && { power: scorePower(chosen, contract, rules) }),
    ...(cards.includes('scaling') && { scaling: scoreScaling(chosen, contract, rules) }),
    ...scoreTraining(request.training ?? [], contract, rules),
  }
}

/** A server was started once for all loads of its run. */
function listStarts(results: readonly LoadResult[]): readonly LoadResult[] {
  const starts = new Map(results.map((result) => [`${result.runtime_name}\n${result.cold_start_ms}`, result]))
  return [...starts.values()]
}

function byTime(a: LoadResult, b: LoadResult): number {
  return compareText(a.timestamp ?? '', b.timestamp ?? '')
}

function scoreTraining(
  files: readonly TrainingFile[],
  contract: Contract,
  rules: ScoreRules,
): Pick<ScoreDocument, 'training'> {
  if (files.length === 0) return {}
  return { training: files.map((file) => scoreTrainingSteps(file.results, file.model_name, contract, rules)) }
}

/** Lowest of the composites: undefined when one was not measured, or there is none. */
export function lowestComposite({ composite }: ScoreDocument): number | undefined {
  const scores = composite.flatMap(({ runtimes }) => runtimes.map((runtime) => runtime.composite))
  if (scores.length === 0 || scores.includes(undefined)) return undefined
  return Math.min(...(scores as number[]))
}
