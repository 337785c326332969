/** What the card by length of the answer needs and no summary holds: each answer's tokens, and the mean gap between them. */
import type { LoadResult } from '../core/compat/probador/result.ts'
import { tpotOf } from '../core/metrics/durations.ts'
import { readTimings } from '../core/metrics/timings.ts'
import type { Files } from '../core/platform.ts'
import { readRecords } from '../core/report/readers.ts'
import type { ResultSource } from './results.ts'

type Details = NonNullable<LoadResult['request_details']>

/** From the log of a run of ours; what is none comes back as it is. */
export async function addDetails(source: ResultSource, files: Files): Promise<ResultSource> {
  const names = source.run === undefined ? undefined : await files.list(source.path)
  if (source.run === undefined || names?.includes('records.jsonl') !== true) return source
  const details = new Map<string, Details[number][]>()
  const log = files.join(source.path, 'records.jsonl')
  await readRecords(log, files.readPieces(log), (record) => {
    if (record.phase !== 'measure' || record.outcome !== 'ok' || record.outputTokens === undefined) return
    const itl = tpotOf(record, readTimings(record))
    const detail = { completion_tokens: record.outputTokens, ...(itl !== undefined && { itl_ms: itl }) }
    const known = details.get(record.scenario)
    if (known === undefined) details.set(record.scenario, [detail])
    else known.push(detail)
  })
  const { scenarios } = source.run.summary
  const loads = source.loads.map((load, index) => {
    const own = details.get(scenarios[index]?.scenario ?? '')
    return own === undefined ? load : { ...load, result: { ...load.result, request_details: own } }
  })
  return { ...source, loads }
}
