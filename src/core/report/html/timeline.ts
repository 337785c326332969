/** What the records of a run say over time, as charts: its stretches one after the other on the run's own axis. */
import type { RequestRecord } from '../../record.ts'
import type { Histogram } from '../../stats/histogram.ts'
import { interpolateQuantile, supportsQuantile } from '../../stats/quantile.ts'
import { type BandData, type ChartData, chooseScale, shorten, toSeconds, type Values } from './data.ts'
import { createStretch, type Stretch, type StretchBin, type StretchResult } from './stretch.ts'

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

/** A bin and how much of it the stretch covers; null is the break between two stretches. */
type Place = { readonly at: number; readonly coveredMs: number; readonly bin: StretchBin } | null

/** Rates of a bin that is covered for less than this share of it say little: what lies at an end is not drawn. */
const LEAST_COVERED = 0.5

export function drawTimeline(stretches: readonly StretchResult[]): ChartData[] {
  const places = stretches.flatMap(listPlaces)
  const x = listInstants(places)
  const per = (member: keyof StretchBin, unit: number): Values =>
    places.map((place) =>
      place === null || !isCovered(place, stretches)
        ? null
        : shorten((unit * (place.bin[member] as number)) / place.coveredMs),
    )
  const chart = (fields: Pick<ChartData, 'id' | 'title' | 'unit'> & Partial<ChartData>): ChartData => {
    const lines = (fields.lines ?? []).filter(({ values }) => values.some((value) => value !== null))
    return { x: lines.length === 0 ? [] : x, scale: chooseScale(lines), ...fields, lines }
  }
  const failed = stretches.some(({ bins }) => bins.some(([, bin]) => bin.failed > 0))
  const waited = stretches.some(({ bins, widthMs }) => bins.some(([, bin]) => bin.waitingMs > widthMs / 2))
  return [
    chart({
      id: 'ttft-over-time',
      title: 'TTFT',
      unit: 'ms',
      about: 'by the instant of sending',
      ...drawSpread(places, 'ttft'),
      empty: 'no answer came as a stream of tokens',
    }),
    chart({
      id: 'itl-over-time',
      title: 'ITL',
      unit: 'ms',
      about: 'by the instant of the token',
      ...drawSpread(places, 'itl'),
      empty: 'no answer had two events with tokens',
    }),
    chart({
      id: 'open-over-time',
      title: 'Requests in flight',
      unit: 'requests',
      about: 'mean of each step',
      scale: 'linear',
      lines: [
        { label: 'in flight', values: per('openMs', 1) },
        ...(waited ? [{ label: 'due, not yet sent', values: per('waitingMs', 1), dashed: true } as const] : []),
      ],
      empty: 'no request was sent',
    }),
    chart({
      id: 'tokens-over-time',
      title: 'Output',
      unit: 'tok/s',
      about: 'by the instant of the token',
      scale: 'linear',
      lines: places.some((place) => (place?.bin.outputTokens ?? 0) > 0)
        ? [{ label: 'output', values: per('outputTokens', 1000) }]
        : [],
      empty: 'nobody counted tokens',
    }),
    chart({
      id: 'requests-over-time',
      title: 'Requests ended',
      unit: '/s',
      scale: 'linear',
      lines: [
        { label: 'answered', values: per('ended', 1000) },
        ...(failed ? [{ label: 'failed', values: per('failed', 1000), dashed: true } as const] : []),
      ],
      empty: 'no request ended',
    }),
  ]
}

function listPlaces({ bins, widthMs, startAt, endAt }: StretchResult, place: number): Place[] {
  const places = bins.map(([from, bin]): Place => {
    const [start, end] = [Math.max(from, startAt), Math.min(from + widthMs, endAt)]
    return { at: (start + end) / 2, coveredMs: Math.max(end - start, 0.001), bin }
  })
  return place === 0 ? places : [null, ...places]
}

function isCovered(place: NonNullable<Place>, stretches: readonly StretchResult[]): boolean {
  const own = stretches.find(({ startAt, endAt }) => place.at >= startAt && place.at <= endAt)
  return own === undefined || own.bins.length < 3 || place.coveredMs >= LEAST_COVERED * own.widthMs
}

const BANDS = [
  ['min to max', 0, 1],
  ['p10 to p90', 0.1, 0.9],
] as const

/** The median, and the spread around it where there are samples enough. Where nothing was sent there is no place, and no break. */
function drawSpread(all: readonly Place[], member: 'ttft' | 'itl'): Pick<ChartData, 'x' | 'lines' | 'scale'> {
  const places = all.filter((place) => place === null || place.bin[member] !== undefined)
  const at = (q: number): Values =>
    places.map((place) => {
      const histogram = place?.bin[member]
      return histogram === undefined ? null : shorten(quantileOf(histogram, q))
    })
  if (places.every((place) => place === null)) return { x: [], lines: [], scale: 'linear' }
  const bands = BANDS.map(([label, low, high]): BandData => ({ label, low: at(low), high: at(high) }))
  const lines = [{ label: 'p50', values: at(0.5), bands }]
  return { x: listInstants(places), lines, scale: chooseScale(lines) }
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
