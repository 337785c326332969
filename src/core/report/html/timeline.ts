/** What the records of a run say over time, as charts: its stretches one after the other on the run's own axis. */
import type { RequestRecord } from '../../record.ts'
import type { Histogram } from '../../stats/histogram.ts'
import { interpolateQuantile, supportsQuantile } from '../../stats/quantile.ts'
import { type BandData, type ChartData, chooseScale, shorten, toSeconds, type Values } from './data.ts'
import { createStretch, joinBins, type Stretch, type StretchBin, type StretchResult } from './stretch.ts'

export interface TimelineFold {
  add(record: RequestRecord): void
  stretches(): readonly StretchResult[]
}

/** Places on the axis, of all stretches together. */
const MOST_PLACES = 960
const MOST_BINS = 240
const FEWEST_BINS = 40

export function createTimelineFold(): TimelineFold {
  const stretches = new Map<string, Stretch>()
  return {
    add(record) {
      // What was asked beside the load is in no figure.
      if (record.phase === 'beside') return
      const name = `${record.run ?? ''}/${record.scenario}`
      let stretch = stretches.get(name)
      if (stretch === undefined) {
        stretch = createStretch(shareOf(stretches.size + 1))
        stretches.set(name, stretch)
      }
      stretch.add(record)
    },
    stretches() {
      const most = shareOf(stretches.size)
      const results = [...stretches.values()].flatMap((stretch) => stretch.result(most) ?? [])
      return results.sort((a, b) => a.startAt - b.startAt)
    },
  }
}

/** Bins of each of so many stretches. */
function shareOf(stretches: number): number {
  return Math.min(MOST_BINS, Math.max(FEWEST_BINS, Math.floor(MOST_PLACES / Math.max(1, stretches))))
}

/** A step of time and what happened in it; null is the break between two stretches. */
type Place = {
  readonly at: number
  readonly coveredMs: number
  /** Rates of a step of which little lies within the stretch say little. */
  readonly isWhole: boolean
  readonly bin: StretchBin
} | null

const LEAST_COVERED = 0.5
/** What is counted a request and not a token needs longer steps to be a rate. */
const STEPS_A_RATE = 4

export function drawTimeline(stretches: readonly StretchResult[]): ChartData[] {
  const places = stretches.flatMap(listPlaces)
  const steps = joinPlaces(places)
  const has = (member: Counted, least: number): boolean => places.some((place) => (place?.bin[member] ?? 0) > least)
  // Half a request in the mean of a step.
  const waited = places.some((place) => place !== null && place.bin.waitingMs > place.coveredMs / 2)
  return [
    drawSpread(places, 'ttft', {
      id: 'ttft-over-time',
      title: 'TTFT',
      about: 'by the instant of sending',
      empty: 'no answer came as a stream of tokens',
    }),
    drawSpread(places, 'itl', {
      id: 'itl-over-time',
      title: 'ITL',
      about: 'by the instant of the token',
      empty: 'no answer had two events with tokens',
    }),
    drawRates(places, {
      id: 'open-over-time',
      title: 'Requests in flight',
      unit: 'requests',
      empty: 'no request was sent',
      lines: [
        ...(has('openMs', 0) ? [['in flight', 'openMs', 1] as const] : []),
        ...(waited ? [['due, not yet sent', 'waitingMs', 1] as const] : []),
      ],
    }),
    drawRates(places, {
      id: 'tokens-over-time',
      title: 'Output',
      unit: 'tok/s',
      empty: 'nobody counted tokens',
      lines: has('outputTokens', 0) ? [['', 'outputTokens', 1000]] : [],
    }),
    drawRates(steps, {
      id: 'requests-over-time',
      title: 'Requests ended',
      unit: '/s',
      empty: 'no request ended',
      lines: [
        ...(has('ended', 0) ? [['answered', 'ended', 1000] as const] : []),
        ...(has('failed', 0) ? [['failed', 'failed', 1000] as const] : []),
      ],
    }),
  ]
}

