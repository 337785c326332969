import type { SeriesChart } from 'inferbench'
import { pickMemory, pickUsage } from './summarize.ts'

type Line = readonly [label: string, pick: ReturnType<typeof pickUsage>]

function draw(...lines: readonly Line[]): SeriesChart['values'] {
  return (sample) =>
    Object.fromEntries(
      lines.flatMap(([label, pick]) => {
        const value = pick(sample)
        return value === undefined ? [] : [[label, value] as const]
      }),
    )
}

export const charts: readonly SeriesChart[] = [
  {
    id: 'server-cpu',
    title: 'CPU of the server',
    unit: '% of a core',
    spark: true,
    values: draw(['', pickUsage('server', 'cpu')]),
  },
  { id: 'client-cpu', title: 'CPU of the client', unit: '% of a core', values: draw(['', pickUsage('client', 'cpu')]) },
  {
    id: 'memory',
    title: 'memory',
    unit: 'MiB',
    values: draw(['server', pickMemory('server')], ['client', pickMemory('client')]),
  },
]
