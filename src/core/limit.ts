/** What can make a run SUSPECT or INVALID, and what was found. Whether it is too much is the table's business. */

/** A row of the verdict's table: from which figure on, and why from that one. */
export interface Limit {
  /** Stable; what `verdictLimits` and reasons name. */
  readonly code: string
  /** What the figure is. */
  readonly measures: string
  readonly unit: string
  /** `above`: a figure above the limit is bad; `below`: one below it. */
  readonly bad: 'above' | 'below'
  readonly suspect?: number
  readonly invalid?: number
  /** Why these values. */
  readonly why: string
  readonly remedy: string
  /** Codes of what may follow from it. */
  readonly explains: readonly string[]
}

/** A figure for a code of the table. */
export interface Finding {
  readonly code: string
  readonly figure: number
  /** What was found, on one line. */
  readonly message: string
  /** The evidence carries no more than this, whatever the figure. */
  readonly atMost?: 'suspect'
}
