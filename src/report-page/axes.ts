/** What x means: seconds of the run, percentiles, or loads. */
import uPlot from 'uplot'
import type { Mark, Phase, Span } from '../core/report/html/data.ts'
import { formatFigure } from '../core/report/text.ts'
import { colorOf } from './theme.ts'

export interface ChartAxis {
  /** Of the plotting area, CSS pixels. */
  readonly height: number
  /** Charts of one name share cursor and zoom. */
  readonly sync?: string
  /** Where the axis begins and ends; absent: where the data do. */
  readonly span?: Span
  readonly isLog?: boolean
  /** Name of x in a table. */
  readonly title: string
  readonly showsLabels: boolean
  /** Room for the half of a label that lies at the end, CSS pixels. */
  readonly marginRight?: number
  /** Places of ticks; absent: the library's. */
  splits?(from: number, to: number): number[]
  label(x: number): string
  /** Under the lines. */
  paint?(plot: uPlot, marks: readonly Mark[]): void
}

export function timeAxis(phases: readonly Phase[], span: Span): ChartAxis {
  return {
    height: 96,
    sync: 'time',
    span,
    title: 'seconds',
    showsLabels: false,
    label: (x) => `${Number(x.toFixed(3))} s`,
    paint: (plot) => paintPhases(plot, phases),
  }
}

/** x is -log10(1 - q). */
export const percentileAxis: ChartAxis = {
  height: 180,
  sync: 'percentiles',
  title: 'percentile',
  showsLabels: true,
  marginRight: 24,
  splits(from, to) {
    return PERCENTILES.map(placeOf).filter((x) => x >= from - 1e-9 && x <= to + 1e-9)
  },
  label(x) {
    const share = 1 - 10 ** -x
    return x <= 0
      ? 'min'
      : `p${Number((100 * share).toFixed(Math.max(0, Math.ceil(x) - 1) + (Number.isInteger(x) ? 0 : 1)))}`
  },
}

const PERCENTILES = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999]

function placeOf(share: number): number {
  return -Math.log10(1 - share)
}

/** Beyond this span a linear axis would crush the lesser loads together. */
const WIDEST_LINEAR = 10

export function loadAxis(loads: readonly number[]): ChartAxis {
  const [least, most] = [loads[0] ?? 1, loads.at(-1) ?? 1]
  const room = (most - least) / 20 || 1
  const isLog = least > 0 && most / least > WIDEST_LINEAR
  return {
    height: 200,
    sync: 'loads',
    title: 'load',
    isLog,
    span: isLog ? { from: least / 1.2, to: most * 1.2 } : { from: Math.max(0, least - room), to: most + room },
    showsLabels: true,
    ...(loads.length <= 12 || isLog ? { splits: () => thin(loads) } : {}),
    label: formatLoad,
    paint: paintMarks,
  }
}

/** Those that are not too near to the one before, on a logarithmic axis. */
function thin(loads: readonly number[]): number[] {
  const kept: number[] = []
  const [least, most] = [loads[0]!, loads.at(-1)!]
  const near = loads.length <= 6 ? 1 : (most / least) ** (1 / 10)
  for (const load of loads) if (kept.length === 0 || load >= kept.at(-1)! * near) kept.push(load)
  return kept
}

function formatLoad(x: number): string {
  return Number.isInteger(x) ? String(x) : formatFigure(x)
}

/** A wash for what is no part of the measurement, a hairline where a part begins. */
function paintPhases(plot: uPlot, phases: readonly Phase[]): void {
  const { ctx } = plot
  const { left, top, width, height } = plot.bbox
  for (const { kind, from, to } of phases) {
    const [start, end] = [clamp(plot, from), clamp(plot, to)]
    if (end <= left || start >= left + width) continue
    if (kind !== 'measure') {
      ctx.fillStyle = colorOf(kind === 'warmup' ? 'warmup' : 'idle')
      ctx.fillRect(start, top, end - start, height)
    } else {
      ctx.fillStyle = colorOf('edge')
      ctx.fillRect(start, top, uPlot.pxRatio, height)
    }
  }
}

export function clamp(plot: uPlot, x: number): number {
  const { left, width } = plot.bbox
  return Math.min(left + width, Math.max(left, plot.valToPos(x, 'x', true)))
}

function paintMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx } = plot
  const { pxRatio } = uPlot
  const { top, height } = plot.bbox
  for (const [i, { from, to, label }] of marks.entries()) {
    const [start, end] = [clamp(plot, from), clamp(plot, to)]
    ctx.fillStyle = colorOf('warmup')
    ctx.fillRect(start, top, Math.max(pxRatio, end - start), height)
    ctx.fillStyle = colorOf('quiet')
    ctx.fillRect(start, top, pxRatio, height)
    ctx.font = `${11 * pxRatio}px ${colorOf('font')}`
    const isRight = start > plot.bbox.left + plot.bbox.width / 2
    ctx.textAlign = isRight ? 'right' : 'left'
    ctx.textBaseline = 'top'
    ctx.fillText(label, start + (isRight ? -4 : 4) * pxRatio, top + (2 + 13 * i) * pxRatio)
  }
}
