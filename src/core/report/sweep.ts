/** What a sweep looks like: its answer, and throughput over latency. */
import { describeSlo } from '../metrics/slo.ts'
import type { Slo } from '../summary.ts'
import type { SearchAnswer, SearchRules, SweepLevel, SweepResult, SweepRules } from '../sweep.ts'
import { formatFigure, formatPercent, groupDigits } from './text.ts'

/** `16 streams`, `12.5/s` */
export function describeLoad(load: number, unit: SweepRules['unit']): string {
  return unit === 'streams' ? `${groupDigits(load)} ${load === 1 ? 'stream' : 'streams'}` : `${load}/s`
}

/** A line each: the answer of a search, the best level, the knee, where saturation begins. */
export function describeSweep(sweep: SweepResult, rules: SweepRules, slo: readonly Slo[]): string[] {
  const { levels, optimal, knee, pareto, answer } = sweep
  const place = (load: number): string => {
    const level = levels.find((one) => one.load === load)
    return `${describeLoad(load, rules.unit)}, ${formatFigure(level?.requestsPerSecond)} requests/s at ${formatFigure(level?.meanLatencyMs)} ms`
  }
  const saturated = levels.find((level) => level.saturated)
  return [
    ...(answer === undefined || rules.kind !== 'search' ? [] : describeAnswer(answer, rules, slo)),
    ...(optimal === undefined
      ? ['every level is saturated']
      : [`most throughput before saturation: ${place(optimal)}`]),
    ...(knee === undefined ? [] : [`knee, the most throughput for its latency: ${place(knee)}`]),
    ...(pareto.length < 2 ? [] : [`each of these raises the throughput: ${pareto.join(', ')}`]),
    ...(saturated === undefined
      ? []
      : [`first saturated at ${describeLoad(saturated.load, rules.unit)}: ${saturated.reason}`]),
  ]
}

function describeAnswer(answer: SearchAnswer, rules: SweepRules & SearchRules, slo: readonly Slo[]): string[] {
  const { load, low, high, complete } = answer
  const wanted = `${describeSlo(slo)} for ${formatPercent(Number((100 * rules.share).toFixed(6)))} of requests`
  const show = (one: number): string => describeLoad(one, rules.unit)
  const bounds = [
    low === undefined ? 'sure of none' : `sure of ${show(low)}`,
    high === undefined ? 'none was found that surely misses' : `surely missed from ${show(high)} on`,
  ].join('; ')
  const stopped = complete ? '' : ', as far as it was measured'
  if (load === undefined) return [`no load meets ${wanted}${stopped} (${bounds})`]
  const end = load === rules.loads.at(-1) ? ', where the search ends' : ''
  return [`highest load that meets ${wanted}: ${show(load)}${end}${stopped} (${bounds})`]
}

/** A row a level; in a search also how often it was measured, and on which side of the limits it lies. */
export function listSweepRows(
  { levels, tail }: SweepResult,
  rules: SweepRules,
): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const searched = rules.kind === 'search'
  return {
    head: [
      'load',
      'requests/s',
      'tok/s',
      'mean ms',
      tail === undefined ? 'tail' : `${tail} ms`,
      ...(searched ? ['runs', 'good', 'limits'] : []),
    ],
    rows: levels.map((level) => [
      describeLoad(level.load, rules.unit),
      formatFigure(level.requestsPerSecond),
      formatFigure(level.outputTokensPerSecond),
      formatFigure(level.meanLatencyMs),
      formatFigure(level.tailLatencyMs) + (level.saturated ? ' (saturated)' : ''),
      ...(searched ? [`${level.runs}`, ...describeShare(level)] : []),
    ]),
  }
}

function describeShare({ slo }: SweepLevel): string[] {
  if (slo === undefined) return ['-', '-']
  const share = slo.requests === 0 ? undefined : (100 * slo.good) / slo.requests
  return [formatPercent(share), slo.sure ? slo.side : `${slo.side}?`]
}

const HEIGHT = 10
const AXIS_WIDTH = 9
/** Beyond this span a linear axis would crush the lesser levels together. */
const WIDEST_LINEAR = 10

/** Requests/s upwards, mean latency to the right; empty where fewer than two levels have both. */
export function drawSweep({ levels, optimal, knee, answer }: SweepResult, columns: number): string[] {
  const points = levels.flatMap(({ load, saturated, requestsPerSecond: y, meanLatencyMs: x }) =>
    x === undefined || y === undefined || x <= 0 ? [] : [{ load, saturated, x, y }],
  )
  if (points.length < 2) return []
  const width = Math.min(72, columns) - AXIS_WIDTH - 1
  const [least, most] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))]
  const top = Math.max(...points.map(({ y }) => y))
  const isLog = most / least > WIDEST_LINEAR
  const right = isLog ? (x: number) => Math.log(x / least) / Math.log(most / least) : (x: number) => x / most
  const rows = Array.from({ length: HEIGHT }, () => Array.from({ length: width }, () => ' '))
  const put = (row: number, column: number, text: string): void => {
    for (const [i, letter] of [...text].entries()) rows[row]![column + i] = letter
  }
  const isFree = (row: number, column: number, length: number): boolean =>
    column >= 0 && column + length <= width && rows[row]!.slice(column, column + length).every((one) => one === ' ')
  const marked = points.map((point) => {
    const mark =
      point.load === answer?.load
        ? '@'
        : point.load === knee
          ? 'K'
          : point.load === optimal
            ? '*'
            : point.saturated
              ? 'x'
              : 'o'
    return {
      mark,
      label: String(point.load),
      row: HEIGHT - 1 - Math.round((point.y / top) * (HEIGHT - 1)),
      column: Math.round(right(point.x) * (width - 1)),
    }
  })
  // Marks first, those that say most last, so that nothing covers them; then labels where there is room.
  const byWeight = [...marked].sort((a, b) => 'xo*K@'.indexOf(a.mark) - 'xo*K@'.indexOf(b.mark))
  for (const { mark, row, column } of byWeight) put(row, column, mark)
  for (const { label, row, column } of byWeight.reverse()) {
    if (isFree(row, column + 1, label.length + 1)) put(row, column + 1, label)
    else if (isFree(row, column - label.length - 1, label.length + 1)) put(row, column - label.length, label)
  }
  const ends = [isLog ? formatFigure(least) : '0', `${formatFigure(most)} ms`]
  const legend = [
    ...(answer?.load === undefined ? [] : ['@ highest within limits']),
    ...(knee === undefined || knee === answer?.load ? [] : ['K knee']),
    ...(optimal === undefined || optimal === knee || optimal === answer?.load ? [] : ['* most throughput']),
    ...(points.some(({ saturated }) => saturated) ? ['x saturated'] : []),
  ]
  return [
    `requests/s over mean latency${isLog ? ' (log)' : ''}; numbers are loads`,
    ...rows.map((row, place) => {
      const axis = place === 0 ? formatFigure(top) : place === HEIGHT - 1 ? '0' : ''
      return `${axis.padStart(AXIS_WIDTH - 1)} |${row.join('')}`.trimEnd()
    }),
    `${' '.repeat(AXIS_WIDTH)}+${'-'.repeat(width)}`,
    `${' '.repeat(AXIS_WIDTH + 1)}${ends[0]}${ends[1]!.padStart(width - ends[0]!.length)}`,
    ...(legend.length === 0 ? [] : [`${' '.repeat(AXIS_WIDTH + 1)}${legend.join('   ')}`]),
  ]
}
