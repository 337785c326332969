import type { OkRecord } from '../record.ts'

/** The little that the verdict needs of an answer's events. Milliseconds since `sentAt`. */
export interface AnswerShape {
  readonly streamed: boolean
  readonly firstTokenMs: number
  readonly lastTokenMs: number
  /** Events with tokens. */
  readonly tokenEvents: number
  /** Of the gaps between them, those of 0: the events came in one piece. */
  readonly zeroGaps: number
}

const OTHER = 'o'.charCodeAt(0)

/** One pass, no lists: this runs for each of a million records. */
export function readShape(record: OkRecord): AnswerShape {
  const { us, kind } = record.events
  let at = 0
  let first = -1
  let last = -1
  let tokenEvents = 0
  let zeroGaps = 0
  for (let i = 0; i < us.length; i++) {
    at += us[i]!
    if (kind.charCodeAt(i) === OTHER) continue
    if (tokenEvents > 0 && at === last) zeroGaps++
    if (tokenEvents++ === 0) first = at
    last = at
  }
  return {
    streamed: tokenEvents > 0 && record.notes?.includes('not_streamed') !== true,
    firstTokenMs: first / 1000,
    lastTokenMs: last / 1000,
    tokenEvents,
    zeroGaps,
  }
}
