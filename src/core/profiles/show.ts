/** A summary in the words of another tool: what is shown changes, what is judged does not. */
import type { MetricDefinition, MetricResult } from '../metric.ts'
import { durationMetrics } from '../metrics/durations.ts'
import type { ProfileMetricId, ProfileName } from '../profile.ts'
import type { RequestRecord } from '../record.ts'
import type { ScenarioSummary, Summary } from '../summary.ts'
import { UNITS } from './collect.ts'
import type { Profile } from './contract.ts'
import { createProfileFolder, findProfile, type ProfileFolder } from './mod.ts'

export interface ShownAs {
  /** Once a record, in order of ending. */
  add(record: RequestRecord): void
  /**
   * The summary with the figures of the profile. Ours for which it has none are left out, so that nothing of ours stands under
   * another's name; gates, verdict and counts stay.
   */
  apply(summary: Summary): Summary
}

export function showAs(name: ProfileName): ShownAs {
  const profile = findProfile(name)
  if (profile === undefined) return { add: () => {}, apply: (summary) => summary }
  const folder = createProfileFolder([profile])
  return {
    add: folder.add,
    apply: (summary) => ({
      ...summary,
      profile: name,
      scenarios: summary.scenarios.map((scenario) => showScenario(scenario, profile, folder)),
      definitions: { ...summary.definitions, ...defineMetrics(profile) },
    }),
  }
}

const OURS: ReadonlySet<string> = new Set([
  ...durationMetrics.map(({ definition }) => definition.id),
  ...Object.keys(UNITS),
  ...['input_tok_s', 'goodput', 'goodput_req_s'],
])

function showScenario(scenario: ScenarioSummary, profile: Profile, folder: ProfileFolder): ScenarioSummary {
  const { steady: _, ...rest } = scenario
  const kept: [string, MetricResult][] = Object.entries(scenario.metrics).filter(([id]) => !OURS.has(id))
  const results = Object.entries(folder.results(profile, scenario.scenario)).filter(([id]) => id in profile.metrics)
  return { ...rest, metrics: Object.fromEntries([...results, ...kept]) }
}

function defineMetrics({ metrics, tool, source }: Profile): Record<string, MetricDefinition> {
  const entries = Object.entries(metrics) as [ProfileMetricId, { readonly title: string; readonly formula: string }][]
  return Object.fromEntries(
    entries.map(([id, { title, formula }]) => {
      const isRate = id.endsWith('_s')
      const definition: MetricDefinition = {
        id,
        title,
        unit: UNITS[id],
        direction: isRate ? 'higher' : 'lower',
        version: 1,
        kind: isRate ? 'scalar' : 'distribution',
        formula,
        source: `${tool}: ${source}`,
      }
      return [id, definition]
    }),
  )
}
