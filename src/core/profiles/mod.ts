/** Profiles: whose definitions figures follow. See `profile.ts` for the words. */
import type { ProfileName, ProfileResults } from '../profile.ts'
import type { RequestRecord } from '../record.ts'
import aiperf from './aiperf.ts'
import { readAnswer } from './answer.ts'
import type { Profile, ProfileFold } from './contract.ts'
import guidellm from './guidellm.ts'
import probar from './probar.ts'
import sglang from './sglang.ts'
import vllm from './vllm.ts'

export type { Profile } from './contract.ts'

/** All but ours, whose definitions are `metrics/`. */
export const profiles: readonly Profile[] = [vllm, aiperf, guidellm, sglang, probar]

export function findProfile(name: ProfileName): Profile | undefined {
  return profiles.find((profile) => profile.name === name)
}

/** Folds records into the figures of several profiles at once, scenario by scenario. */
export interface ProfileFolder {
  /** Once a record, in order of ending; those of the warm-up count for nothing. */
  add(record: RequestRecord): void
  /** Of one profile in one scenario; of a scenario without records every metric is absent. */
  results(profile: Profile, scenario: string): ProfileResults
}

export function createProfileFolder(wanted: readonly Profile[] = profiles): ProfileFolder {
  const scenarios = new Map<string, Map<Profile, ProfileFold>>()
  const open = (): Map<Profile, ProfileFold> => new Map(wanted.map((profile) => [profile, profile.fold()]))
  return {
    add(record) {
      if (record.phase !== 'measure') return
      let folds = scenarios.get(record.scenario)
      if (folds === undefined) {
        folds = open()
        scenarios.set(record.scenario, folds)
      }
      const seen = record.outcome === 'ok' ? readAnswer(record) : undefined
      for (const fold of folds.values()) {
        fold.record(record)
        if (seen !== undefined) fold.answer(seen)
      }
    },
    results: (profile, scenario) => (scenarios.get(scenario)?.get(profile) ?? profile.fold()).results(),
  }
}
