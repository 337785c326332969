/** The sentences about what plugins saw and found that terminal and Markdown share; not yet escaped, not yet laid out. */
import type { MetricResult } from '../metric.ts'
import type { PluginSummary, SamplingCost, ScenarioSummary, Summary } from '../summary.ts'
import { plural } from './phrases.ts'
import { formatFigure } from './text.ts'

/** Of all plugins together; the rest is in `summary.md`. */
const MOST_LINES = 6

/**
 * What a table says of all plugins, on so many lines at most. Of several scenarios the last one's; of a plugin that nobody asked for
 * nothing where it could not work.
 */
export function describePlugins(summary: Summary, titleOf: (id: string) => string): string[] {
  const { plugins = [], scenarios, evaluations = {}, conclusions = {} } = summary
  const last = scenarios.at(-1)
  const seen = plugins.flatMap((plugin) => describePlugin(plugin, last))
  const asked = Object.entries(evaluations).map(
    ([id, metrics]) => conclusions[id] ?? `${id}: ${describeFigures(metrics, titleOf)}`,
  )
  const watched = plugins.some((plugin) => plugin.scenarios.some(({ line }) => line !== undefined))
  const place =
    scenarios.length > 1 && watched && last !== undefined ? [`in ${last.title}, of ${scenarios.length} scenarios:`] : []
  const lines = [...place, ...seen, ...asked]
  if (lines.length <= MOST_LINES) return lines
  const left = lines.length - (MOST_LINES - 1)
  return [...lines.slice(0, MOST_LINES - 1), `and ${plural(left, 'line')} more in summary.md`]
}

function describePlugin(
  { plugin, auto, absent, scenarios }: PluginSummary,
  last: ScenarioSummary | undefined,
): string[] {
  const figures = scenarios.find(({ scenario }) => scenario === last?.scenario)
  return [
    ...(figures?.line === undefined ? [] : [figures.line]),
    ...(absent === undefined || auto === true ? [] : [`${plugin}: ${absent}`]),
    ...(figures?.fault === undefined ? [] : [`${plugin}: ${figures.fault}`]),
  ]
}

/** `accuracy 0.52, answers alike 98.1 %`; means of distributions. */
function describeFigures(metrics: Readonly<Record<string, MetricResult>>, titleOf: (id: string) => string): string {
  const known = Object.entries(metrics).flatMap(([id, result]) => {
    const value = meanOf(result)
    return value === undefined ? [] : [`${titleOf(id)} ${formatWithUnit(value, result.unit)}`]
  })
  if (known.length > 0) return known.join(', ')
  return Object.values(metrics).find((result) => result.kind === 'absent')?.reason ?? 'nothing was measured'
}

export function meanOf(result: MetricResult | undefined): number | undefined {
  if (result?.kind === 'scalar') return result.value
  return result?.kind === 'distribution' ? result.distribution.mean : undefined
}

export function formatWithUnit(value: number, unit: string): string {
  return unit === '1' ? formatFigure(value) : `${formatFigure(value)} ${unit}`
}

/** `412 samples, one every 100 ms (longest gap 230 ms), 3 readings failed (no reading within 2000 ms); a reading took 1.2 ms, 9.8 ms at most` */
export function describeSampling(cost: SamplingCost): string {
  const { samples, failed, firstFailure, everyMs, longestGapMs, readMeanMs, readMaxMs } = cost
  const distance =
    everyMs === undefined
      ? ''
      : `, one every ${formatFigure(everyMs)} ms (longest gap ${formatFigure(longestGapMs)} ms)`
  const why = firstFailure === undefined ? '' : ` (${firstFailure})`
  const failures = failed === 0 ? '' : `, ${plural(failed, 'reading')} failed${why}`
  return `${plural(samples, 'sample')}${distance}${failures}; a reading took ${formatFigure(readMeanMs)} ms, ${formatFigure(readMaxMs)} ms at most`
}
