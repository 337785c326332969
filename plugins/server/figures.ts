/** What the server's metrics come to over one window. */
import { cutSamples, type MetricResult, partsOf, type Sample, type Series, type Window } from 'inferbench'
import { definitions, timeIds } from './definitions.ts'
import { isDeaf } from './dialects.ts'
import { distributionOfTimes, distributionOverTime } from './distributions.ts'
import { addTimes, increaseOf, increaseOfTimes } from './increase.ts'
import { counterOf, gaugeOf, restartsOf, serverOf, timesOf } from './samples.ts'
import { COUNTERS, type Counter, GAUGES, type Gauge, TIMES, type Time, type Times } from './vocabulary.ts'

/** A reading further outside the window than so many intervals says too much of something else. */
const FAR_INTERVALS = 3

export interface Figures {
  readonly seconds: number
  readonly counters: ReadonlyMap<Counter, number>
  readonly times: ReadonlyMap<Time, Times>
  /** In how many readings a counter had begun again. */
  readonly resets: number
  readonly metrics: Readonly<Record<string, MetricResult>>
}

interface Part {
  readonly window: Window
  /** By which counters are differed. */
  readonly around: readonly Sample[]
  readonly within: readonly Sample[]
}

/** With repetitions over all of them together. */
export function readFigures(series: Series, window: Window): Figures {
  const ofParts = partsOf(series, window)
  const parts = (ofParts.length === 0 ? [window] : ofParts).map((part) => openPart(series, part))
  const silent = findSilent(series.samples)
  const seconds = parts.reduce((sum, { window: { startAt, endAt } }) => sum + (endAt - startAt), 0) / 1000
  const counters = new Map<Counter, number>()
  const times = new Map<Time, Times>()
  let resets = parts.reduce((sum, { around }) => sum + countRestarts(around), 0)
  for (const counter of COUNTERS.filter((id) => !silent.has(id))) {
    const increases = inEach(parts, ({ around }) => increaseOf(around.map((sample) => counterOf(sample, counter))))
    if (increases === undefined) continue
    counters.set(
      counter,
      increases.reduce((sum, { value }) => sum + value, 0),
    )
    resets = Math.max(resets, ...increases.map((one) => one.resets))
  }
  for (const time of TIMES) {
    const increases = inEach(parts, ({ around }) => increaseOfTimes(around.map((sample) => timesOf(sample, time))))
    if (increases === undefined) continue
    times.set(time, increases.map(({ value }) => value).reduce(addTimes))
    resets = Math.max(resets, ...increases.map((one) => one.resets))
  }
  const gauges = GAUGES.filter((id) => !silent.has(id)).map((gauge) => [gauge, overTime(parts, gauge)] as const)
  const metrics = Object.fromEntries([
    ...gauges.flatMap(([gauge, result]) => (result === undefined ? [] : [[gaugeIds[gauge], result] as const])),
    ...ofCounters(counters, seconds),
    ...[...times].flatMap(ofTimes),
  ])
  return { seconds, counters, times, resets, metrics }
}

/** As the readings tell them. */
function countRestarts(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)]
  return first === undefined || last === undefined ? 0 : Math.max(0, restartsOf(last) - restartsOf(first))
}

/** Of each part, or undefined where one has none: the sum of the others would be of another window. */
function inEach<Value>(parts: readonly Part[], read: (part: Part) => Value | undefined): readonly Value[] | undefined {
  const values = parts.map(read).filter((value) => value !== undefined)
  return values.length === parts.length ? values : undefined
}

function openPart({ samples, options }: Series, window: Window): Part {
  const { before, within, after } = cutSamples(samples, window)
  const far = FAR_INTERVALS * (typeof options.every === 'number' ? options.every : 1000)
  const near = (sample: Sample | undefined): readonly Sample[] => {
    if (sample === undefined || within.includes(sample)) return []
    const distance = Math.max(window.startAt - sample.at, sample.at - window.endAt)
    return sample.edge === true || distance <= far ? [sample] : []
  }
  const around = [...near(before), ...within, ...near(after)]
  const idle = window.name === 'before' || window.name === 'after'
  return {
    window,
    around: ofOneServer(around),
    // Between windows no load runs: what a gauge shows there is not what it shows under load.
    within: ofOneServer(within.filter(({ edge }) => idle || edge !== true)),
  }
}

