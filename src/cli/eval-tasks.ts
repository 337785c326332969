/** Kept while others move: see core/options/task-files.ts. */
export { readTaskTypes } from '../core/options/task-files.ts'
