/** What a calibration says about a load: which row covers it, and how far the client can be trusted. */
import type {
  Calibration,
  CalibrationKey,
  CalibrationLoad,
  CalibrationQuote,
  CalibrationRow,
  RunCalibration,
} from '../calibration.ts'
import type { Platform } from '../platform.ts'
import { roundToMicros } from '../units.ts'

/** What {@link CalibrationKey} needs beside the platform. */
export type ClientSettings = Pick<CalibrationKey, 'transport' | 'connections' | 'threads'>

export function describeClient({ name, version, machine }: Platform, settings: ClientSettings): CalibrationKey {
  const { cpu, cores, os, arch } = machine
  return {
    // A system's release is left out: an update of the kernel does not make another machine.
    machine: [cpu, cores && `${cores} cores`, String(os ?? '').split(' ')[0], arch].filter(Boolean).join(', '),
    runtime: `${name} ${version.split('.')[0]}`,
    ...settings,
  }
}

/** What a row measured is an upper bound for every load that is not greater in any respect. */
export function covers(row: CalibrationLoad, load: CalibrationLoad): boolean {
  return row.streams >= load.streams && row.eventsPerSecond >= load.eventsPerSecond
}

/** The smallest row that covers the load: fewest events a second, then fewest streams. */
export function quoteRow(calibration: Calibration | undefined, load: CalibrationLoad): CalibrationQuote {
  if (calibration === undefined) return { covered: false, load, reason: 'none' }
  const [row] = calibration.rows.filter((row) => covers(row, load)).sort(compareLoads)
  return row === undefined ? { covered: false, load, reason: 'beyond' } : { covered: true, load, row }
}

/** Of each scenario that sent something, by name. */
export function quoteRun(
  key: CalibrationKey,
  calibration: Calibration | undefined,
  loads: ReadonlyMap<string, CalibrationLoad>,
): RunCalibration {
  return {
    key,
    ...(calibration === undefined ? {} : { madeAt: calibration.madeAt }),
    scenarios: Object.fromEntries([...loads].map(([name, load]) => [name, quoteRow(calibration, load)])),
  }
}

export function compareLoads(a: CalibrationLoad, b: CalibrationLoad): number {
  return a.eventsPerSecond - b.eventsPerSecond || a.streams - b.streams
}

/** Up to where a p99 error is small enough. */
export const ERROR_LIMIT_MS = 1
export const ERROR_LIMIT_SHARE = 0.05

export type ErrorOf = 'firstEvent' | 'gaps'
export type LimitName = 'absolute' | 'relative'

/** {@link ERROR_LIMIT_MS}, or {@link ERROR_LIMIT_SHARE} of the gap between the row's events. */
export function limitOf(row: CalibrationRow, name: LimitName): number {
  return name === 'absolute' ? ERROR_LIMIT_MS : roundToMicros(ERROR_LIMIT_SHARE * row.gapMs)
}

/** The largest load up to which every smaller one keeps the limit as well; undefined when the smallest does not. */
export function findLargest(
  rows: readonly CalibrationRow[],
  error: ErrorOf,
  limit: LimitName,
): CalibrationRow | undefined {
  const keeps = (row: CalibrationRow): boolean => row[error].p99 < limitOf(row, limit)
  const kept = rows.filter((row) => rows.every((other) => !covers(row, other) || keeps(other)))
  return kept.sort(compareLoads).at(-1)
}
