/** Lists in the options make a matrix: one scenario for each load, prompt length and answer length. */

import { type ArrivalPlan, makeArrival } from '../arrival/mod.ts'
import type { Arrival } from '../arrival.ts'
import type { PromptPlan, ScenarioPlan, Warmup } from '../plan.ts'
import type { Spread } from '../units.ts'
import type { CheckedOptions, PromptProfile } from './options.ts'
import { defaults } from './schema.ts'
import { listNamedScenarios, type NamedScenario } from './workloads.ts'

type DatasetPlan = Extract<PromptPlan, { kind: 'dataset' }>

/** What the files named by options held. */
export interface Inputs {
  readonly dataset?: Omit<DatasetPlan, 'outputTokens'>
  /** ms since the phase began. */
  readonly instants?: readonly number[]
}

interface Load {
  /** `c16`, `r20`. */
  readonly name: string
  /** `16 streams`, `20/s poisson`. */
  readonly title: string
  readonly arrival: Arrival
  /** Bounds that hold when the options give none. */
  readonly requests?: number
  readonly warmup: Warmup
}

interface Lengths {
  readonly name: string
  readonly title: string
  readonly prompts: PromptPlan
}

/** Throws `BenchError('usage')` where an arrival cannot be made of the numbers. */
export function makeScenarios(
  options: CheckedOptions,
  inputs: Inputs,
  seed: number,
): [ScenarioPlan, ...ScenarioPlan[]] {
  if (options.workload !== undefined) {
    const { outputTokens, concurrency } = options
    const levels = { ...(outputTokens && { outputTokens }), ...(concurrency && { concurrency }) }
    const named = listNamedScenarios(options.workload, levels).map((one) => planNamed(one, options, seed))
    return named as [ScenarioPlan, ...ScenarioPlan[]]
  }
  const lengths = listLengths(options, inputs)
  const scenarios = listLoads(options, inputs, seed).flatMap((load) =>
    lengths.map((length): ScenarioPlan => {
      const requests = options.requests ?? (options.duration === undefined ? load.requests : undefined)
      return {
        name: [load.name, length.name].filter((part) => part !== '').join('-'),
        title: [load.title, length.title].filter((part) => part !== '').join(', '),
        arrival: load.arrival,
        ...(requests !== undefined && { requests }),
        ...(options.duration !== undefined && { durationMs: options.duration }),
        ...(options.maxInFlight !== undefined && { maxInFlight: options.maxInFlight }),
        warmup: options.warmup === undefined ? load.warmup : readWarmup(options.warmup),
        prompts: length.prompts,
      }
    }),
  )
  return scenarios as [ScenarioPlan, ...ScenarioPlan[]]
}

function planNamed(named: NamedScenario, options: CheckedOptions, seed: number): ScenarioPlan {
  const { name, inputTokens, outputTokens, streams } = named
  const requests = options.requests ?? (options.duration === undefined ? named.requests : undefined)
  const slots = Math.min(streams, requests ?? streams)
  // The original of some has no warm-up; then it is what it is elsewhere here.
  const warmup = options.warmup ?? { requests: named.warmup ?? slots }
  const sampling = chooseSampling(named, options)
  return {
    name,
    title: `${name} ${inputTokens}/${showSpread(outputTokens)}, ${showStreams(slots)}`,
    arrival: makeArrival({ kind: 'closed', slots }, seed),
    ...(requests !== undefined && { requests }),
    ...(options.duration !== undefined && { durationMs: options.duration }),
    warmup: readWarmup(warmup),
    prompts: {
      kind: 'synthetic',
      inputTokens: { mean: inputTokens, deviation: 0 },
      outputTokens,
      sharedPrefixTokens: options.sharedPrefix ?? 0,
      ...(sampling !== undefined && { sampling }),
    },
  }
}

/** What the user says of a member wins. */
function chooseSampling({ sampling }: NamedScenario, { body, temperature }: CheckedOptions): NamedScenario['sampling'] {
  if (sampling === undefined) return undefined
  const given = { ...body, ...(temperature === undefined ? {} : { temperature }) }
  return Object.fromEntries(Object.entries(sampling).filter(([member]) => !Object.hasOwn(given, member)))
}

function showStreams(slots: number): string {
  return slots === 1 ? '1 stream' : `${slots} streams`
}

