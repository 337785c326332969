import type { Call } from './call.ts'
import type { RequestRecord } from './record.ts'

/** What is sent. Knows neither time nor HTTP. The same seed gives the same calls. */
export interface Workload {
  readonly name: string
  /** What must match before two runs may be compared; goes into the manifest as it is. No prompt text, no path. */
  readonly description: Readonly<Record<string, unknown>>
  /** How many different calls there are; undefined: as many as wanted. After the last it starts over. */
  readonly size?: number
  /** Call `n` (from 0). Pure: the same for the same `n`, in whatever order it is asked. May take a few 10 µs. */
  call(n: number): Call
  /** The same as data, for another thread (`makeWorkload`); absent where it cannot be told so. */
  readonly recipe?: unknown
  /** The next turn of a conversation, given the finished one and its text; undefined when the conversation is over. */
  next?(record: RequestRecord, text: string): Call | undefined
}
