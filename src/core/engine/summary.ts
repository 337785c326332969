import { BenchError } from '../errors.ts'
import { evaluateGates } from '../metrics/gates.ts'
import type { Summarizer } from '../metrics/summarize.ts'
import type { MetricPlugin } from '../plugin.ts'
import type { Manifest } from '../run.ts'
import type { Gate, ScenarioSummary, Summary } from '../summary.ts'
import type { Judge } from '../verdict/mod.ts'
import { describeSweep } from './levels.ts'
import { type SamplesById, summarizePlugins, withPluginMetrics } from './plugin-figures.ts'

/** What a summary holds that is no fold of records: it is known only to the run itself. */
export type Aside = Pick<Summary, 'stopped' | 'evaluations' | 'conclusions'>

/** What plugins saw beside the load. */
export interface Watched {
  /** Those that took part, or would have. */
  readonly plugins: readonly MetricPlugin[]
  readonly samples: SamplesById
}

/** Closes the fold: the same records, live or read from the log, give the same summary. */
export function summarizeRun(
  manifest: Manifest,
  summarizer: Summarizer,
  judge: Judge,
  gates: readonly Gate[],
  aside: Aside = {},
  { plugins, samples }: Watched = { plugins: [], samples: new Map() },
): Summary {
  const summaries = summarizer.summary(manifest.scenarios).map((scenario): ScenarioSummary => {
    const steady = judge.steady(scenario.scenario)
    return steady === undefined ? scenario : { ...scenario, steady }
  })
  // Until a sweep has ended, its manifest names all that it may measure.
  const scenarios = manifest.sweep === undefined ? summaries : summaries.filter(wasMeasured)
  const sweep = describeSweep(manifest, scenarios)
  const watched = summarizePlugins(plugins, manifest, samples, scenarios)
  return {
    v: 1,
    scenarios,
    ...(Object.keys(summarizer.definitions).length === 0 ? {} : { definitions: summarizer.definitions }),
    ...(sweep === undefined ? {} : { sweep }),
    gates: evaluateGates(gates, withPluginMetrics(scenarios, plugins, watched.summaries, aside.evaluations)),
    verdict: judge.verdict(manifest, { scenarios, ...aside }, watched.findings),
    ...aside,
    ...(watched.summaries.length === 0 ? {} : { plugins: watched.summaries }),
  }
}

function wasMeasured({ counts }: ScenarioSummary): boolean {
  return counts.requests > 0 || counts.warmupRequests > 0
}

/** The failure of a run in which requests were measured and none succeeded; undefined when one did, or none was sent. */
export function findTotalFailure(scenarios: readonly ScenarioSummary[]): BenchError | undefined {
  const requests = scenarios.reduce((sum, { counts }) => sum + counts.requests, 0)
  const succeeded = scenarios.reduce((sum, { counts }) => sum + (counts.byOutcome.ok ?? 0), 0)
  if (requests === 0 || succeeded > 0) return undefined
  const reasons = new Map<string, number>()
  for (const { counts } of scenarios) {
    for (const [reason, count] of Object.entries(counts.byReason))
      reasons.set(reason, (reasons.get(reason) ?? 0) + count)
  }
  const listed = [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 3)
  const said = listed.map(([reason, count]) => `${count} x ${reason}`).join(', ')
  return new BenchError(
    'run-failed',
    `none of ${requests} requests succeeded: ${said}; records.jsonl has the evidence of each`,
  )
}