function listLoads(options: CheckedOptions, inputs: Inputs, seed: number): readonly Load[] {
  const timed: Warmup = { kind: 'time', ms: defaults.warmupMs }
  if (inputs.instants !== undefined) {
    const arrival = makeArrival({ kind: 'replay', instants: inputs.instants }, seed)
    return [{ name: 'replay', title: `${inputs.instants.length} instants`, arrival, warmup: { kind: 'none' } }]
  }
  if (options.stages !== undefined) {
    const pace = options.arrival ?? 'poisson'
    const { burstiness } = options
    const arrival = makeArrival(
      { kind: 'stages', stages: options.stages, pace, ...(burstiness !== undefined && { burstiness }) },
      seed,
    )
    const count = options.stages.length
    return [
      {
        name: 'stages',
        title: `${count} ${count === 1 ? 'stage' : 'stages'} ${pace}`,
        arrival,
        warmup: { kind: 'none' },
      },
    ]
  }
  if (options.rate !== undefined) {
    return options.rate.map((rate) => ({
      name: `r${rate}`,
      title: `${rate}/s ${options.arrival ?? 'poisson'}`,
      arrival: makeArrival(planRate(rate, options), seed),
      requests: defaults.requests,
      warmup: timed,
    }))
  }
  return (options.concurrency ?? [defaultConcurrency(options)]).map((slots) => ({
    name: `c${slots}`,
    title: showStreams(slots),
    arrival: makeArrival({ kind: 'closed', slots }, seed),
    requests: Math.max(defaults.requests, 4 * slots),
    warmup: { kind: 'requests', requests: slots },
  }))
}

/** Asked for fewer requests than the usual number of streams, all of them go at once. */
function defaultConcurrency({ requests }: CheckedOptions): number {
  return Math.min(defaults.concurrency, requests ?? defaults.concurrency)
}

function planRate(rate: number, options: CheckedOptions): ArrivalPlan {
  const kind = options.arrival ?? 'poisson'
  return kind === 'gamma' ? { kind, rate, burstiness: options.burstiness ?? 1 } : { kind, rate }
}

function readWarmup(warmup: NonNullable<CheckedOptions['warmup']>): Warmup {
  if ('requests' in warmup) return warmup.requests === 0 ? { kind: 'none' } : { kind: 'requests', ...warmup }
  return warmup.ms === 0 ? { kind: 'none' } : { kind: 'time', ...warmup }
}

function listLengths(options: CheckedOptions, inputs: Inputs): readonly Lengths[] {
  const profiles = options.promptProfile?.map((name) => ({ name, ...PROFILES[name] }))
  if (profiles !== undefined) return profiles.flatMap((profile) => listProfileLengths(profile, options))
  const outs = options.outputTokens ?? [defaults.outputTokens]
  const { dataset } = inputs
  if (dataset !== undefined) {
    // For rows that say nothing: without a limit a server may go on to the end of its context.
    return outs.map((outputTokens) => ({
      name: outs.length === 1 ? '' : `out${nameSpread(outputTokens)}`,
      title: outs.length === 1 ? '' : `${showSpread(outputTokens)} out`,
      prompts: { ...dataset, outputTokens },
    }))
  }
  const ins = options.promptTokens ?? [defaults.promptTokens]
  return ins.flatMap((inputTokens) =>
    outs.map((outputTokens) => ({
      name: `in${nameSpread(inputTokens)}-out${nameSpread(outputTokens)}`,
      // One length for all scenarios stands in the heading of the report already.
      title: [
        ins.length > 1 ? `${showSpread(inputTokens)} in` : '',
        outs.length > 1 ? `${showSpread(outputTokens)} out` : '',
      ]
        .filter((part) => part !== '')
        .join(', '),
      prompts: { kind: 'synthetic', inputTokens, outputTokens, sharedPrefixTokens: options.sharedPrefix ?? 0 } as const,
    })),
  )
}

/** Lengths that go by a name in probador. Its prompts are the same each time; ours differ, as all that are made here. */
const PROFILES: Readonly<Record<PromptProfile, { readonly input: number; readonly output: number }>> = {
  micro: { input: 10, output: 1 },
  short: { input: 32, output: 32 },
  medium: { input: 128, output: 128 },
  long: { input: 512, output: 256 },
}

interface NamedLengths {
  readonly name: PromptProfile
  readonly input: number
  readonly output: number
}

function listProfileLengths({ name, input, output }: NamedLengths, options: CheckedOptions): readonly Lengths[] {
  const outs = options.outputTokens ?? [{ mean: output, deviation: 0 }]
  return outs.map((outputTokens) => ({
    name: [name, ...(outs.length === 1 ? [] : [`out${nameSpread(outputTokens)}`])].join('-'),
    title: [name, ...(outs.length === 1 ? [] : [`${showSpread(outputTokens)} out`])].join(', '),
    prompts: {
      kind: 'synthetic',
      inputTokens: { mean: input, deviation: 0 },
      outputTokens,
      sharedPrefixTokens: options.sharedPrefix ?? 0,
    },
  }))
}

/** For names of files and scenarios: `128`, `128~32`. */
function nameSpread({ mean, deviation, range }: Spread): string {
  if (range !== undefined) return range.join('-')
  return deviation === 0 ? `${mean}` : `${mean}~${deviation}`
}

/** For people and for the manifest: `128`, `128±32`. */
export function showSpread({ mean, deviation, range }: Spread): string {
  if (range !== undefined) return range.join('-')
  return deviation === 0 ? `${mean}` : `${mean}±${deviation}`
}
