/** Rates that change: steps and linear ramps, one stage after the other. */
import type { OpenArrival, RateStage } from '../arrival.ts'
import { BenchError } from '../errors.ts'
import { formatDuration } from '../units.ts'
import { requireNotNegative, requirePositive } from './check.ts'
import type { Pace } from './pace.ts'

/** A stage, placed: where it begins in time and in expected requests. */
interface Piece {
  readonly startMs: number
  readonly durationMs: number
  readonly from: number
  readonly to: number
  /** Requests expected before it, and within it. */
  readonly before: number
  readonly within: number
}

/**
 * Request `n` is due when the integral of the rate reaches the pace's position of `n` (time change of a unit-rate process):
 * with a Poisson pace an inhomogeneous Poisson process, with the steady pace as many requests as the integral says. Ends where
 * the last stage ends; a request that would be due at just that instant is none of it.
 */
export function stages(list: readonly RateStage[], pace: Pace, paceName: string): OpenArrival {
  const pieces = place(list)
  const last = pieces.at(-1)
  const expected = last === undefined ? 0 : last.before + last.within
  if (expected === 0) {
    throw new BenchError('usage', 'arrival: the stages hold no request; give at least one a rate above 0')
  }
  // Sums of rates are inexact: without the margin 10/s for 1 s could be 11 requests.
  const end = expected - 1e-9 * Math.max(1, expected)
  const name = `stages ${pieces.map(describePiece).join(', ')} ${paceName}`
  return {
    kind: 'open',
    name,
    due: (n) => {
      const position = pace(n)
      return position >= end ? undefined : invert(pieces, position)
    },
  }
}

function place(list: readonly RateStage[]): Piece[] {
  const pieces: Piece[] = []
  let startMs = 0
  let before = 0
  for (const stage of list) {
    const [from, to] = 'rate' in stage ? [stage.rate, stage.rate] : [stage.from, stage.to]
    requirePositive('duration of a stage', stage.durationMs)
    requireNotNegative('rate of a stage', from)
    requireNotNegative('rate of a stage', to)
    const within = (((from + to) / 2) * stage.durationMs) / 1000
    pieces.push({ startMs, durationMs: stage.durationMs, from, to, before, within })
    startMs += stage.durationMs
    before += within
  }
  return pieces
}

function invert(pieces: readonly Piece[], position: number): number {
  const piece = findPiece(pieces, position)
  const wanted = position - piece.before
  if (wanted <= 0) return piece.startMs
  // from·t + slope/2·t² = wanted, in the form that keeps its digits where the slope or the first rate is 0.
  const slope = ((piece.to - piece.from) * 1000) / piece.durationMs
  const rateThen = Math.sqrt(Math.max(0, piece.from * piece.from + 2 * slope * wanted))
  const ms = (2000 * wanted) / (piece.from + rateThen)
  return piece.startMs + Math.min(ms, piece.durationMs)
}

function findPiece(pieces: readonly Piece[], position: number): Piece {
  let low = 0
  let high = pieces.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    const piece = pieces[middle]!
    if (position < piece.before + piece.within) high = middle
    else low = middle + 1
  }
  return pieces[low]!
}

function describePiece(piece: Piece): string {
  const rate = piece.from === piece.to ? `${piece.from}/s` : `${piece.from}-${piece.to}/s`
  return `${rate} for ${formatDuration(piece.durationMs)}`
}
