/**
 * A short name for a text: 53 bits in base 36, the same on every runtime. Identifies contents within a run; not a
 * cryptographic hash. About a nanosecond a character: Web Crypto's digests are asynchronous and would not do here.
 */
export function hashText(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    high = Math.imul(high ^ unit, 0x9e3779b1)
    low = Math.imul(low ^ unit, 0x5f356495)
  }
  high = mix(high) ^ mix(low ^ text.length)
  low = mix(low + high)
  return ((high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0)).toString(36).padStart(11, '0')
}

function mix(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const full = Math.imul(half ^ (half >>> 13), 0xc2b2ae35)
  return full ^ (full >>> 16)
}

/** SHA-256 of the text's UTF-8 bytes, hex: for fingerprints, where two runs must be able to trust it. */
export async function digestText(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
