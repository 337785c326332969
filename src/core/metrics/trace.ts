/** Where servers say that their time went: a bounded fold of the traces in records. */
import type { ServerTrace } from '../event.ts'
import type { TracedOperation } from '../summary.ts'

interface Times {
  samples: number
  sumUs: number
  minUs: number
  maxUs: number
}

export interface TraceFold {
  traces: number
  totalUs: number
  readonly operations: Map<string, Times>
}

/** Names are the server's: one that makes them up without end fills no memory. */
const MOST_NAMES = 256

export function emptyTrace(): TraceFold {
  return { traces: 0, totalUs: 0, operations: new Map() }
}

export function addTrace(fold: TraceFold, { totalUs, operations }: ServerTrace): void {
  fold.traces++
  fold.totalUs += totalUs
  for (const { name, us } of operations) addTimes(fold, name, { samples: 1, sumUs: us, minUs: us, maxUs: us })
}

export function mergeTrace(fold: TraceFold, other: TraceFold): void {
  fold.traces += other.traces
  fold.totalUs += other.totalUs
  for (const [name, times] of other.operations) addTimes(fold, name, times)
}

function addTimes({ operations }: TraceFold, name: string, more: Readonly<Times>): void {
  const times = operations.get(name)
  if (times === undefined) {
    if (operations.size < MOST_NAMES) operations.set(name, { ...more })
    return
  }
  times.samples += more.samples
  times.sumUs += more.sumUs
  times.minUs = Math.min(times.minUs, more.minUs)
  times.maxUs = Math.max(times.maxUs, more.maxUs)
}

/** undefined where no answer was traced. */
export function traceResult({ traces, totalUs, operations }: TraceFold): readonly TracedOperation[] | undefined {
  if (traces === 0) return undefined
  const meanTotalUs = totalUs / traces
  return [...operations]
    .map(([name, { samples, sumUs, minUs, maxUs }]) => {
      const meanUs = sumUs / samples
      return { name, meanUs, minUs, maxUs, share: meanTotalUs > 0 ? (100 * meanUs) / meanTotalUs : 0, samples }
    })
    .sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1))
}
