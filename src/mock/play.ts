/** Plays an answer in time: every token has an absolute due instant, so lateness of one never delays the next. */
import type { Answer } from './answer.ts'
import type { Load, Place } from './load.ts'
import type { Tally } from './meter.ts'
import { type MockTime, waitUntil } from './timing.ts'

export interface Performance {
  readonly answer: Answer
  readonly place: Place
  readonly load: Load
  readonly tally: Tally
  readonly time: MockTime
  readonly arrivedAt: number
  /** Aborts when the client has left. */
  readonly signal: AbortSignal
}

/**
 * Calls back after token `count - 1` of every answer became due, with the numbers of tokens `from` and `to` that a chunk
 * covers: the first token alone, then each `tokensPerChunk`, and the rest at the end. False when the client left.
 */
export async function playAnswer(
  { answer, place, load, tally, time, arrivedAt, signal }: Performance,
  onChunk: (from: number, to: number) => boolean | Promise<boolean>,
): Promise<boolean> {
  if (!(await place.admitted(signal))) return false
  const startedAt = load.waiting === 0 && time.now() - arrivedAt < 1 ? arrivedAt : time.now()
  tally.started(startedAt)
  const lengths = answer.choices.map((choice) => choice.pieces.length)
  const total = Math.max(...lengths)
  let dueAt = startedAt + load.firstMs(answer.n, answer.promptTokens)
  let from = 0
  // An answer of no tokens (echo alone) still takes its prefill and one chunk.
  for (let token = 0; token < Math.max(1, total); token++) {
    if (token > 0) dueAt += load.gapMs(answer.n, token)
    if (!(await waitUntil(time, dueAt, signal))) return false
    const count = lengths.filter((length) => length > token).length
    if (count > 0) tally.tokens(time.now(), count)
    const to = Math.min(token + 1, total)
    if (token > 0 && to < total && to - from < answer.request.tokensPerChunk) continue
    if (!(await onChunk(from, to))) return false
    from = to
  }
  return true
}
