import type { OkRecord } from '../record.ts'
import { roundToMicros } from '../units.ts'

/** Durations of one answer that several metrics share, ms since `sentAt`. undefined: there was no such event. */
export interface Timings {
  readonly firstEventMs: number | undefined
  readonly firstTokenMs: number | undefined
  /** The first token of the visible answer: not reasoning, not a tool call. */
  readonly firstAnswerMs: number | undefined
  readonly lastTokenMs: number | undefined
  /** One entry for each event with tokens after the first: ms since the event with tokens before it. */
  readonly gapsMs: readonly number[]
  /** Tokens of the event that ends each gap; at least 1. */
  readonly gapTokens: readonly number[]
  /** The answer came as events with tokens. A whole JSON body has none: its arrival says nothing about a first token. */
  readonly streamed: boolean
}

/** From one instant of a record to another. Instants have whole microseconds; so has the difference, without float dust. */
export function msBetween(from: number, to: number): number {
  return roundToMicros(to - from)
}

const TOKEN_KINDS: ReadonlySet<string> = new Set(['t', 'r', 'c'])

/** Walks the events of an answer once. Sums are of whole microseconds, so no error grows along a stream. */
export function readTimings(record: OkRecord): Timings {
  const { us, kind, tokens } = record.events
  const gapsMs: number[] = []
  const gapTokens: number[] = []
  let sinceSent = 0
  let firstToken: number | undefined
  let firstAnswer: number | undefined
  let lastToken: number | undefined
  for (let i = 0; i < us.length; i++) {
    sinceSent += us[i]!
    if (!TOKEN_KINDS.has(kind[i]!)) continue
    if (lastToken !== undefined) {
      gapsMs.push((sinceSent - lastToken) / 1000)
      gapTokens.push(Math.max(1, tokens?.[i] ?? 1))
    }
    lastToken = sinceSent
    firstToken ??= sinceSent
    if (kind[i] === 't') firstAnswer ??= sinceSent
  }
  return {
    firstEventMs: toMs(us[0]),
    firstTokenMs: toMs(firstToken),
    firstAnswerMs: toMs(firstAnswer),
    lastTokenMs: toMs(lastToken),
    gapsMs,
    gapTokens,
    streamed: firstToken !== undefined && record.notes?.includes('not_streamed') !== true,
  }
}

function toMs(us: number | undefined): number | undefined {
  return us === undefined ? undefined : us / 1000
}
