/** Sweeps: which loads are measured, and what they come to. */
export { listLoads } from './loads.ts'
export { type MeasuredLoad, nextLoad, summarizeSweep } from './result.ts'
