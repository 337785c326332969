/** How much a client had to do, read from its records: the same measure for a calibration's rows and for the runs that quote them. */
import type { CalibrationLoad } from '../calibration.ts'
import type { RequestRecord } from '../record.ts'

/** Long enough that a wave of first tokens is not all that counts, short enough to see a peak. */
const BUCKET_MS = 500

export interface LoadMeter {
  /** In any order; what was not sent counts for nothing. */
  add(record: RequestRecord): void
  /** undefined when nothing was sent. */
  read(): CalibrationLoad | undefined
}

/** Of the requests that are measured: a warm-up is no part of what is said about them. */
export function createLoadMeter(): LoadMeter {
  const starts: number[] = []
  const ends: number[] = []
  const buckets = new Map<number, number>()

  /** Spread evenly over the time in which they came. */
  const spread = (fromAt: number, toAt: number, events: number): void => {
    const length = Math.max(toAt - fromAt, Number.MIN_VALUE)
    for (let bucket = Math.floor(fromAt / BUCKET_MS); bucket <= Math.floor(toAt / BUCKET_MS); bucket++) {
      const inside = Math.min(toAt, (bucket + 1) * BUCKET_MS) - Math.max(fromAt, bucket * BUCKET_MS)
      const share = toAt === fromAt ? 1 : inside / length
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + events * share)
    }
  }

  return {
    add(record) {
      if (record.phase !== 'measure' || !('sentAt' in record) || record.sentAt === undefined) return
      starts.push(record.sentAt)
      ends.push(record.endAt)
      if (!('events' in record) || record.events === undefined || record.events.us.length === 0) return
      spread(record.sentAt + record.events.us[0]! / 1000, record.endAt, record.events.us.length)
    },
    read() {
      if (starts.length === 0) return undefined
      const most = [...buckets.values()].reduce((a, b) => Math.max(a, b), 0)
      return { streams: countMost(starts, ends), eventsPerSecond: Math.round((most * 1000) / BUCKET_MS) }
    },
  }
}

/** The most intervals that are open at a time; one that ends when another starts has made place for it. */
function countMost(starts: readonly number[], ends: readonly number[]): number {
  const opened = Float64Array.from(starts).sort()
  const closed = Float64Array.from(ends).sort()
  let open = 0
  let most = 0
  let end = 0
  for (const at of opened) {
    while (end < closed.length && closed[end]! <= at) {
      open--
      end++
    }
    open++
    most = Math.max(most, open)
  }
  return most
}
