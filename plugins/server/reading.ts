/** What the answers of a server say in our vocabulary. Never throws. */
import { parseJson, type ScrapeMap } from 'inferbench'
import { type Dialect, dialects, type Source, type TimeSource } from './dialects.ts'
import { createMemory } from './memory.ts'
import {
  canonicalName,
  combine,
  nameOf,
  namesOfTime,
  openJson,
  openText,
  readTimes,
  type SeriesSet,
  seriesOf,
  withoutUnit,
} from './series-set.ts'
import { COUNTERS, GAUGES, type Reading, TIMES, type Time, type Times } from './vocabulary.ts'

export interface ReaderOptions {
  /** Of several models that a server labels, the one that counts. */
  readonly model?: string
  /** Names of a server that the table of dialects does not know. */
  readonly scrape?: ScrapeMap
}

/** Takes Prometheus text, OpenMetrics or a JSON object, of one server, in order of time. undefined: nothing in it is known. */
export type Reader = (body: string) => Reading | undefined

/** The dialect is told by the names in the text, whatever the adapter: the one that most of them belong to. */
export function createReader({ model, scrape }: ReaderOptions = {}): Reader {
  const own = scrape?.metrics === undefined ? [] : [dialectOf(scrape.metrics)]
  const ofText = [...own, ...dialects.filter(({ json }) => json !== true)]
  const ofJson = [...own, ...dialects.filter(({ json }) => json === true)]
  const wanted = new Set([...ofText, ...ofJson].flatMap(namesOf))
  const counters = new Set([...ofText, ...ofJson].flatMap(({ gauges: _, ...counting }) => namesOf(counting)))
  const readOn = createMemory((name) => counters.has(name))
  return (body) => {
    const json = /^\s*[{[]/.test(body)
    const { set, restarts } = readOn(json ? openJson(parseJson(body), wanted) : openText(body, wanted, model))
    let best: Reading | undefined
    for (const dialect of json ? ofJson : ofText) {
      const reading = readAs(dialect, set)
      const size = Object.keys(reading.values).length
      if (size > Object.keys(best?.values ?? {}).length) best = reading
    }
    return best === undefined || restarts === 0 ? best : { ...best, restarts }
  }
}

function readAs(dialect: Dialect, set: SeriesSet): Reading {
  const values: Record<string, number | Times> = {}
  const put = (id: string, value: number | Times | undefined): void => {
    if (value !== undefined) values[id] = value
  }
  for (const id of GAUGES) {
    const value = firstOf(dialect.gauges?.[id], (source) => readSource(dialect, set, source, id))
    put(id, id === 'kv_cache_usage' ? percentOf(value, dialect.fullCache ?? 1) : value)
  }
  for (const id of COUNTERS)
    put(
      id,
      firstOf(dialect.counters?.[id], (source) => readSource(dialect, set, source, id)),
    )
  for (const id of TIMES)
    put(
      id,
      firstOf(dialect.times?.[id], (source) => readTimeSource(dialect, set, source, id)),
    )
  return { server: dialect.server, values }
}

function firstOf<Of, Value>(
  sources: readonly Of[] | undefined,
  read: (source: Of) => Value | undefined,
): Value | undefined {
  for (const source of sources ?? []) {
    const value = read(source)
    if (value !== undefined) return value
  }
  return undefined
}

function readSource(dialect: Dialect, set: SeriesSet, source: Source, id: string): number | undefined {
  const read = (selector: string): number | undefined => {
    const series = seriesOf(set, selector)
    if (series.length === 0) return set.counters.has(selector) ? 0 : undefined
    return combine(series, dialect.views ?? [], id === 'kv_cache_usage' ? 'full' : 'sum')
  }
  if (typeof source === 'string') return read(source)
  if ('sum' in source) return addUp(source.sum.map(read))
  const [part, whole] = [read(source.part), read(source.whole)]
  return part === undefined || !whole ? undefined : part / whole
}

function addUp(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce((sum, value) => (sum === undefined || value === undefined ? undefined : sum + value), 0)
}

function readTimeSource(dialect: Dialect, set: SeriesSet, source: TimeSource, id: Time): Times | undefined {
  const names = namesOfTime(typeof source === 'string' ? source : source.time, dialect.unitMs?.[id])
  const views = dialect.views ?? []
  if (typeof source === 'string') return firstOf(names, ([name, ms]) => readTimes(set, name, ms, views))
  const count = combine(seriesOf(set, source.per), views)
  return firstOf(names, ([name, ms]) => {
    const time = combine(seriesOf(set, name), views)
    return count === undefined || time === undefined ? undefined : { count, sum: time * ms }
  })
}

/** A share that is none (below 0 or above 1) is in a unit that we do not know, and no figure. */
function percentOf(value: number | undefined, full: number): number | undefined {
  const share = value === undefined ? undefined : value / full
  return share === undefined || share < 0 || share > 1.001 ? undefined : 100 * Math.min(1, share)
}

/** All names that a dialect may be found by. */
function namesOf({ gauges = {}, counters = {}, times = {}, unitMs = {} }: Dialect): readonly string[] {
  const plain = [...Object.values(gauges), ...Object.values(counters)].flat().flatMap((source) => {
    if (typeof source === 'string') return [source]
    return 'sum' in source ? source.sum : [source.part, source.whole]
  })
  const timed = TIMES.flatMap((id) =>
    (times[id] ?? []).flatMap((source) => {
      const names = namesOfTime(typeof source === 'string' ? source : source.time, unitMs[id]).map(([name]) => name)
      if (typeof source !== 'string') return [source.per, ...names]
      return names.flatMap((name) => [`${name}_bucket`, `${name}_sum`, `${name}_count`])
    }),
  )
  return [...plain, ...timed].map(nameOf)
}

/** An adapter's names as a dialect: exact names, in the units that it says where the names do not. */
function dialectOf(metrics: NonNullable<ScrapeMap['metrics']>): Dialect {
  const named = Object.entries(metrics)
  const pick = (ids: readonly string[], write: (name: string) => string): Record<string, readonly string[]> =>
    Object.fromEntries(
      named.filter(([id]) => ids.includes(id)).map(([id, { names }]) => [id, names.map(canonicalName).map(write)]),
    )
  return {
    server: 'the adapter',
    gauges: pick(GAUGES, (name) => name),
    counters: pick(COUNTERS, (name) => name),
    times: pick(TIMES, withoutUnit),
    unitMs: Object.fromEntries(named.map(([id, { unit }]) => [id, unit === 'ms' ? 1 : 1000])),
    ...(metrics.kv_cache_usage?.unit === '%' ? { fullCache: 100 } : {}),
  }
}
