/** Values on y: where the axis ends, and which of its places have a number. */
import type { ChartData } from '../core/report/html/data.ts'
import { groupDigits } from '../core/report/text.ts'

type Scale = ChartData['scale']

/** From zero, so that heights compare; a logarithmic axis has a little room at either end. */
export function fitRange(scale: Scale, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return scale === 'log' ? [1, 10] : [0, 1]
  if (scale === 'log') return [min / 1.15, max * 1.15]
  if (min === 0 && max === 0) return [0, 1]
  if (max <= 0) return [min * 1.08, 0]
  return [Math.min(0, min * 1.08), max * 1.08]
}

const LINEAR_ROOM = 26
const LOG_ROOM = 22

export function chooseTicks(scale: Scale, from: number, to: number, pixels: number): number[] {
  return scale === 'log'
    ? chooseLogTicks(from, to, Math.max(2, Math.floor(pixels / LOG_ROOM)))
    : chooseLinearTicks(from, to, Math.max(2, Math.floor(pixels / LINEAR_ROOM)))
}

function chooseLinearTicks(from: number, to: number, most: number): number[] {
  const rough = (to - from) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10)
  const first = Math.ceil(from / step - 1e-9)
  const count = Math.floor(to / step + 1e-9) - first + 1
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** 1, 2 and 5 of each decade, or 1 and 3, or 1 alone. */
function chooseLogTicks(from: number, to: number, most: number): number[] {
  const sets = [[1, 2, 5], [1, 3], [1]]
  const lists = sets.map((digits) => {
    const ticks: number[] = []
    for (let decade = Math.floor(Math.log10(from)); decade <= Math.ceil(Math.log10(to)); decade++) {
      for (const digit of digits) ticks.push(Number((digit * 10 ** decade).toPrecision(12)))
    }
    return ticks.filter((tick) => tick >= from && tick <= to)
  })
  return lists.find((ticks) => ticks.length >= 2 && ticks.length <= most) ?? lists[0]!.slice(0, most)
}

const PREFIXES = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e5, 'k'],
] as const

export function formatTick(value: number): string {
  const found = PREFIXES.find(([size]) => Math.abs(value) >= size)
  if (found === undefined) return Number.isInteger(value) ? groupDigits(value) : String(Number(value.toPrecision(4)))
  const size = found[1] === 'k' ? 1e3 : found[0]
  return `${Number((value / size).toPrecision(4))} ${found[1]}`
}