function listPlaces({ bins, widthMs, startAt, endAt }: StretchResult, stretch: number): Place[] {
  const places = bins.map(([from, bin]): Place => {
    const [start, end] = [Math.max(from, startAt), Math.min(from + widthMs, endAt)]
    const coveredMs = Math.max(end - start, 0.001)
    const isWhole = bins.length < 3 || coveredMs >= LEAST_COVERED * widthMs
    return { at: (start + end) / 2, coveredMs, isWhole, bin }
  })
  return stretch === 0 ? places : [null, ...places]
}

/** Several steps as one, never over a break. */
function joinPlaces(places: readonly Place[]): Place[] {
  const joined: Place[] = []
  let group: NonNullable<Place>[] = []
  const close = (): void => {
    const [first, last] = [group[0], group.at(-1)]
    if (first === undefined || last === undefined) return
    joined.push({
      at: (first.at + last.at) / 2,
      coveredMs: group.reduce((sum, { coveredMs }) => sum + coveredMs, 0),
      isWhole: group.length >= LEAST_COVERED * STEPS_A_RATE,
      bin: joinBins(group.map(({ bin }) => bin)),
    })
    group = []
  }
  for (const place of places) {
    if (place !== null) group.push(place)
    if (place === null || group.length === STEPS_A_RATE) close()
    if (place === null) joined.push(null)
  }
  close()
  return joined
}

type Counted = Exclude<keyof StretchBin, 'ttft' | 'itl'>

interface RateChart extends Pick<ChartData, 'id' | 'title' | 'unit'> {
  readonly empty: string
  readonly lines: readonly (readonly [label: string, member: Counted, unit: number])[]
}

function drawRates(places: readonly Place[], { lines, ...chart }: RateChart): ChartData {
  return {
    ...chart,
    scale: 'linear',
    x: lines.length === 0 ? [] : listInstants(places),
    lines: lines.map(([label, member, unit], i) => ({
      label,
      values: places.map((place) =>
        place === null || !place.isWhole ? null : shorten((unit * place.bin[member]) / place.coveredMs),
      ),
      ...(i > 0 ? { dashed: true as const } : {}),
    })),
  }
}

const BANDS = [
  ['min to max', 0, 1],
  ['p10 to p90', 0.1, 0.9],
] as const

/** The median, and the spread around it where there are samples enough. Where nothing was sent there is no place, and no break. */
function drawSpread(
  all: readonly Place[],
  member: 'ttft' | 'itl',
  chart: Pick<ChartData, 'id' | 'title'> & { readonly about: string; readonly empty: string },
): ChartData {
  const places = all.filter((place) => place === null || place.bin[member] !== undefined)
  const at = (q: number): Values =>
    places.map((place) => {
      const histogram = place?.bin[member]
      return histogram === undefined ? null : shorten(quantileOf(histogram, q))
    })
  if (places.every((place) => place === null)) return { ...chart, unit: 'ms', scale: 'linear', x: [], lines: [] }
  const bands = BANDS.map(([label, low, high]): BandData => ({ label, low: at(low), high: at(high) }))
  const lines = [{ label: 'p50', values: at(0.5), bands }]
  return { ...chart, unit: 'ms', scale: chooseScale(lines), x: listInstants(places), lines }
}

function listInstants(places: readonly Place[]): number[] {
  return places.map((place, i) => toSeconds(place?.at ?? (places[i - 1]?.at ?? 0) + 1))
}

function quantileOf(histogram: Histogram, q: number): number | undefined {
  const { count } = histogram
  const isSpread = q > 0 && q < 1 && q !== 0.5
  if (count === 0 || (isSpread && !supportsQuantile(count, q))) return undefined
  return interpolateQuantile(count, q, (k) => histogram.orderStatistic(k))
}
