/** What plugins sampled over the run, each line as wide as a word: for `summary.md`. */
import type { MetricPlugin, Sample } from '../plugin.ts'

export interface Spark {
  readonly plugin: string
  readonly title: string
  readonly unit: string
  /** Empty where the chart has but one line. */
  readonly label: string
  /** From the first sample of the plugin to its last. */
  readonly line: string
  readonly min: number
  readonly max: number
}

const WIDTH = 60
/** Lines of one chart, by their order: a machine may have many devices. */
const MOST_LABELS = 8
const BLOCKS = '▁▂▃▄▅▆▇█'
/** Between samples, where nothing was read. */
const GAP = '·'

/** From the least value to the greatest; undefined is a gap. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined)
  const min = Math.min(...known)
  // Halves: the difference of two numbers may be none.
  const range = Math.max(...known) / 2 - min / 2
  const draw = (value: number): string => {
    const level = range > 0 ? (value / 2 - min / 2) / range : min === 0 ? 0 : 0.5
    return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(level * BLOCKS.length))]!
  }
  return values.map((value) => (value === undefined ? GAP : draw(value))).join('')
}

/** The charts that plugins want to be seen at a glance. A chart that throws is not drawn. */
export function drawSparks(
  plugins: readonly MetricPlugin[],
  samples: ReadonlyMap<string, readonly Sample[]>,
): readonly Spark[] {
  return plugins.flatMap((plugin) => {
    const own = samples.get(plugin.id) ?? []
    const charts = (plugin.charts ?? []).filter(({ spark }) => spark === true)
    return charts.flatMap((chart): Spark[] => {
      try {
        const lines = new Map<string, Point[]>()
        for (const sample of own) {
          for (const [label, value] of Object.entries(chart.values(sample))) {
            if (!Number.isFinite(value)) continue
            const points = lines.get(label)
            if (points !== undefined) points.push({ at: sample.at, value })
            else if (lines.size < MOST_LABELS) lines.set(label, [{ at: sample.at, value }])
          }
        }
        const { title, unit } = chart
        return [...lines].map(([label, points]) => ({
          plugin: plugin.id,
          title,
          unit,
          label,
          ...drawPoints(own, points),
        }))
      } catch {
        return []
      }
    })
  })
}

interface Point {
  readonly at: number
  readonly value: number
}

/** The mean of each of equally long parts of the time; fewer parts than samples, so that what is read evenly has no gaps. */
function drawPoints(samples: readonly Sample[], points: readonly Point[]): Pick<Spark, 'line' | 'min' | 'max'> {
  const from = samples[0]!.at
  const span = samples.at(-1)!.at - from
  const width = Math.min(WIDTH, Math.max(1, Math.floor(points.length / 2)))
  const bins = Array.from({ length: width }, () => ({ sum: 0, count: 0 }))
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { at, value } of points) {
    const bin = bins[span > 0 ? Math.min(width - 1, Math.floor(((at - from) / span) * width)) : 0]!
    bin.sum += value
    bin.count++
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  return { line: sparkline(bins.map(({ sum, count }) => (count === 0 ? undefined : sum / count))), min, max }
}
