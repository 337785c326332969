/**
 * Workloads by name, as data: those of sagellm-benchmark, and the matrix of vllm-rust's harness. Prompts have the lengths that the
 * names promise, in tokens; sagellm's own were a few words long whatever it called them.
 */
import type { Spread } from '../units.ts'

export interface NamedScenario {
  readonly name: string
  readonly inputTokens: number
  readonly outputTokens: Spread
  readonly requests: number
  /** Requests in flight. */
  readonly streams: number
  /** Requests before; absent: the original has none. */
  readonly warmup?: number
  /** How tokens are drawn, as members of the request body. */
  readonly sampling?: Readonly<Record<string, number>>
}

/** input, output, requests, streams, warm-up. */
type Row = readonly [input: number, output: number, requests: number, streams: number, warmup?: number]

const rows: Readonly<Record<string, Row>> = {
  short_input: [128, 128, 5, 1],
  long_input: [200, 200, 3, 1],
  stress_test: [256, 256, 10, 10],
  Q1: [32, 64, 5, 1],
  Q2: [512, 128, 3, 1],
  Q3: [128, 256, 3, 1],
  Q4: [256, 256, 3, 1],
  Q5: [32, 64, 10, 10],
  Q6: [512, 256, 10, 10],
  Q7: [256, 512, 3, 1],
  Q8: [192, 128, 4, 4],
  streaming_short: [32, 128, 5, 1, 1],
  streaming_long: [256, 256, 3, 1, 1],
  streaming_concurrent: [64, 128, 10, 4, 2],
  batch_small: [16, 32, 20, 8, 1],
  batch_medium: [128, 128, 16, 8, 1],
  batch_large: [512, 256, 8, 4, 1],
  mixed_short_stream: [32, 64, 10, 2],
  mixed_long_batch: [256, 256, 6, 3],
  mixed_greedy_sampling: [48, 128, 8, 4],
}

const sampling: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  mixed_short_stream: { temperature: 0.7, top_k: 50 },
  mixed_long_batch: { temperature: 0.9, repetition_penalty: 1.1 },
}

type Query = 'Q1' | 'Q2' | 'Q3' | 'Q4' | 'Q5' | 'Q6' | 'Q7' | 'Q8'
type SagellmName = 'year1' | 'short' | 'long' | 'stress' | 'all' | 'query' | Query | 'streaming' | 'batch' | 'mixed'
type MatrixName = 'vllm-rust' | 'vllm-rust-short' | 'vllm-rust-medium' | 'vllm-rust-long'

export type WorkloadName = SagellmName | MatrixName

const startingWith = (prefix: string): readonly string[] => Object.keys(rows).filter((name) => name.startsWith(prefix))

const YEAR1 = ['short_input', 'long_input', 'stress_test']

const sagellm: Readonly<Record<SagellmName, readonly string[]>> = {
  year1: YEAR1,
  short: ['short_input'],
  long: ['long_input'],
  stress: ['stress_test'],
  all: Object.keys(rows).filter((name) => !YEAR1.includes(name)),
  query: startingWith('Q'),
  Q1: ['Q1'],
  Q2: ['Q2'],
  Q3: ['Q3'],
  Q4: ['Q4'],
  Q5: ['Q5'],
  Q6: ['Q6'],
  Q7: ['Q7'],
  Q8: ['Q8'],
  streaming: startingWith('streaming_'),
  batch: startingWith('batch_'),
  mixed: startingWith('mixed_'),
}

/** Tokens of its prompts: 28, 120 and 293 words, at 1.3 a word. */
const RUST_LENGTHS = { short: 36, medium: 156, long: 381 } as const

const vllmRust: Readonly<Record<MatrixName, readonly (keyof typeof RUST_LENGTHS)[]>> = {
  'vllm-rust': ['short', 'medium', 'long'],
  'vllm-rust-short': ['short'],
  'vllm-rust-medium': ['medium'],
  'vllm-rust-long': ['long'],
}

export const WORKLOAD_NAMES: readonly WorkloadName[] = [
  ...(Object.keys(sagellm) as SagellmName[]),
  ...(Object.keys(vllmRust) as MatrixName[]),
]

/** It has levels of its own, which the user may change: answer lengths and concurrency. */
export function isMatrix(name: WorkloadName): name is MatrixName {
  return Object.hasOwn(vllmRust, name)
}

/** What the user asks of a matrix; absent: as its harness compares servers. */
export interface MatrixLevels {
  readonly outputTokens?: readonly Spread[]
  readonly concurrency?: readonly number[]
}

const RUST_OUTPUTS: readonly Spread[] = [64, 128].map((mean) => ({ mean, deviation: 0 }))
const RUST_STREAMS: readonly number[] = [1, 2, 4]
const RUST_REQUESTS = 20
const RUST_WARMUP = 3

/** None twice, in the order of the names. */
export function listNamedScenarios(names: readonly WorkloadName[], levels: MatrixLevels): readonly NamedScenario[] {
  const all = names.flatMap((name) => (isMatrix(name) ? listMatrix(name, levels) : sagellm[name].map(readRow)))
  return [...new Map(all.map((scenario) => [scenario.name, scenario])).values()]
}

function readRow(name: string): NamedScenario {
  const [inputTokens, output, requests, streams, warmup] = rows[name]!
  return {
    name,
    inputTokens,
    outputTokens: { mean: output, deviation: 0 },
    requests,
    streams,
    ...(warmup === undefined ? {} : { warmup }),
    ...(sampling[name] === undefined ? {} : { sampling: sampling[name] }),
  }
}

function listMatrix(name: MatrixName, levels: MatrixLevels): readonly NamedScenario[] {
  const { outputTokens = RUST_OUTPUTS, concurrency = RUST_STREAMS } = levels
  return vllmRust[name].flatMap((length) =>
    outputTokens.flatMap((output) =>
      concurrency.map((streams) => ({
        name: `${length}_mt${output.mean}_c${streams}`,
        inputTokens: RUST_LENGTHS[length],
        outputTokens: output,
        requests: RUST_REQUESTS,
        streams,
        warmup: RUST_WARMUP,
      })),
    ),
  )
}
