/** What the checks find: a figure for a code of the table. Whether it is too much is the table's business. */
import type { Finding } from '../limit.ts'
import type { Manifest } from '../run.ts'
import type { ScenarioSummary } from '../summary.ts'
import type { ClientLine } from './client-log.ts'
import type { Evidence } from './evidence.ts'

/** Everything that is known about one scenario. */
export interface Case {
  readonly manifest: Manifest
  readonly summary: ScenarioSummary
  readonly evidence: Evidence
  /** Of the measured window. */
  readonly lines: readonly ClientLine[]
  /** Which repetition, where there are several. */
  readonly run?: number
}

/** Of a plugin: it is about one scenario, all repetitions together. */
export interface PlacedFinding extends Finding {
  readonly scenario: string
}

/** A check says nothing where there is too little to say it from. */
export type Check = (of: Case) => readonly Finding[]

/** Of lines of the client's log: a quarter of the time was worse. */
export const BUSY_QUANTILE = 0.75

/** A share in percent, with the digits that people read. */
export function percent(part: number, whole: number): number {
  return round((100 * part) / whole)
}

/** Four significant digits: figures are for reading. */
export function round(value: number): number {
  return Number(value.toPrecision(4))
}

/** The value that a share `q` of the values does not exceed. */
export function quantileOf(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
}
