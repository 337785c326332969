/** A sweep as charts over the load, with the edge of what meets the limits. */
import type { SweepLevel, SweepResult, SweepRules } from '../../sweep.ts'
import { describeLoad } from '../sweep.ts'
import { type ChartData, chooseScale, type LineData, type Mark, shorten, type Values } from './data.ts'

export function drawSweepCharts(
  { levels, tail, knee, optimal, answer }: SweepResult,
  { unit }: SweepRules,
): ChartData[] {
  const x = levels.map(({ load }) => load)
  const values = (read: (level: SweepLevel) => number | undefined): Values =>
    levels.map((level) => shorten(read(level)))
  const searched = levels.some(({ slo }) => slo !== undefined)
  const good: LineData = { label: 'within limits', values: values(goodPerSecond) }
  const latency: LineData[] = [
    { label: 'mean', values: values(({ meanLatencyMs }) => meanLatencyMs) },
    ...(tail === undefined
      ? []
      : [{ label: tail, values: values(({ tailLatencyMs }) => tailLatencyMs), dashed: true } as const]),
  ]
  const marks: Mark[] = [
    ...(answer?.load === undefined
      ? []
      : [
          {
            from: answer.low ?? answer.load,
            to: answer.high ?? answer.load,
            label: `edge: ${describeLoad(answer.load, unit)}`,
          },
        ]),
    ...(knee === undefined || knee === answer?.load ? [] : [{ from: knee, to: knee, label: 'knee' }]),
    ...(optimal === undefined || optimal === knee || optimal === answer?.load
      ? []
      : [{ from: optimal, to: optimal, label: 'most' }]),
  ]
  const common = { x, marks, empty: 'no level was measured' }
  const about = `over ${unit === 'streams' ? 'streams' : 'requests/s asked'}`
  return [
    {
      ...common,
      id: 'sweep-throughput',
      title: 'Throughput',
      unit: 'requests/s',
      about,
      scale: 'linear',
      lines: [
        { label: 'all', values: values(({ requestsPerSecond }) => requestsPerSecond) },
        ...(searched ? [{ ...good, dashed: true } as const] : []),
      ],
    },
    {
      ...common,
      id: 'sweep-latency',
      title: 'End to end',
      unit: 'ms',
      about,
      scale: chooseScale(latency),
      lines: latency,
    },
  ]
}

function goodPerSecond({ requestsPerSecond, slo }: SweepLevel): number | undefined {
  if (requestsPerSecond === undefined || slo === undefined || slo.requests === 0) return undefined
  return (requestsPerSecond * slo.good) / slo.requests
}
