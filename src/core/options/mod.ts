/** Options of a run: read, checked, completed into a plan. */

export { nearestName, suggestName } from '../nearest.ts'
export type { CheckedOptions, OldTool, OptionName, RequiredVerdict, RunOptions, StageInput } from './options.ts'
export { OLD_TOOLS } from './options.ts'
export { type PlanTools, planRun } from './plan.ts'
export { type NameOption, readOptions } from './read.ts'
export {
  defaults,
  type OptionDescription,
  optionDescriptions,
  optionGroups,
  optionNames,
  runOptionsSchema,
} from './schema.ts'
export { createScrubber } from './secrets.ts'
export { findMeantOption } from './synonyms.ts'
export { hideUserPart, readBaseUrl } from './url.ts'
