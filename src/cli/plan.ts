/** The plan of a run, as every command makes it. */
import { type CheckedOptions, type NameOption, planRun } from '../core/options/mod.ts'
import type { RunPlan } from '../core/plan.ts'
import type { Platform } from '../core/platform.ts'
import { loadAutoPlugins, partLoaders } from '../registry.ts'
import { rememberSecrets } from './errors.ts'

/** `unasked`: with the plugins that run by themselves. Its secrets are kept out of whatever is printed from now on. Throws as `planRun` does. */
export async function makePlan(
  options: CheckedOptions,
  platform: Platform,
  nameOption?: NameOption,
  unasked = false,
): Promise<RunPlan> {
  const plan = await planRun(options, {
    platform,
    ...(nameOption && { nameOption }),
    ...partLoaders(platform),
    ...(unasked && { loadAutoPlugins: () => loadAutoPlugins(platform) }),
  })
  rememberSecrets(plan.secrets)
  return plan
}
