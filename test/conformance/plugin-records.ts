import type { OkRecord, RequestRecord } from 'inferbench'

/** How many answers stand between one failure of each kind and the next. */
const ANSWERS = 40

/** Records of every outcome, in order of ending, always the same; instants are plausible and none is equal to another. */
export function sampleRecords(): RequestRecord[] {
  const records: RequestRecord[] = []
  for (let n = 0; n < ANSWERS; n++) records.push(sampleAnswer(n))
  return [...records, ...sampleFailures(ANSWERS)]
}

function identity(n: number) {
  return { n, id: `sample-${n}`, scenario: 'sample', phase: 'measure', item: `row:${n}`, dueAt: n * 20 } as const
}

/** Gaps are 8 to 12 ms, and go round in a way that repeats only after 97 events. */
function sampleAnswer(n: number): OkRecord {
  const tokens = 2 + (n % 7)
  const us = [30_000 + n * 131, ...Array.from({ length: tokens - 1 }, (_, i) => 8000 + ((n * 31 + i * 17) % 97) * 41)]
  const sentAt = n * 20 + 0.25
  const endAt = sentAt + us.reduce((sum, one) => sum + one, 0) / 1000 + 0.5
  const reasons = n % 5 === 0
  return {
    ...identity(n),
    sentAt,
    headersAt: sentAt + 4,
    endAt: Math.round(endAt * 1000) / 1000,
    outcome: 'ok',
    status: 200,
    events: { us, kind: (reasons ? 'r' : 't') + 't'.repeat(tokens - 1) },
    finish: n % 3 === 0 ? 'stop' : 'length',
    inputTokens: 100 + n,
    outputTokens: tokens,
    tokenSource: n % 11 === 0 ? 'chunks' : 'server',
    ...(reasons ? { reasoningTokens: 1 } : {}),
    ...(n % 4 === 0 ? { cachedTokens: 16 } : {}),
    ...(n % 10 === 0 ? { connect: { startAt: n * 20 + 0.1, connectMs: 0.1 } } : {}),
    ...(n % 13 === 0 ? { notes: ['missing_done'] } : {}),
  }
}

function sampleFailures(from: number): RequestRecord[] {
  const at = from * 20
  const sent = { sentAt: at + 0.5 }
  const cut = { headersAt: at + 6, status: 200, events: { us: [9000], kind: 't' } }
  return [
    {
      ...identity(from),
      ...sent,
      headersAt: at + 3,
      endAt: at + 4,
      outcome: 'http-error',
      status: 429,
      stage: 'headers',
      reason: 'rejected',
    },
    {
      ...identity(from + 1),
      ...sent,
      ...cut,
      endAt: at + 40,
      outcome: 'stream-error',
      stage: 'body',
      reason: 'truncated',
    },
    { ...identity(from + 2), ...sent, endAt: at + 3000, outcome: 'timeout', stage: 'headers', reason: 'headers' },
    { ...identity(from + 3), endAt: at + 3001, outcome: 'timeout', stage: 'connect', reason: 'connect' },
    { ...identity(from + 4), ...sent, ...cut, endAt: at + 4000, outcome: 'aborted', stage: 'body', reason: 'drain' },
    { ...identity(from + 5), endAt: at + 4001, outcome: 'dropped', reason: 'run-ended' },
    { ...identity(from + 6), endAt: at + 4002, outcome: 'refused', stage: 'connect', reason: 'ECONNREFUSED' },
  ]
}
