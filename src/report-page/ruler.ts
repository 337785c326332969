/** The axis of time above all charts that share it: seconds, and what the run did then. */
import uPlot from 'uplot'
import type { Phase, Span } from '../core/report/html/data.ts'
import { clamp } from './axes.ts'
import { type DrawnChart, FONT_SIZE, GUTTER, MARGIN_RIGHT } from './chart.ts'
import { colorOf } from './theme.ts'

const HEIGHT = 42
const AXIS_HEIGHT = 18

export function drawRuler(place: HTMLElement, phases: readonly Phase[], whole: Span): DrawnChart {
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      padding: [AXIS_HEIGHT + 4, MARGIN_RIGHT, 2, GUTTER],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, auto: false, min: whole.from, max: whole.to }, y: { auto: false, min: 0, max: 1 } },
      axes: [{ show: false }, { show: false }],
      series: [{}, { show: false }],
      hooks: { drawClear: [(self) => paint(self, phases)] },
    },
    [
      [whole.from, whole.to],
      [0, 1],
    ],
    place,
  )
  uPlot.sync('time').sub(plot)
  const resize = (width = place.clientWidth): void => {
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: HEIGHT })
    else plot.redraw(false)
  }
  new ResizeObserver(() => resize()).observe(place)
  return {
    redraw: () => plot.redraw(false),
    resize,
    choose: (_, { from, to }) => plot.setScale('x', { min: from, max: to }),
  }
}

function paint(plot: uPlot, phases: readonly Phase[]): void {
  const { ctx } = plot
  const { pxRatio } = uPlot
  const { top, height, left, width } = plot.bbox
  ctx.font = `${FONT_SIZE * pxRatio}px ${colorOf('font')}`
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  for (const { kind, label, from, to } of phases) {
    const [start, end] = [clamp(plot, from), clamp(plot, to)]
    if (end <= start) continue
    ctx.fillStyle = colorOf(kind)
    ctx.fillRect(start, top, Math.max(pxRatio, end - start - pxRatio), height)
    if (ctx.measureText(label).width + 8 * pxRatio > end - start) continue
    ctx.fillStyle = colorOf('ink')
    ctx.fillText(label, start + 4 * pxRatio, top + height / 2)
  }
  const { min, max } = plot.scales.x as { min: number; max: number }
  ctx.textAlign = 'center'
  ctx.fillStyle = colorOf('quiet')
  for (const tick of chooseSeconds(min, max, width / pxRatio / 64)) {
    const x = plot.valToPos(tick, 'x', true)
    ctx.fillRect(x, top - 4 * pxRatio, pxRatio, 4 * pxRatio)
    const text = `${tick} s`
    const half = ctx.measureText(text).width / 2
    ctx.fillText(text, Math.min(left + width - half, Math.max(left + half, x)), top - 11 * pxRatio)
  }
}

const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600]

function chooseSeconds(from: number, to: number, most: number): number[] {
  const step = STEPS.find((one) => (to - from) / one <= most) ?? (to - from) / 2
  const first = Math.ceil(from / step)
  const count = Math.max(0, Math.floor(to / step) - first + 1)
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toFixed(3)))
}
