/** What plugins and the client sampled over time, as charts: a fold of samples in bounded memory. */
import type { Sample, SeriesChart } from '../../plugin.ts'
import type { ClientSample } from '../../run.ts'
import { type Bins, createBins } from './bins.ts'
import { type ChartData, type LineData, shorten, toSeconds } from './data.ts'

export interface SeriesFold {
  add(sample: Sample): void
  charts(): readonly ChartData[]
}

interface Level {
  count: number
  sum: number
  min: number
  max: number
}

interface SeriesBin {
  count: number
  sumAt: number
  readonly levels: Map<string, Level>
}

const MOST_BINS = 480
/** Places of all lines of a chart together, so that a machine with many devices makes no heavy page. */
const MOST_VALUES = 2400
/** More lines are a tangle. */
const MOST_LINES = 8
/** So many usual distances without a sample break a line. */
const LONGEST_GAP = 4

/** `source` names what was watched, in ids. `absent`: why nothing was, where that is known. */
export function createSeriesFold(source: string, charts: readonly SeriesChart[], absent?: string): SeriesFold {
  const folds = charts.map((chart) => createChartFold(source, chart, absent))
  return {
    add(sample) {
      for (const fold of folds) fold.add(sample)
    },
    charts: () => folds.map((fold) => fold.chart()),
  }
}

function createChartFold(source: string, chart: SeriesChart, absent?: string) {
  const bins: Bins<SeriesBin> = createBins(
    MOST_BINS,
    () => ({ count: 0, sumAt: 0, levels: new Map() }),
    (into, from) => {
      into.count += from.count
      into.sumAt += from.sumAt
      for (const [label, level] of from.levels) {
        const own = into.levels.get(label)
        if (own === undefined) into.levels.set(label, level)
        else mergeLevel(own, level)
      }
    },
  )
  const labels = new Set<string>()
  const left = new Set<string>()
  let failure: string | undefined

  return {
    add(sample: Sample): void {
      const values = readValues(sample)
      const known = Object.entries(values).filter(([, value]) => typeof value === 'number' && Number.isFinite(value))
      if (known.length === 0 || !Number.isFinite(sample.at)) return
      const bin = bins.at(sample.at)
      bin.count++
      bin.sumAt += sample.at
      for (const [label, value] of known) {
        if (!labels.has(label) && labels.size >= MOST_LINES) {
          if (left.size < 1000) left.add(label)
          continue
        }
        labels.add(label)
        const level = bin.levels.get(label)
        const one = { count: 1, sum: value, min: value, max: value }
        if (level === undefined) bin.levels.set(label, one)
        else mergeLevel(level, one)
      }
    },
    chart(): ChartData {
      bins.fit(Math.max(60, Math.floor(MOST_VALUES / Math.max(1, labels.size))))
      const list = breakGaps(bins.list().map(([, bin]) => bin))
      const about =
        left.size === 0
          ? undefined
          : `${labels.size} of ${labels.size + left.size} drawn; the others are in series/${source}.jsonl`
      return {
        id: `${source}-${chart.id}`,
        title: chart.title,
        unit: chart.unit,
        ...(about === undefined ? {} : { about }),
        scale: 'linear',
        x: list.map(({ at }) => at),
        lines: [...labels].map((label, i) => drawLine(label, list, i)),
        empty: failure ?? absent ?? 'no sample had a value',
      }
    },
  }

  function readValues(sample: Sample): Readonly<Record<string, number>> {
    try {
      return chart.values(sample) ?? {}
    } catch (thrown) {
      failure = `the plugin cannot read its samples: ${thrown instanceof Error ? thrown.message : String(thrown)}`
      return {}
    }
  }
}

function mergeLevel(into: Level, from: Level): void {
  into.count += from.count
  into.sum += from.sum
  into.min = Math.min(into.min, from.min)
  into.max = Math.max(into.max, from.max)
}

interface SeriesPlace {
  readonly at: number
  readonly levels: ReadonlyMap<string, Level>
}

const NO_LEVELS: ReadonlyMap<string, Level> = new Map()

function breakGaps(bins: readonly SeriesBin[]): SeriesPlace[] {
  const places = bins.map(({ sumAt, count, levels }) => ({ at: toSeconds(sumAt / count), levels }))
  const steps = places.slice(1).map(({ at }, i) => at - places[i]!.at)
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0
  return places.flatMap((place, i) =>
    i > 0 && steps[i - 1]! > LONGEST_GAP * usual
      ? [{ at: toSeconds(500 * (place.at + places[i - 1]!.at)), levels: NO_LEVELS }, place]
      : [place],
  )
}

/** The mean of each place; its spread only where a place holds several samples that differ. */
function drawLine(label: string, places: readonly SeriesPlace[], line: number): LineData {
  const pick = (read: (level: Level) => number): (number | null)[] =>
    places.map(({ levels }) => {
      const level = levels.get(label)
      return level === undefined ? null : shorten(read(level))
    })
  const [low, high] = [pick(({ min }) => min), pick(({ max }) => max)]
  const differ = low.some((value, i) => value !== high[i])
  return {
    label,
    values: pick(({ sum, count }) => sum / count),
    ...(differ ? { bands: [{ label: 'min to max', low, high }] } : {}),
    ...(line >= 4 ? { dashed: true as const } : {}),
  }
}

/** The instrument watching itself. */
export const CLIENT_CHARTS: readonly SeriesChart[] = [
  {
    id: 'cpu',
    title: 'Client CPU, busiest thread',
    unit: '%',
    values(sample) {
      const { cpu = [], spin = [] } = sample as unknown as ClientSample
      // Turning the loop for a punctual send is no saturation.
      const busy = cpu.map((share, i) => 100 * (share - (spin[i] ?? 0)))
      return busy.length === 0 ? {} : { '': Math.max(0, ...busy) }
    },
  },
  {
    id: 'timer',
    title: 'Client, latest timer',
    unit: 'ms late',
    values: (sample) => ({ '': (sample as unknown as ClientSample).timerLateMs }),
  },
]
