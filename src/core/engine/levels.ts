/** The turns of a sweep: which load comes next hangs on what came out so far. */
import type { Manifest } from '../run.ts'
import type { ScenarioSummary } from '../summary.ts'
import { nextLoad, summarizeSweep } from '../sweep/mod.ts'
import type { SweepResult } from '../sweep.ts'
import type { Turn } from './repeat.ts'
import type { Session } from './session.ts'

/** `summarize`: one scenario's fold of the records so far. Ends early when the run must stop. */
export async function* listLevels(
  { plan, stop }: Session,
  summarize: (scenario: { readonly name: string; readonly title: string }) => ScenarioSummary,
): AsyncGenerator<Turn> {
  const { sweep, scenarios } = plan
  if (sweep === undefined) return
  const runs = new Map<number, number>()
  for (let order = 0; !stop.aborted; order++) {
    const measured = [...runs.keys()].map((index) => ({
      load: sweep.loads[index]!,
      summary: summarize(scenarios[index]!),
    }))
    const load = nextLoad(sweep, measured)
    if (load === undefined) return
    const index = sweep.loads.indexOf(load)
    const run = (runs.get(index) ?? 0) + 1
    runs.set(index, run)
    yield { index, scenario: scenarios[index]!, order, ...(sweep.kind === 'search' ? { repetition: run } : {}) }
  }
}

/** What a sweep's scenarios come to; undefined for a run that is none. */
export function describeSweep(manifest: Manifest, scenarios: readonly ScenarioSummary[]): SweepResult | undefined {
  const { sweep } = manifest
  if (sweep === undefined) return undefined
  const measured = scenarios.flatMap((summary) => {
    const load = manifest.scenarios.find(({ name }) => name === summary.scenario)?.load
    const level = load?.kind === 'closed' ? load.streams : load?.ratePerSecond
    return level === undefined ? [] : [{ load: level, summary }]
  })
  return summarizeSweep(sweep, measured)
}
