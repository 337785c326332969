/** What came between the instant at which a request was due and its sending, over all records that were sent. */
import type { RequestRecord } from '../record.ts'
import { define, type SendMetric } from './contract.ts'
import { msBetween } from './timings.ts'

/** The sending of a record; a request that never had a connection has none. */
function sentAtOf(record: RequestRecord): number | undefined {
  return 'sentAt' in record ? record.sentAt : undefined
}

function connectStartOf(record: RequestRecord): number | undefined {
  return 'connect' in record ? record.connect?.startAt : undefined
}

const SEND_LATE: SendMetric = {
  definition: define({
    id: 'send_late',
    title: 'late sends',
    formula: '(connect.startAt, else sentAt) - (permitAt, else dueAt): from when it could be sent to when we began to',
    source: 'AIPerf replay_sched_lag; waiting for a permit and making a connection are metrics of their own',
  }),
  whenEmpty: 'nothing was sent',
  sample(record) {
    const beganAt = connectStartOf(record) ?? sentAtOf(record)
    return beganAt === undefined ? undefined : Math.max(0, msBetween(record.permitAt ?? record.dueAt, beganAt))
  },
}

const QUEUE_WAIT: SendMetric = {
  definition: define({
    id: 'queue_wait',
    title: 'wait for a permit',
    formula: 'permitAt - dueAt, of the requests that the cap on requests in flight held back',
    source: 'own; a cap on an open schedule brings coordinated omission back, so it must show',
  }),
  whenEmpty: 'no request was held back',
  sample: (record) =>
    record.permitAt === undefined ? undefined : Math.max(0, msBetween(record.dueAt, record.permitAt)),
}

const CONNECT: SendMetric = {
  definition: define({
    id: 'connect',
    title: 'connect',
    formula: 'sentAt - connect.startAt (DNS, TCP, TLS), of the requests that opened their connection',
    source: 'k6 http_req_connecting plus http_req_tls_handshaking; never part of ttft and e2e',
  }),
  whenEmpty: 'no request opened a connection',
  sample(record) {
    const startAt = connectStartOf(record)
    const sentAt = sentAtOf(record)
    return startAt === undefined || sentAt === undefined ? undefined : Math.max(0, msBetween(startAt, sentAt))
  },
}

export const sendMetrics: readonly SendMetric[] = [SEND_LATE, QUEUE_WAIT, CONNECT]
