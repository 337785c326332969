/** What must match before two runs may be compared: in every manifest, part by part. */

/**
 * - `server`, `build` (what the server calls its own configuration, `system_fingerprint`), `model`: what is measured; a
 *   comparison of two servers differs there on purpose.
 * - `endpoint`, `request`, `workload`, `seed`, `schedule`: what was asked, and when.
 * - `definitions`, `tokens`, `limits`: what the numbers mean: definitions of metrics, who counted tokens, limits of a good request.
 * - `machine`, `runtime`, `transport`, `threads`: who measured.
 */
export type FingerprintPartName =
  | 'server'
  | 'build'
  | 'model'
  | 'endpoint'
  | 'request'
  | 'workload'
  | 'seed'
  | 'schedule'
  | 'definitions'
  | 'tokens'
  | 'limits'
  | 'machine'
  | 'runtime'
  | 'transport'
  | 'threads'

export interface FingerprintPart {
  /** Of everything that belongs to the part, in canonical form: equal on every runtime, whatever the order of members. */
  readonly hash: string
  /** The same for people; may leave details out. No secret is in either. */
  readonly text: string
}

export interface Fingerprint {
  /** Over the parts. */
  readonly hash: string
  /** A part that is not known is absent: `tokens` before the end of a run, `build` where the server does not say. */
  readonly parts: Readonly<Partial<Record<FingerprintPartName, FingerprintPart>>>
  /** By name of the scenario: what differs between the scenarios of a run, for a comparison of single ones. */
  readonly scenarios: Readonly<Record<string, Readonly<Record<'workload' | 'schedule', FingerprintPart>>>>
}

/** One part in which two fingerprints differ. An absent text: that run does not say. */
export interface FingerprintDifference {
  readonly name: FingerprintPartName
  /** `client machine`. */
  readonly title: string
  /** What the part is about; see {@link FingerprintPartName}. */
  readonly about: 'what is measured' | 'what is asked' | 'what numbers mean' | 'who measures'
  readonly ours?: string
  readonly theirs?: string
  /** One line for people. */
  readonly line: string
}
