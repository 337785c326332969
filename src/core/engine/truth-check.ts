/** Checks a run against what its server says that it sent: the records of a folder, joined with a log. */
import { BenchError } from '../errors.ts'
import type { Files } from '../platform.ts'
import { parseManifest, readRecords } from '../report/readers.ts'
import {
  alignClocks,
  type ClockOffset,
  type InstrumentError,
  joinTruth,
  measureErrors,
  readStamps,
  type StampedAnswer,
} from './instrument-error.ts'
import type { TruthLog } from './truth-log.ts'

export interface TruthCheck {
  readonly error: InstrumentError
  /** The log's clock less this machine's wall clock: about 0 where the log was written by the same machine's. */
  readonly clock: ClockOffset
  /** Answers of the run that the log does not have. */
  readonly missing: number
  /** Answers with another number of events in the log. */
  readonly uneven: number
}

/** What was measured in a run, ms by the wall clock. Throws a usage error when the folder holds no run that can be read. */
export async function readRunStamps(files: Files, folder: string): Promise<StampedAnswer[]> {
  const manifestPath = files.join(folder, 'manifest.json')
  const { clock } = parseManifest(manifestPath, await files.readText(manifestPath))
  const path = files.join(folder, 'records.jsonl')
  const stamped: StampedAnswer[] = []
  await readRecords(path, files.readPieces(path), (record) => {
    const stamps = readStamps(record)
    if (stamps !== undefined) stamped.push(onWallClock(stamps, clock.originEpochMs))
  })
  return stamped
}

function onWallClock({ id, sentAt, eventsAt }: StampedAnswer, originEpochMs: number): StampedAnswer {
  return { id, sentAt: sentAt + originEpochMs, eventsAt: eventsAt.map((at) => at + originEpochMs) }
}

/** Throws a usage error when there is nothing to compare. */
export function checkStamps(stamped: readonly StampedAnswer[], truths: TruthLog): TruthCheck {
  const join = joinTruth(stamped, truths)
  const clock = alignClocks(join.answers)
  const error = measureErrors(join, clock)
  if (error === undefined) {
    throw new BenchError(
      'usage',
      `nothing to compare: of ${stamped.length} answers that were measured ${join.missing} are not in the log (${truths.size} requests), and ${join.uneven} have another number of events there; the log must name the X-Request-Id of each request, and an instant for each event with content`,
    )
  }
  return { error, clock, missing: join.missing, uneven: join.uneven }
}
