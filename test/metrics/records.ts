/** Records for tests, with everything that a test does not care about filled in. */
import type { DroppedRecord, HttpErrorRecord, OkRecord, RefusedRecord, TimeoutRecord } from '../../src/core/record.ts'

let next = 0

/** Answered whole; instants in ms: due at 0, sent at 1, headers at 5, three tokens at 11, 21 and 41, end at 42. */
export function okRecord(fields: Partial<OkRecord> = {}): OkRecord {
  const n = next++
  return {
    n,
    id: `request-${n}`,
    scenario: 'one',
    phase: 'measure',
    item: 'row:0',
    dueAt: 0,
    sentAt: 1,
    headersAt: 5,
    endAt: 42,
    outcome: 'ok',
    status: 200,
    events: { us: [4000, 6000, 10_000, 20_000, 500], kind: 'ottto' },
    finish: 'length',
    inputTokens: 10,
    outputTokens: 3,
    tokenSource: 'server',
    ...fields,
  }
}

export function httpErrorRecord(fields: Partial<HttpErrorRecord> = {}): HttpErrorRecord {
  const { n, id, scenario, phase, item } = okRecord()
  const base = { n, id, scenario, phase, item, dueAt: 0, sentAt: 1, headersAt: 5, endAt: 6 }
  return { ...base, outcome: 'http-error', status: 500, stage: 'headers', reason: 'http_500', error: 'oops', ...fields }
}

export function timeoutRecord(fields: Partial<TimeoutRecord> = {}): TimeoutRecord {
  const { n, id, scenario, phase, item } = okRecord()
  const base = { n, id, scenario, phase, item, dueAt: 0, sentAt: 1, endAt: 100 }
  return { ...base, outcome: 'timeout', stage: 'headers', reason: 'headers', ...fields }
}

export function droppedRecord(fields: Partial<DroppedRecord> = {}): DroppedRecord {
  const { n, id, scenario, phase, item } = okRecord()
  return { n, id, scenario, phase, item, dueAt: 0, endAt: 50, outcome: 'dropped', reason: 'run-ended', ...fields }
}

export function refusedRecord(fields: Partial<RefusedRecord> = {}): RefusedRecord {
  const { n, id, scenario, phase, item } = okRecord()
  const base = { n, id, scenario, phase, item, dueAt: 0, endAt: 2 }
  return { ...base, outcome: 'refused', stage: 'connect', reason: 'ECONNREFUSED', ...fields }
}
