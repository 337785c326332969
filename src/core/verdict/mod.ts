/** The verdict: how far a run can be believed. See `limits.ts` for what is judged, `judge.ts` for how. */
export type { PlacedFinding } from './finding.ts'
export { createJudge, type Judge } from './judge.ts'
export { type LimitChange, limits, pluginLimits } from './limits.ts'
