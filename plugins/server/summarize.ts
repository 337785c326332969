import type { Observation, Series, Window } from 'inferbench'
import { compareWithClient } from './against-client.ts'
import { readFigures } from './figures.ts'
import { findProblems } from './findings.ts'
import { writeLine } from './line.ts'

/** The client's figures are of the measured windows: only there the two are compared. */
export function summarizeServer(series: Series, window: Window): Observation {
  const figures = readFigures(series, window)
  if (window.name !== 'measure') return { metrics: figures.metrics }
  const against = compareWithClient(figures, series.scenario)
  const metrics = { ...figures.metrics, ...against.metrics }
  const line = writeLine(metrics)
  return { metrics, ...(line === undefined ? {} : { line }), findings: findProblems(figures, against, series) }
}
