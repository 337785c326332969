/** Latency by percentile, on an axis on which each further nine is as long as the one before. */
import type { Distribution } from '../../metric.ts'
import { createHistogram } from '../../stats/histogram.ts'
import { interpolateQuantile } from '../../stats/quantile.ts'
import type { ScenarioSummary, Summary } from '../../summary.ts'
import { distributionOf, titlesOf } from '../phrases.ts'
import { type ChartData, chooseScale, type LineData, shorten, type Values } from './data.ts'

const CURVES = [
  ['ttft', 'ttft_due'],
  ['itl', undefined],
  ['tpot', undefined],
  ['e2e', 'e2e_due'],
] as const

/** Places a decade of 1 - q. */
const PLACES = 20

/** One chart a metric, a line a scenario. A line ends at the last percentile that its samples support. */
export function drawPercentiles(summary: Summary): ChartData[] {
  const titleOf = titlesOf(summary)
  return CURVES.map(([id, due]): ChartData => {
    const curves = summary.scenarios.flatMap((scenario, i) => drawScenario(scenario, i, id, due))
    const longest = Math.max(0, ...curves.map(({ values }) => values.length))
    const lines = curves.map((line) => ({ ...line, values: padValues(line.values, longest) }))
    return {
      id: `${id}-percentiles`,
      title: titleOf(id),
      unit: 'ms',
      scale: chooseScale(lines),
      x: Array.from({ length: longest }, (_, k) => shorten(k / PLACES)),
      lines,
      empty: findReason(summary, id),
    }
  })
}

function drawScenario(scenario: ScenarioSummary, i: number, id: string, due: string | undefined): LineData[] {
  const served = distributionOf(scenario, id)
  // Without its samples there is no curve.
  if (served?.histogram === undefined) return []
  const waited = due === undefined ? undefined : distributionOf(scenario, due)
  // What is measured from when a request was due says something of its own only where requests waited.
  const differs = waited !== undefined && waited.mean - served.mean >= Math.max(1, served.mean / 100)
  return [
    { label: scenario.title, scenario: i, values: listQuantiles(served) },
    ...(differs
      ? [{ label: `${scenario.title}, from due`, scenario: i, values: listQuantiles(waited), dashed: true } as const]
      : []),
  ]
}

/** At 1 - 10^(-k / PLACES), up to where one sample lies beyond. */
function listQuantiles({ count, min, max, histogram }: Distribution): Values {
  if (histogram === undefined) return []
  const samples = createHistogram(histogram)
  const length = Math.floor(PLACES * Math.log10(count) + 1e-9) + 1
  return Array.from({ length }, (_, k) => {
    const value = interpolateQuantile(count, 1 - 10 ** (-k / PLACES), (n) => samples.orderStatistic(n))
    return shorten(Math.min(max, Math.max(min, value)))
  })
}

function padValues(values: Values, length: number): Values {
  return [...values, ...Array.from({ length: length - values.length }, () => null)]
}

function findReason({ scenarios, profile }: Summary, id: string): string {
  const absent = scenarios.flatMap((scenario) => {
    const result = scenario.metrics[id]
    return result?.kind === 'absent' ? [result.reason] : []
  })
  return absent[0] ?? (profile === undefined ? 'no request was measured' : `${profile} keeps no samples of it`)
}
