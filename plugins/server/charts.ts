import { asAmount, type Sample, type SeriesChart } from 'inferbench'
import { gaugeOf } from './samples.ts'
import type { Gauge } from './vocabulary.ts'

function draw(sample: Sample, gauge: Gauge): Readonly<Record<string, number>> {
  const value = gaugeOf(sample, gauge)
  return value === undefined ? {} : { '': value }
}

function drawRates(sample: Sample): Readonly<Record<string, number>> {
  const rates = [
    ['output', asAmount(sample.output_tok_s)],
    ['prompt', asAmount(sample.prompt_tok_s)],
  ] as const
  return Object.fromEntries(rates.filter(([, rate]) => rate !== undefined)) as Record<string, number>
}

export const charts: readonly SeriesChart[] = [
  {
    id: 'running',
    title: 'running requests',
    unit: 'requests',
    spark: true,
    values: (sample) => draw(sample, 'requests_running'),
  },
  {
    id: 'waiting',
    title: 'waiting requests',
    unit: 'requests',
    spark: true,
    values: (sample) => draw(sample, 'requests_waiting'),
  },
  {
    id: 'kv-cache',
    title: 'KV cache in use',
    unit: '%',
    spark: true,
    values: (sample) => draw(sample, 'kv_cache_usage'),
  },
  { id: 'tokens', title: 'tokens by the counters of the server', unit: 'tok/s', values: drawRates },
]
