/** One answer as other tools see it: read once, for all of them. */
import { msBetween } from '../metrics/timings.ts'
import type { OkRecord, RequestRecord } from '../record.ts'

/** Durations in ms, of events since `sentAt`. */
export interface SeenAnswer {
  readonly record: OkRecord
  /**
   * From the start of making the connection to `sentAt`; 0 where the connection was there. Tools start their clock before
   * they ask their HTTP client for anything, so this is part of what they measure.
   */
  readonly connectMs: number
  /** Events with text. */
  readonly text: readonly number[]
  /** Events with text or reasoning. */
  readonly words: readonly number[]
  /** Events with text, reasoning or a tool call. */
  readonly tokens: readonly number[]
  /** Messages with `choices`: all but the one that tells the usage, see {@link readAnswer}. */
  readonly choices: readonly number[]
  /** Of these, how many follow the last token. */
  readonly trailing: number
  /** The end of the body. */
  readonly endMs: number
  /** Output tokens as the server counted them. */
  readonly serverTokens: number | undefined
  /** The answer came as a stream of events with tokens or without, not as one JSON body. */
  readonly streamed: boolean
}

/**
 * The log does not tell an empty message with `choices` from one without. By the OpenAI API the usage comes in a message of its
 * own, without choices, after all others: where the server counted, the last event is taken for it, if it carries no token.
 */
export function readAnswer(record: OkRecord): SeenAnswer {
  const { us, kind } = record.events
  const text: number[] = []
  const words: number[] = []
  const tokens: number[] = []
  const choices: number[] = []
  let trailing = 0
  const serverTokens = record.tokenSource === 'server' ? record.outputTokens : undefined
  // A whole JSON body is one event without tokens.
  const streamed = record.notes?.includes('not_streamed') !== true && us.length > 0 && kind !== 'o'
  let sinceSent = 0
  for (let place = 0; place < us.length && streamed; place++) {
    sinceSent += us[place]!
    const at = sinceSent / 1000
    const letter = kind[place]!
    if (letter === 't') text.push(at)
    if (letter === 't' || letter === 'r') words.push(at)
    if (letter !== 'o') tokens.push(at)
    const tellsUsage = letter === 'o' && place === us.length - 1 && place > 0 && serverTokens !== undefined
    if (tellsUsage) continue
    choices.push(at)
    trailing = letter === 'o' ? trailing + 1 : 0
  }
  return {
    record,
    connectMs: connectMsOf(record),
    text,
    words,
    tokens,
    choices,
    trailing,
    endMs: msBetween(record.sentAt, record.endAt),
    serverTokens,
    streamed,
  }
}

function connectMsOf(record: OkRecord): number {
  const startAt = record.connect?.startAt
  return startAt === undefined ? 0 : Math.max(0, msBetween(startAt, record.sentAt))
}

/** When a tool's clock starts for a request: before its connection is made. undefined: nothing was sent. */
export function startOf(record: RequestRecord): number | undefined {
  if ('connect' in record && record.connect !== undefined) return record.connect.startAt
  return 'sentAt' in record ? record.sentAt : undefined
}
