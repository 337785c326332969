/** Data sets as `probador llm gen-dataset` makes them and `--dataset` describes them. */
import { ascending, roundIndexPercentile } from '../percentiles.ts'
import { stepXorshift64, unitOf } from './random.ts'

export interface GeneratedEntry {
  readonly inputTokens: number
  /** Words of the prompt. */
  readonly words: number
  readonly maxTokens: number
}

export interface DatasetLengths {
  readonly inputMean: number
  readonly inputDeviation: number
  readonly outputMean: number
  readonly outputDeviation: number
}

const START = 42n

/** Normal lengths cut at 4 (not log-normal, whatever its flag says): a tenth of the default outputs are exactly 4. */
export function generateEntries(lengths: DatasetLengths, count: number): GeneratedEntry[] {
  let state = START
  const draw = (): number => {
    state = stepXorshift64(state)
    return unitOf(state)
  }
  const drawLength = (mean: number, deviation: number): number => {
    const radius = Math.sqrt(-2 * Math.log(draw()))
    const z = radius * Math.cos(2 * Math.PI * draw())
    return Math.trunc(Math.max(deviation * z + mean, 1, 4))
  }
  return Array.from({ length: count }, () => {
    const inputTokens = drawLength(lengths.inputMean, lengths.inputDeviation)
    const maxTokens = drawLength(lengths.outputMean, lengths.outputDeviation)
    return { inputTokens, words: Math.trunc(inputTokens / 1.3), maxTokens }
  })
}

/** 1.3 tokens a word, and 4 words a message more. */
export function estimatePromptTokens(messages: readonly string[]): number {
  const words = messages.reduce(
    (sum, text) => sum + text.split(/\p{White_Space}+/u).filter((word) => word !== '').length + 4,
    0,
  )
  return Math.trunc(1.3 * words)
}

/** Least, p50, p90, most. */
export function describeLengths(values: readonly number[]): readonly [number, number, number, number] {
  const sorted = ascending(values)
  return [sorted[0] ?? 0, roundIndexPercentile(sorted, 0.5), roundIndexPercentile(sorted, 0.9), sorted.at(-1) ?? 0]
}
