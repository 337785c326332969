/**
 * Seeded random numbers: the one home of pure-rand. A stream is named by a seed, a purpose and an index, so that no two parts
 * of a run ever share draws, and so that draw number n of a part does not depend on the draws before it.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'

export interface Random {
  /** In [0, 1), 53 bits. */
  uniform(): number
  /** An integer in [0, below), for `below` far under 2^32: one draw, and no rejection of what is uneven by below / 2^32. */
  integer(below: number): number
  /** Mean 1. */
  exponential(): number
  /** Mean 0, standard deviation 1. */
  normal(): number
  /** Shape `shape` > 0 and scale 1: mean and variance are `shape`. */
  gamma(shape: number): number
}

/** The stream of `purpose` under `seed`; `index` splits it again, for draws that must not depend on their order. */
export function makeRandom(seed: number, purpose: string, index = 0): Random {
  const generator = xoroshiro128plusFromState(hashState(seed, purpose, index))
  // The state is spread by the hash already; a few steps more part streams whose states differ in few bits.
  for (let step = 0; step < 4; step++) generator.next()
  const random: Random = {
    uniform: () => uniformFloat64(generator),
    integer: (below) => Math.floor(((generator.next() >>> 0) / 0x1_0000_0000) * below),
    exponential: () => -Math.log(1 - uniformFloat64(generator)),
    normal: () => drawNormal(generator),
    gamma: (shape) => drawGamma(random, shape),
  }
  return random
}

/** A copy in random order (Fisher and Yates). */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last--) {
    const other = random.integer(last + 1)
    const item = copy[last] as T
    copy[last] = copy[other] as T
    copy[other] = item
  }
  return copy
}

/** Box and Muller's transform; its second value is thrown away, so that a stream has no hidden state. */
function drawNormal(generator: RandomGenerator): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(generator)))
  return radius * Math.cos(2 * Math.PI * uniformFloat64(generator))
}

/** Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), with their boost for shapes below 1. */
function drawGamma(random: Random, shape: number): number {
  if (shape < 1) return drawGamma(random, shape + 1) * (1 - random.uniform()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = random.normal()
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    const logUniform = Math.log(1 - random.uniform())
    if (logUniform < x * x * 0.5 + d - d * v + d * Math.log(v)) return d * v
  }
}

/** 128 bits from the name of a stream: FNV-1a in four lanes, each finished as in MurmurHash3. */
function hashState(seed: number, purpose: string, index: number): readonly number[] {
  const words = [...splitDouble(seed), ...splitDouble(index)]
  for (let at = 0; at < purpose.length; at++) words.push(purpose.charCodeAt(at))
  const state = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35].map((start) => {
    let hash = start
    for (const word of words) hash = finish(Math.imul(hash ^ word, 0x01000193))
    return finish(hash)
  })
  return state
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Whole numbers up to 2^53 as two words. */
function splitDouble(value: number): [number, number] {
  return [value | 0, Math.floor(value / 0x1_0000_0000) | 0]
}
