/** One chart of the page, drawn by uPlot: lines with bands, a readout that follows the cursor, arrow keys. */
import uPlot from 'uplot'
import type { ChartData, LineData, Span } from '../core/report/html/data.ts'
import type { ChartAxis } from './axes.ts'
import { hideCursor, moveByKey } from './cursor.ts'
import { createReadout } from './readout.ts'
import { chooseTicks, fitRange, formatTick } from './scale.ts'
import { colorOf } from './theme.ts'

export interface DrawnChart {
  redraw(): void
  /** To the width of its place, or to this one. */
  resize(width?: number): void
  /** Lines of this scenario stand out; x shows this span. undefined: all alike. */
  choose(scenario: number | undefined, span: Span): void
}

/** Of the axis on the left, CSS pixels: the same for all, so that what is above each other belongs together. */
export const GUTTER = 46
export const MARGIN_RIGHT = 10
const LABELS_HEIGHT = 22
export const FONT_SIZE = 11

export function drawChart(chart: ChartData, axis: ChartAxis, figure: HTMLElement): DrawnChart {
  const place = figure.querySelector<HTMLElement>('.plot')!
  const colors = chart.lines.map((line, i) => pickColor(chart, line, i))
  let chosen: number | undefined
  let shown = axis.span
  const isMuted = (line: LineData): boolean =>
    chosen !== undefined && line.scenario !== undefined && line.scenario !== chosen
  const { series, bands, columns } = describeSeries(chart, colors, isMuted)
  const legend = figure.querySelector<HTMLElement>('.readout')!
  const readout = createReadout(legend, chart, axis, colors)

  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: axis.height + (axis.showsLabels ? LABELS_HEIGHT : 0),
      padding: [6, axis.marginRight ?? MARGIN_RIGHT, axis.showsLabels ? 0 : 6, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 6 },
        drag: { x: axis.sync === 'time', y: false, setScale: axis.sync === 'time' },
        ...(axis.sync === undefined ? {} : { sync: { key: axis.sync, setSeries: false, scales: ['x', null] } }),
        bind: {
          dblclick: () => () => {
            reset()
            return null
          },
        },
      },
      scales: {
        x: {
          time: false,
          ...(axis.isLog ? { distr: 3 as const } : {}),
          ...(axis.span === undefined ? {} : { auto: false, min: axis.span.from, max: axis.span.to }),
          // The library's own range would go on to the next power of ten.
          range: (_, min, max) => [min, max],
        },
        y: {
          ...(chart.scale === 'log' ? { distr: 3 as const } : {}),
          range: (_, min, max) => fitRange(chart.scale, min, max),
        },
      },
      axes: [
        {
          show: axis.showsLabels,
          size: LABELS_HEIGHT,
          gap: 4,
          ...paintAxis(),
          ...(axis.splits === undefined
            ? {}
            : { splits: (_: uPlot, __: number, from: number, to: number) => axis.splits!(from, to) }),
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map((x) => axis.label(x)),
        },
        {
          size: GUTTER,
          gap: 4,
          ...paintAxis(),
          splits: (self, _, from, to) => chooseTicks(chart.scale, from, to, self.bbox.height / uPlot.pxRatio),
          filter: (_, splits) => splits,
          values: (_, splits) => splits.map(formatTick),
        },
      ],
      series,
      bands,
      hooks: {
        drawClear: [(self) => axis.paint?.(self, chart.marks ?? [])],
        setCursor: [({ cursor }) => readout.show(cursor.idx ?? undefined)],
      },
    },
    [[...chart.x], ...columns] as unknown as uPlot.AlignedData,
    place,
  )

  /** The zoom of all charts of time is one. */
  function reset(): void {
    if (axis.sync !== 'time' || shown === undefined) return
    for (const one of uPlot.sync(axis.sync).plots) one.setScale('x', { min: shown.from, max: shown.to })
  }

  const resize = (width = place.clientWidth): void => {
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: plot.height })
    else plot.redraw(false)
  }
  new ResizeObserver(() => resize()).observe(place)
  place.addEventListener('keydown', (event) => moveByKey(event, plot, chart.x.length))
  // Whoever hears the page hears the numbers of the one chart that has the keys.
  place.addEventListener('focus', () => legend.setAttribute('aria-live', 'polite'))
  place.addEventListener('blur', () => {
    legend.removeAttribute('aria-live')
    hideCursor(plot)
  })

  return {
    redraw: () => plot.redraw(false),
    resize,
    choose(scenario, span) {
      chosen = scenario
      readout.choose(scenario)
      if (axis.sync === 'time') {
        shown = span
        plot.setScale('x', { min: span.from, max: span.to })
      }
      plot.redraw(false)
    },
  }
}

/** Scenarios of one chart have one hue each, in order; what is from due has that of what it stands beside. */
function pickColor({ lines }: ChartData, line: LineData, i: number): string {
  const scenarios = [...new Set(lines.flatMap(({ scenario }) => scenario ?? []))]
  const place = line.scenario === undefined ? i : scenarios.indexOf(line.scenario)
  return `line-${(place % 8) + 1}`
}

function paintAxis(): Partial<uPlot.Axis> {
  return {
    stroke: () => colorOf('quiet'),
    font: `${FONT_SIZE}px ${colorOf('font')}`,
    grid: { stroke: () => colorOf('grid'), width: 1 },
    ticks: { show: false },
  }
}

/** Bands first, so that lines lie on them; each band is two edges that are not drawn. */
function describeSeries(
  { lines }: ChartData,
  colors: readonly string[],
  isMuted: (line: LineData) => boolean,
): { series: uPlot.Series[]; bands: uPlot.Band[]; columns: (number | null)[][] } {
  const series: uPlot.Series[] = [{}]
  const bands: uPlot.Band[] = []
  const columns: (number | null)[][] = []
  for (const [i, line] of lines.entries()) {
    for (const { low, high } of line.bands ?? []) {
      const edge: uPlot.Series = { scale: 'y', width: 0, points: { show: false } }
      series.push(edge, edge)
      columns.push([...high], [...low])
      const fill = (): string => fade(colorOf(colors[i]!), 0.16)
      bands.push({ series: [series.length - 2, series.length - 1], fill })
    }
  }
  for (const [i, line] of lines.entries()) {
    series.push({
      scale: 'y',
      width: 1.5,
      stroke: () => (isMuted(line) ? colorOf('muted') : colorOf(colors[i]!)),
      points: { show: (self, place) => hasLonelyPoints(self, place), size: 4 },
      ...(line.dashed ? { dash: [5, 3] } : {}),
    })
    columns.push([...line.values])
  }
  return { series, bands, columns }
}

/** Few places, or none beside each other: then a line alone would show nothing. */
function hasLonelyPoints({ data }: uPlot, series: number): boolean {
  const values = Array.from(data[series]!)
  const joined = values.some((value, i) => value != null && values[i + 1] != null)
  return !joined || values.filter((value) => value != null).length <= 16
}

function fade(color: string, alpha: number): string {
  return `color-mix(in srgb, ${color} ${100 * alpha}%, transparent)`
}
