/** The cursor by keys. */
import type uPlot from 'uplot'

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }

export function moveByKey(event: KeyboardEvent, plot: uPlot, length: number): void {
  const step = STEPS[event.key]
  const ends: Readonly<Record<string, number>> = { Home: 0, End: length - 1 }
  const end = ends[event.key]
  if (event.key === 'Escape') hideCursor(plot)
  if (step === undefined && end === undefined) return
  event.preventDefault()
  const index = end ?? Math.min(length - 1, Math.max(0, (plot.cursor.idx ?? -1) + (step ?? 0)))
  moveCursor(plot, plot.valToPos(plot.data[0]![index]!, 'x'))
}

export function hideCursor(plot: uPlot): void {
  moveCursor(plot, -10)
}

/** The types lack the last argument: that charts of the same group follow. */
function moveCursor(plot: uPlot, left: number): void {
  const move = plot.setCursor as (place: { left: number; top: number }, fire: boolean, tell: boolean) => void
  move({ left, top: left < 0 ? -10 : 10 }, true, true)
}
