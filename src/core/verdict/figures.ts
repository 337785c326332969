import type { Distribution } from '../metric.ts'
import type { ScenarioSummary } from '../summary.ts'

export function distributionOf(summary: ScenarioSummary, id: string): Distribution | undefined {
  const result = summary.metrics[id]
  return result?.kind === 'distribution' ? result.distribution : undefined
}

export function scalarOf(summary: ScenarioSummary, id: string): number | undefined {
  const result = summary.metrics[id]
  return result?.kind === 'scalar' ? result.value : undefined
}
