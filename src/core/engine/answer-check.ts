import type { Validation } from '../metrics/quality.ts'
import type { RequestRecord } from '../record.ts'

/** Judges each whole answer. Its text was kept for that, and goes unless `keepText`. */
export function createAnswerCheck(
  validation: Validation | undefined,
  keepText: boolean,
): (record: RequestRecord) => RequestRecord {
  if (validation === undefined) return (record) => record
  return (record) => {
    const fault = record.outcome === 'ok' ? validation.findFault(record) : undefined
    const judged: RequestRecord =
      record.outcome !== 'ok'
        ? record
        : {
            ...record,
            quality: fault === undefined ? 'passed' : 'failed',
            ...(fault === undefined ? {} : { notes: [...(record.notes ?? []), fault] }),
          }
    return keepText ? judged : withoutText(judged)
  }
}

function withoutText(record: RequestRecord): RequestRecord {
  if (!('text' in record) && !('reasoning' in record)) return record
  const { text: _, reasoning: __, ...rest } = record as RequestRecord & { text?: string; reasoning?: string }
  return rest as RequestRecord
}
