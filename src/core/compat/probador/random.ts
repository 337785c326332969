/** The generators of probador, to the bit: what they drew is in people's data sets and result files. */
const WORD = (1n << 64n) - 1n

/** Marsaglia's xorshift64 (13, 7, 17). A state of 0 stays 0, as there. */
export function stepXorshift64(state: bigint): bigint {
  let x = state & WORD
  x = (x ^ (x << 13n)) & WORD
  x ^= x >> 7n
  return (x ^ (x << 17n)) & WORD
}

/** In (0, 1]: never 0, since a logarithm follows. */
export function unitOf(state: bigint): number {
  return Math.max(Number(state) / 2 ** 64, 1e-10)
}

/** Seconds to the next arrival. */
export function poissonGapSecs(unit: number, rate: number): number {
  return -Math.log(unit) / rate
}

const LCG_START = 0x517cc1b727220a95n
const LCG_FACTOR = 6364136223846793005n

export type MaxTokensDistribution =
  | { readonly kind: 'fixed'; readonly tokens: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }

/** `fixed:64` or `uniform:16,128` with 0 < min <= max; undefined for anything else. */
export function parseMaxTokensDistribution(text: string): MaxTokensDistribution | undefined {
  const fixed = /^fixed:(\d+)$/.exec(text)
  if (fixed) return { kind: 'fixed', tokens: Number(fixed[1]) }
  const uniform = /^uniform:(\d+),\s*(\d+)$/.exec(text)
  if (!uniform) return undefined
  const [min, max] = [Number(uniform[1]), Number(uniform[2])]
  return min > 0 && min <= max ? { kind: 'uniform', min, max } : undefined
}

/** The limits of the first `count` prompts. */
export function drawMaxTokens(distribution: MaxTokensDistribution, count: number): number[] {
  if (distribution.kind === 'fixed') return Array.from({ length: count }, () => distribution.tokens)
  const { min, max } = distribution
  let state = LCG_START
  return Array.from({ length: count }, () => {
    state = (state * LCG_FACTOR + 1n) & WORD
    return min + (Number((state >> 33n) & 0xffff_ffffn) % (max - min + 1))
  })
}

/** Prompts that are made for so many workers: enough for 256 each. */
export function countHeterogeneousPrompts(concurrency: number): number {
  return concurrency * 256
}
