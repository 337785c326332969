/** A chart's numbers as a table, made when somebody opens it. */
import type { ChartData, Values } from '../core/report/html/data.ts'
import { formatFigure } from '../core/report/text.ts'
import type { ChartAxis } from './axes.ts'

export function fillTable(details: HTMLElement, { title, unit, x, lines }: ChartData, axis: ChartAxis): void {
  const columns = lines.flatMap(({ label, values, bands = [] }): (readonly [string, Values])[] => [
    [label === '' ? `${title}, ${unit}` : `${label}, ${unit}`, values],
    ...bands.flatMap((band): (readonly [string, Values])[] => {
      const [low, high] = band.label.split(' to ')
      return [
        [low!, band.low],
        [high!, band.high],
      ]
    }),
  ])
  const table = document.createElement('table')
  const head = table.createTHead().insertRow()
  for (const name of [axis.title, ...columns.map(([label]) => label)]) addHead(head, 'col', name)
  const body = table.createTBody()
  for (const [i, place] of x.entries()) {
    if (columns.every(([, values]) => values[i] == null)) continue
    const row = body.insertRow()
    addHead(row, 'row', axis.label(place))
    for (const [, values] of columns) row.insertCell().textContent = formatFigure(values[i] ?? undefined)
  }
  const scroll = document.createElement('div')
  scroll.className = 'scroll numbers'
  scroll.tabIndex = 0
  scroll.role = 'region'
  scroll.ariaLabel = title
  scroll.append(table)
  details.append(scroll)
}

function addHead(row: HTMLTableRowElement, scope: 'col' | 'row', text: string): void {
  const cell = document.createElement('th')
  cell.scope = scope
  cell.textContent = text
  row.append(cell)
}
