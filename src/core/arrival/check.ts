import { BenchError } from '../errors.ts'

/** A finite number above 0, or a usage error. */
export function requirePositive(what: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new BenchError('usage', `arrival: the ${what} is ${value}; give a number above 0`)
  }
}

/** A finite number of at least 0, or a usage error. */
export function requireNotNegative(what: string, value: number): void {
  if (!(value >= 0 && Number.isFinite(value))) {
    throw new BenchError('usage', `arrival: the ${what} is ${value}; give a number of at least 0`)
  }
}
