/** Numbers and columns as the old tools write them: Rust's `{:.1}` and `{:>8}`, Python's `f'{x:.1f}'` and `round`. */

/**
 * `digits` decimals of the exact value; an exact half goes to the even neighbour, where `toFixed` goes up. A double that lies
 * half-way ends after few decimals, so 40 more show whether it does.
 */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf'
  if (Math.abs(value) >= 1e21) return BigInt(value).toString()
  const rounded = value.toFixed(digits)
  const exact = Math.abs(value).toFixed(Math.min(100, digits + 40))
  const point = exact.indexOf('.')
  const rest = exact.slice(point + 1 + digits)
  if (!/^50*$/.test(rest)) return rounded
  const kept = exact.slice(0, digits === 0 ? point : point + 1 + digits)
  const even = Number(kept.at(-1)) % 2 === 0
  return even ? (value < 0 ? `-${kept}` : kept) : (value < 0 ? '-' : '') + Math.abs(value).toFixed(digits)
}

/** Python's `round(value, digits)`. */
export function roundHalfEven(value: number, digits: number): number {
  return Number(fixed(value, digits))
}

/** Nearest whole number, halves away from zero: Rust's `f64::round`. */
export function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value)
}

function blanks(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - [...text].length))
}

/** `{:<width}`: counts characters, not columns. */
export function left(text: string, width: number): string {
  return text + blanks(text, width)
}

/** `{:>width}` */
export function right(text: string | number, width: number): string {
  return blanks(String(text), width) + String(text)
}
