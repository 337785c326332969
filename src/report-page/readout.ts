/** The legend of a chart, which says what is under the cursor. */
import type { ChartData, LineData } from '../core/report/html/data.ts'
import { formatFigure } from '../core/report/text.ts'
import type { ChartAxis } from './axes.ts'

export interface Readout {
  /** A place on x; undefined: none. */
  show(index: number | undefined): void
  choose(scenario: number | undefined): void
}

/** More names than these would be longer than the chart. */
const MOST_NAMES = 8

export function createReadout(
  list: HTMLElement,
  chart: ChartData,
  axis: ChartAxis,
  colors: readonly string[],
): Readout {
  const at = document.createElement('li')
  at.className = 'at'
  const items = chart.lines.map((line, i) => createItem(line, colors[i]!))
  list.append(at, ...items.map(({ item }) => item), ...nameBands(chart, colors))
  let chosen: number | undefined
  const choose = (scenario: number | undefined): void => {
    chosen = scenario
    for (const [i, { item }] of items.entries()) {
      const of = chart.lines[i]!.scenario
      item.hidden = chosen === undefined || of === undefined ? i >= MOST_NAMES : of !== chosen
    }
  }
  choose(undefined)
  return {
    choose,
    show(index) {
      at.textContent = index === undefined ? '' : axis.label(chart.x[index]!)
      for (const [i, { value }] of items.entries()) {
        value.textContent = index === undefined ? '' : describeValue(chart.lines[i]!, index)
      }
    },
  }
}

function createItem({ label, dashed }: LineData, color: string): { item: HTMLElement; value: HTMLElement } {
  const item = document.createElement('li')
  const swatch = document.createElement('i')
  swatch.className = `swatch ${color}${dashed ? ' dashed' : ''}`
  const value = document.createElement('b')
  // The only line of a chart has the chart's name.
  if (label !== '') item.append(swatch, `${label} `)
  item.append(value)
  return { item, value }
}

/** Only where one line has several: of many lines each has the same. */
function nameBands({ lines }: ChartData, colors: readonly string[]): HTMLElement[] {
  const bands = lines.length === 1 ? (lines[0]!.bands ?? []) : []
  return bands.map(({ label }, i) => {
    const item = document.createElement('li')
    const swatch = document.createElement('i')
    swatch.className = `swatch band-${i + 1} ${colors[0]}`
    item.append(swatch, label)
    return item
  })
}

/** `46.9 (41.2 to 66.5)`: with the widest band. */
function describeValue({ values, bands = [] }: LineData, index: number): string {
  const value = values[index]
  if (value == null) return '-'
  const [widest] = bands
  const [low, high] = [widest?.low[index], widest?.high[index]]
  const spread = low == null || high == null || low === high ? '' : ` (${formatFigure(low)} to ${formatFigure(high)})`
  return `${formatFigure(value)}${spread}`
}
