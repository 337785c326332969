/** Where the server says that its time went: a line an operation. */
import type { ScenarioSummary } from '../summary.ts'
import { escapeTerminal } from './escape.ts'
import { formatFigure, formatPercent, padEnd, padStart, truncate } from './text.ts'

const MOST_LINES = 12
const NAME = 24
const COLUMN = 12

/** Times of the server's own clock, in ms; a head and the operations with the largest shares. */
export function renderTrace({ trace }: ScenarioSummary): string[] {
  if (trace === undefined) return []
  const line = (name: string, cells: readonly string[]): string =>
    padEnd(truncate(escapeTerminal(name), NAME - 1), NAME) + cells.map((cell) => padStart(cell, COLUMN)).join('')
  const rows = trace
    .slice(0, MOST_LINES)
    .map(({ name, meanUs, minUs, maxUs, share, samples }) =>
      line(name, [
        ...[meanUs, minUs, maxUs].map((us) => formatFigure(us / 1000)),
        formatPercent(Number(share.toPrecision(3))),
        String(samples),
      ]),
    )
  return [line("server's trace, ms", ['mean', 'min', 'max', 'share', 'answers']), ...rows]
}
