import type { Distribution, MetricDefinition, MetricResult } from '../metric.ts'

/** How long one layer of the model takes for one token, when a user says how many there are (`--num-layers`). */
export const layerDefinition: MetricDefinition = {
  id: 'us_per_layer',
  title: 'a layer',
  unit: 'us',
  direction: 'lower',
  version: 1,
  kind: 'scalar',
  formula: 'median of itl * 1000 / --num-layers',
  source: 'probador decode_us_per_layer, with gaps for each token instead of each event',
}

export function layerResult(itl: Distribution | undefined, layers: number | undefined): MetricResult {
  const { unit } = layerDefinition
  const median = itl?.quantiles.p50
  if (layers === undefined) return { kind: 'absent', unit, reason: 'no --num-layers was given' }
  if (median === undefined) return { kind: 'absent', unit, reason: 'itl was not measured' }
  return { kind: 'scalar', unit, value: (median * 1000) / layers }
}
