/** An answer's instants as clients outside see them, who count making a connection in. */
import type { OkRecord, RequestRecord } from '../record.ts'

/** Milliseconds since the run's origin. */
export interface AnswerInstants {
  readonly startAt: number
  /** Of each event with visible text; empty for an answer that was not streamed. */
  readonly textAt: readonly number[]
  readonly endAt: number
}

export function readAnswerInstants({ connect, sentAt, endAt, events }: OkRecord): AnswerInstants {
  const textAt: number[] = []
  let sinceSentUs = 0
  for (const [index, us] of events.us.entries()) {
    sinceSentUs += us
    if (events.kind[index] === 't') textAt.push(sentAt + sinceSentUs / 1000)
  }
  return { startAt: connect?.startAt ?? sentAt, textAt, endAt }
}

/** From the first start to the last end, s; failed requests count too. 0 for none. */
export function measureWallSecs(records: readonly RequestRecord[]): number {
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const record of records) {
    const connectAt = 'connect' in record ? record.connect?.startAt : undefined
    start = Math.min(start, record.dueAt, connectAt ?? record.dueAt)
    end = Math.max(end, record.endAt)
  }
  return records.length === 0 ? 0 : Math.max(0, end - start) / 1000
}
