/** Calibrations for tests. */
import type { Calibration, CalibrationKey, CalibrationRow, ErrorQuantiles } from '../../src/core/calibration.ts'

export function rowOf(
  streams: number,
  eventsPerSecond: number,
  firstEventMs: number,
  gapMs: number,
  changes: Partial<CalibrationRow> = {},
): CalibrationRow {
  const all = (ms: number): ErrorQuantiles => ({ p50: ms, p90: ms, p99: ms, max: ms })
  const errors = { firstEvent: all(firstEventMs), gaps: all(gapMs), sendLateness: all(0) }
  return { streams, eventsPerSecond, gapMs: 10, requests: 30, ...errors, ...changes }
}

export const key: CalibrationKey = {
  machine: 'a machine',
  runtime: 'node 24',
  transport: 'socket',
  connections: 'reuse',
  threads: 'auto',
}

export function calibrationOf(rows: readonly CalibrationRow[], changes: Partial<CalibrationKey> = {}): Calibration {
  return { v: 1, tool: '0.0.0', key: { ...key, ...changes }, madeAt: '2026-11-24T01:02:03.456Z', rows }
}