/** Where the names changed on the way, another server answers since: its counters are no continuation. */
function ofOneServer(samples: readonly Sample[]): readonly Sample[] {
  const last = samples.map(serverOf).findLast((server) => server !== undefined)
  return samples.filter((sample) => (serverOf(sample) ?? last) === last)
}

/** What a server registers and never counts in, as far as its dialect is known for that. */
function findSilent(samples: readonly Sample[]): ReadonlySet<Gauge | Counter> {
  if (!samples.some((sample) => isDeaf(serverOf(sample)))) return new Set()
  const speaks = (read: (sample: Sample) => number | undefined): boolean =>
    samples.some((sample) => (read(sample) ?? 0) > 0)
  return new Set([
    ...GAUGES.filter((gauge) => !speaks((sample) => gaugeOf(sample, gauge))),
    ...COUNTERS.filter((counter) => !speaks((sample) => counterOf(sample, counter))),
  ])
}

const gaugeIds: Readonly<Record<Gauge, string>> = {
  requests_running: 'server_running',
  requests_waiting: 'server_waiting',
  kv_cache_usage: 'server_kv_cache',
}

const units: ReadonlyMap<string, string> = new Map(definitions.map(({ id, unit }) => [id, unit]))

function overTime(parts: readonly Part[], gauge: Gauge): MetricResult | undefined {
  const unit = units.get(gaugeIds[gauge])!
  const known = parts.some(({ around }) => around.some((sample) => gaugeOf(sample, gauge) !== undefined))
  if (!known) return undefined
  const distribution = distributionOverTime(
    parts.map(({ window, within }) => [window, within]),
    (sample) => gaugeOf(sample, gauge),
  )
  if (distribution !== undefined) return { kind: 'distribution', unit, distribution }
  return { kind: 'absent', unit, reason: 'the window was shorter than the time between two readings' }
}

type Named = readonly [id: string, result: MetricResult]

export function scalar(id: string, value: number, count?: number): Named {
  return [id, { kind: 'scalar', unit: units.get(id)!, value, ...(count === undefined ? {} : { count }) }]
}

export function absent(id: string, reason: string): Named {
  return [id, { kind: 'absent', unit: units.get(id)!, reason }]
}

function ofCounters(counters: ReadonlyMap<Counter, number>, seconds: number): readonly Named[] {
  const rate = (id: string, counter: Counter): readonly Named[] => {
    const value = counters.get(counter)
    return value === undefined || seconds <= 0 ? [] : [scalar(id, value / seconds, value)]
  }
  const share = (id: string, part: Counter, whole: Counter, none: string): readonly Named[] => {
    const [of, all] = [counters.get(part), counters.get(whole)]
    if (of === undefined || all === undefined) return []
    return [all > 0 ? scalar(id, (100 * of) / all, all) : absent(id, none)]
  }
  const count = (id: string, counter: Counter): readonly Named[] => {
    const value = counters.get(counter)
    return value === undefined ? [] : [scalar(id, value)]
  }
  return [
    ...share('server_prefix_hits', 'prefix_cache_hits', 'prefix_cache_queries', 'no prompt was looked up'),
    ...count('server_preemptions', 'preemptions'),
    ...share('server_draft_accepted', 'accepted_tokens', 'draft_tokens', 'no token was drafted'),
    ...count('server_accepted_tokens', 'accepted_tokens'),
    ...rate('server_prompt_tok_s', 'prompt_tokens'),
    ...rate('server_output_tok_s', 'generation_tokens'),
    ...rate('server_req_s', 'requests_finished'),
  ]
}

function ofTimes([time, times]: readonly [Time, Times]): readonly Named[] {
  const [id] = timeIds[time]
  if (times.count <= 0) return times.bounds === undefined ? [] : [absent(id, 'nothing was counted')]
  const distribution = distributionOfTimes(times)
  if (distribution === undefined) return [scalar(`${id}_mean`, times.sum / times.count, times.count)]
  return [[id, { kind: 'distribution', unit: 'ms', distribution }]]
}
