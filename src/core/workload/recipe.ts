/** A prepared workload as data: what was found out by asking is in it, so that another thread makes the same calls unasked. */
import type { Workload } from '../workload.ts'
import { type DatasetPlan, makeRows } from './rows.ts'
import { makeSynthetic, type SyntheticPlan } from './synthetic.ts'
import type { PreparedWorkload, WorkloadSettings } from './tools.ts'
import type { Vocabulary } from './vocabulary.ts'

export type WorkloadRecipe =
  | {
      readonly kind: 'synthetic'
      readonly plan: SyntheticPlan
      readonly settings: WorkloadSettings
      readonly vocabulary: Vocabulary
      readonly description: Workload['description']
    }
  | { readonly kind: 'dataset'; readonly plan: DatasetPlan; readonly settings: WorkloadSettings }

/** Makes it. Pure: the same recipe gives the same calls, in whatever thread. */
export function makeWorkload(recipe: WorkloadRecipe): PreparedWorkload {
  if (recipe.kind === 'dataset') return { ...makeRows(recipe.plan, recipe.settings), recipe }
  const { plan, settings, vocabulary } = recipe
  const make = (phase: string): Workload =>
    makeSynthetic(plan, settings, vocabulary, `${phase} ${settings.stream ?? ''}`, recipe.description)
  return { ...make('measure'), warmup: make('warmup'), recipe }
}
