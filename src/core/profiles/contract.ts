import type { ProfileMetrics, ProfileName, ProfileResults } from '../profile.ts'
import type { RequestRecord } from '../record.ts'
import type { SeenAnswer } from './answer.ts'

/** Folds the measured records of one scenario, in order of ending. Holds samples up to a bound, never records. */
export interface ProfileFold {
  /** Once a record, whatever became of it. */
  record(record: RequestRecord): void
  /** Besides, once for each whole answer. */
  answer(seen: SeenAnswer): void
  results(): ProfileResults
}

/** What a tool would print, had it seen the same messages at the same instants. */
export interface Profile {
  readonly name: Exclude<ProfileName, 'inferbench'>
  /** The command that people know: `vllm bench serve`. */
  readonly tool: string
  /** Where the definitions were read. */
  readonly source: string
  readonly metrics: ProfileMetrics
  fold(): ProfileFold
}
