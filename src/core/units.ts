/**
 * Units. Inside inferbench an instant and a duration are numbers of milliseconds with a fraction; names say which:
 * instants end in `At`, durations in `Ms`. Text forms exist only at the edges, and are read and written here.
 */
import { BenchError } from './errors.ts'

const DURATION = /^(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)$/
const MS_PER: Readonly<Record<string, number>> = { us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 }

/** Reads `50ms`, `5s`, `1.5m`, `0`. A bare number has no unit and is refused: 5 what? Returns milliseconds, or undefined. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim()
  if (trimmed === '0') return 0
  const match = DURATION.exec(trimmed)
  return match ? Number(match[1]) * MS_PER[match[2]!]! : undefined
}

/** {@link parseDuration}, or a usage error that names the flag. */
export function requireDuration(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) {
    throw new BenchError(
      'usage',
      `${flag}: "${text}" is not a duration; write a number and a unit, such as 500ms, 10s, 2m`,
    )
  }
  return ms
}

/** A mean and how far values lie around it, in the unit of the mean; `deviation` 0 means every value is the mean. */
export interface Spread {
  readonly mean: number
  readonly deviation: number
  /** Evenly from the first to the last, both included, instead of normally around the mean. */
  readonly range?: readonly [least: number, most: number]
}

const SPREAD = /^(\d+(?:\.\d+)?)\s*(?:(?:±|\+-|\+\/-|~)\s*(\d+(?:\.\d+)?))?$/

const RANGE = /^(\d+)\s*(?:-|\.\.)\s*(\d+)$/

/** Reads `128`, `128±32`, `128+-32` and `128~32` (the last two for keyboards without ±), and `16-256`: evenly between. */
export function parseSpread(text: string): Spread | undefined {
  const range = RANGE.exec(text.trim())
  if (range !== null) {
    const [least, most] = [Number(range[1]), Number(range[2])]
    if (least > most) return undefined
    // The deviation of an even distribution of whole numbers.
    return { mean: (least + most) / 2, deviation: Math.sqrt(((most - least + 1) ** 2 - 1) / 12), range: [least, most] }
  }
  const match = SPREAD.exec(text.trim())
  return match ? { mean: Number(match[1]), deviation: Number(match[2] ?? 0) } : undefined
}

/** Reads `50ms`, `50ms±5`, `50ms±5ms`; a deviation without a unit has the unit of the mean. Milliseconds. */
export function parseDurationSpread(text: string): Spread | undefined {
  const [mean, deviation, ...rest] = text.split(/±|\+-|\+\/-|~/)
  if (mean === undefined || rest.length > 0) return undefined
  const meanMs = parseDuration(mean)
  if (meanMs === undefined) return undefined
  if (deviation === undefined) return { mean: meanMs, deviation: 0 }
  const unit = DURATION.exec(mean.trim())?.[2] ?? 'ms'
  const deviationMs = parseDuration(deviation) ?? parseDuration(deviation.trim() + unit)
  return deviationMs === undefined ? undefined : { mean: meanMs, deviation: deviationMs }
}

/** Writes a duration for people: `850 ms`, `31.2 s`, `2 m 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} m ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}

/** Rounds an instant or duration in milliseconds to whole microseconds, the resolution of records on disk. */
export function roundToMicros(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
