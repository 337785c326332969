/** The series of one text, found by the names of `dialects.ts`, and several of them made one figure. */
import { asObject, roundToMicros } from 'inferbench'
import { readMetricsText, type TextSample } from './text.ts'
import type { Times } from './vocabulary.ts'

/** Suffixes of durations, and what they are in ms. */
const UNITS: readonly (readonly [suffix: string, ms: number])[] = [
  ['_seconds', 1000],
  ['_milliseconds', 1],
  ['_ms', 1],
  ['_microseconds', 0.001],
  ['_us', 0.001],
]

/** Not `model`, which is one of Triton's, of which several serve one request. */
const MODEL_LABEL = 'model_name'

export interface SeriesSet {
  readonly byName: ReadonlyMap<string, readonly TextSample[]>
  /** Families that are declared as counters. One without a series has counted nothing yet. */
  readonly counters: ReadonlySet<string>
}

/** How the names of a text are written in the table of dialects. */
export function canonicalName(name: string): string {
  return name.replaceAll(':', '_').replace(/_total$/, '')
}

/** The name of a duration without its unit. */
export function withoutUnit(name: string): string {
  const suffix = UNITS.map(([one]) => one).find((one) => name.endsWith(one))
  return suffix === undefined ? name : name.slice(0, -suffix.length)
}

/** All names under which a duration may stand, each with what it is in ms. `unitMs`: where the name does not say. */
export function namesOfTime(
  name: string,
  unitMs: number | undefined,
): readonly (readonly [name: string, ms: number])[] {
  const named = UNITS.map(([suffix, ms]) => [name + suffix, ms] as const)
  return unitMs === undefined ? named : [...named, [name, unitMs]]
}

/** `wanted`: canonical names. Where a server labels its series with the model that is measured, those of others do not count. */
export function openText(text: string, wanted: ReadonlySet<string>, model: string | undefined): SeriesSet {
  const { samples, types } = readMetricsText(text, (name) => wanted.has(canonicalName(name)))
  const counters = [...types].filter(([, type]) => type === 'counter').map(([name]) => canonicalName(name))
  return { byName: groupByName(ofModel(samples, model)), counters: new Set(counters) }
}

/** Members that are numbers, as if each were a series without labels. */
export function openJson(value: unknown, wanted: ReadonlySet<string>): SeriesSet {
  const members = Object.entries(asObject(value) ?? {}).filter(([name]) => wanted.has(canonicalName(name)))
  const samples = members.flatMap(([name, one]): TextSample[] =>
    typeof one === 'number' ? [{ name, labels: new Map(), value: one }] : [],
  )
  return { byName: groupByName(samples), counters: new Set() }
}

function groupByName(samples: readonly TextSample[]): ReadonlyMap<string, readonly TextSample[]> {
  const groups = new Map<string, TextSample[]>()
  for (const sample of samples) {
    const name = canonicalName(sample.name)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [sample])
    else group.push(sample)
  }
  return groups
}

function ofModel(samples: readonly TextSample[], model: string | undefined): readonly TextSample[] {
  const modelOf = ({ labels }: TextSample): string | undefined => labels.get(MODEL_LABEL)
  if (model === undefined || !samples.some((sample) => modelOf(sample) === model)) return samples
  return samples.filter((sample) => (modelOf(sample) ?? model) === model)
}

/** `name` or `name{label=value}`. */
export function seriesOf(set: SeriesSet, selector: string): readonly TextSample[] {
  const [, name = selector, label, value] = /^(\w+)\{(\w+)=(\w+)\}$/.exec(selector) ?? []
  const series = set.byName.get(name) ?? []
  return label === undefined ? series : series.filter(({ labels }) => labels.get(label) === value)
}

export function nameOf(selector: string): string {
  return selector.replace(/\{.*$/, '')
}

/**
 * Several series of one name as one figure: what differs in `views` alone is the same thing seen several times, of which the greatest counts;
 * the rest adds up, or (`full`: how full something is) the greatest counts. A total that a server shows beside its parts by priority stands for
 * them. undefined where there is none, or one that is no amount: without it the rest is no sum.
 */
export function combine(
  series: readonly TextSample[],
  views: readonly string[],
  how: 'sum' | 'full' = 'sum',
): number | undefined {
  const things = new Map<string, number>()
  const hasTotal = series.some(({ labels }) => labels.get('priority') === '')
  for (const { labels, value } of series) {
    if (hasTotal && (labels.get('priority') ?? '') !== '') continue
    if (!Number.isFinite(value) || value < 0) return undefined
    const key = keyOf(labels, ['le', ...views])
    things.set(key, Math.max(things.get(key) ?? Number.NEGATIVE_INFINITY, value))
  }
  if (things.size === 0) return undefined
  const values = [...things.values()]
  return how === 'full' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0)
}

/** The same for the same labels in any order; without some of them. */
export function keyOf(labels: ReadonlyMap<string, string>, without: readonly string[] = []): string {
  const told = [...labels].filter(([name]) => !without.includes(name))
  return JSON.stringify(told.sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** A histogram or a summary under its full name; undefined without count and sum. */
export function readTimes(set: SeriesSet, name: string, ms: number, views: readonly string[]): Times | undefined {
  const buckets = readBuckets(seriesOf(set, `${name}_bucket`), views)
  const count = combine(seriesOf(set, `${name}_count`), views) ?? buckets.all
  const sum = combine(seriesOf(set, `${name}_sum`), views)
  if (count === undefined || sum === undefined) return undefined
  // Above the first bucket that holds all, the others say nothing new.
  const last = buckets.finite.findIndex(([, below]) => below >= count)
  const told = last < 0 ? buckets.finite : buckets.finite.slice(0, last + 1)
  const bounds = told.map(([bound]) => roundToMicros(bound * ms))
  return {
    count,
    sum: sum * ms,
    ...(bounds.length === 0 ? {} : { bounds, below: told.map(([, below]) => below) }),
  }
}

interface Buckets {
  /** Ascending. */
  readonly finite: readonly (readonly [bound: number, below: number])[]
  readonly all?: number
}

/** Bounds that only some of several histograms have cannot be added up, and are left out. */
function readBuckets(series: readonly TextSample[], views: readonly string[]): Buckets {
  const byBound = new Map<number, TextSample[]>()
  for (const sample of series) {
    const bound = boundOf(sample)
    if (bound === undefined) continue
    const group = byBound.get(bound)
    if (group === undefined) byBound.set(bound, [sample])
    else group.push(sample)
  }
  const most = Math.max(0, ...[...byBound.values()].map((group) => group.length))
  const whole = [...byBound].filter(([, group]) => group.length === most)
  const added = whole.flatMap(([bound, group]) => {
    const below = combine(group, views)
    return below === undefined ? [] : [[bound, below] as const]
  })
  const all = added.find(([bound]) => bound === Number.POSITIVE_INFINITY)?.[1]
  const finite = added.filter(([bound]) => Number.isFinite(bound)).sort(([left], [right]) => left - right)
  return { finite, ...(all === undefined ? {} : { all }) }
}

function boundOf({ labels }: TextSample): number | undefined {
  const text = labels.get('le')
  if (text === undefined || text === '') return undefined
  if (/^\+?inf$/i.test(text)) return Number.POSITIVE_INFINITY
  return Number.isFinite(Number(text)) ? Number(text) : undefined
}
