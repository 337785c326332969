/** The slowest requests of each scenario: a fold of records that keeps no more than it shows. */
import type { RequestRecord } from '../../record.ts'

export interface SlowestFold {
  add(record: RequestRecord): void
  /** From the slowest on. */
  of(scenario: string): readonly RequestRecord[]
}

/** Rows of the whole page, and of one scenario. */
const MOST_ROWS = 150
const MOST_OF_ONE = 50
const FEWEST_OF_ONE = 3

export function createSlowestFold(): SlowestFold {
  const kept = new Map<string, RequestRecord[]>()
  const shareOf = (scenarios: number): number =>
    Math.min(MOST_OF_ONE, Math.max(FEWEST_OF_ONE, Math.floor(MOST_ROWS / Math.max(1, scenarios))))
  return {
    add(record) {
      // What was never sent has no lane.
      if (record.phase !== 'measure' || record.outcome === 'dropped') return
      const slowest = kept.get(record.scenario) ?? []
      kept.set(record.scenario, slowest)
      const took = tookMs(record)
      const most = shareOf(kept.size)
      if (slowest.length >= most && took <= tookMs(slowest[most - 1]!)) return
      const place = slowest.findIndex((one) => tookMs(one) < took)
      slowest.splice(place === -1 ? slowest.length : place, 0, withoutText(record))
      slowest.length = Math.min(slowest.length, most)
    },
    of: (scenario) => (kept.get(scenario) ?? []).slice(0, shareOf(kept.size)),
  }
}

/** From due to end. */
export function tookMs({ dueAt, endAt }: RequestRecord): number {
  return endAt - dueAt
}

/** An answer's text may be long, and is not shown. */
function withoutText(record: RequestRecord): RequestRecord {
  if (!('text' in record || 'reasoning' in record)) return record
  const { text: _, reasoning: __, ...rest } = record as RequestRecord & { text?: string; reasoning?: string }
  return rest as RequestRecord
}
