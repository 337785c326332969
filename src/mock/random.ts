/**
 * Random numbers without state: the same words give the same number, in whatever order they are asked. That is what
 * makes request `n` of the mock the same whether or not request `n - 1` came.
 */

/** Mixes 32-bit words into one (the finaliser of MurmurHash3, once a word). */
export function hash(...words: readonly number[]): number {
  let mixed = 0x9e3779b9
  for (const word of words) {
    mixed = Math.imul(mixed ^ word, 0x85ebca6b)
    mixed ^= mixed >>> 13
    mixed = Math.imul(mixed, 0xc2b2ae35)
    mixed ^= mixed >>> 16
  }
  return mixed >>> 0
}

/** In (0, 1), never 0, so that its logarithm is finite. */
export function uniform(...words: readonly number[]): number {
  return (hash(...words) + 0.5) / 2 ** 32
}

/** Standard normal (Box and Muller). */
export function normal(...words: readonly number[]): number {
  const radius = Math.sqrt(-2 * Math.log(uniform(...words, 1)))
  return radius * Math.cos(2 * Math.PI * uniform(...words, 2))
}
