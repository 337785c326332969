/** The watch over one plugin's source: one reading at a time, each with a time limit, and whatever goes wrong is counted. */
import { describeError } from '../errors.ts'
import type { Sample, Sampler } from '../plugin.ts'
import { quantileOfSorted } from '../stats/quantile.ts'
import type { SamplingCost } from '../summary.ts'
import { roundToMicros } from '../units.ts'
import { pause } from './discover.ts'
import type { Session } from './session.ts'

/** A reading takes as long as so many of its distances, within bounds; then it is given up. */
const READ_DISTANCES = 5
const READ_LEAST_MS = 2000
const READ_MOST_MS = 10_000
/** At an edge no load runs: it waits for no source longer. */
const EDGE_MS = 1000
const CLOSE_MS = 5000
/** More often nobody may read beside a load. */
const LEAST_EVERY_MS = 10
/** Clocks of sources may be a little ahead. */
const AHEAD_MS = 1000
/** So many failures in a row, and at the end, mean that there was nothing more; or fewer that took as long as so many readings. */
const GONE_AFTER = 3

export interface Watch {
  readonly samples: readonly Sample[]
  readonly cost: SamplingCost | undefined
  /** Why there is nothing, or nothing more; undefined when all is well. */
  readonly absent: string | undefined
  /** Begins to read on its own; each sample that counts is handed to `write`. */
  start(write: (sample: Sample) => void): void
  /** Reads once, now; resolves when it has come, or is not worth waiting for. */
  edge(): Promise<void>
  /** Stops reading and closes the source. Never rejects, and takes a few seconds at most. */
  close(): Promise<void>
}

export function watchSource({ platform, toRunMs, scrub, note }: Session, id: string, sampler: OpenSampler): Watch {
  const { clock } = platform
  const samples: Sample[] = []
  const failures = createFailures(() => clock.now())
  const readings = { count: 0, sumMs: 0, maxMs: 0 }
  const stopping = new AbortController()
  const { everyMs } = sampler
  const limitMs = Math.min(READ_MOST_MS, Math.max(READ_LEAST_MS, READ_DISTANCES * everyMs))
  let write = (_: Sample): void => {}
  /** Settles when the source has answered, however late: until then it is asked nothing else. */
  let pending: Promise<void> | undefined
  let pendingSince = 0
  let givenUp = false
  let current: AbortController | undefined
  let started = false

  const take = (read: unknown, askedAt: number, atEdge: boolean): void => {
    const list: readonly unknown[] = Array.isArray(read) ? read : read === undefined ? [] : [read]
    for (const one of list) {
      const latestAt = toRunMs(clock.now()) + AHEAD_MS
      const sample = keepSample(one, samples.at(-1)?.at ?? Number.NEGATIVE_INFINITY, latestAt, scrub)
      if (typeof sample === 'string') {
        failures.add(sample)
        continue
      }
      const kept: Sample = atEdge && sample.at >= askedAt ? { ...sample, edge: true } : sample
      samples.push(kept)
      failures.end()
      write(kept)
    }
  }

  /** Resolves when the reading has come or was given up. */
  const read = (edgeUntil?: number): Promise<void> =>
    new Promise((resolve) => {
      const askedAt = clock.now()
      const giveUp = new AbortController()
      let over = false
      const end = (): void => {
        over = true
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        givenUp = true
        failures.add(`no reading within ${limitMs} ms`)
        giveUp.abort()
        end()
      }, limitMs)
      current = giveUp
      pendingSince = askedAt
      givenUp = false
      const settle = (then: () => void): void => {
        pending = undefined
        givenUp = false
        try {
          if (!over && !stopping.signal.aborted) then()
        } catch (thrown) {
          failures.add(explain(thrown))
        }
        end()
      }
      pending = callRead(sampler, toRunMs(askedAt), giveUp.signal).then(
        (value) =>
          settle(() => {
            const ms = clock.now() - askedAt
            readings.count++
            readings.sumMs += ms
            readings.maxMs = Math.max(readings.maxMs, ms)
            take(value, toRunMs(askedAt), edgeUntil !== undefined && clock.now() <= edgeUntil)
          }),
        (thrown: unknown) => settle(() => failures.add(explain(thrown))),
      )
    })

  const explain = (thrown: unknown): string => oneLine(scrub(describeThrown(thrown)))

  const readOn = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const at = clock.now()
      if (pending === undefined) await read()
      await pause(Math.max(1, at + Math.max(everyMs, LEAST_EVERY_MS) - clock.now()), stopping.signal)
    }
  }

  const readAtEdge = async (until: number): Promise<void> => {
    // One that is under way was asked while the load ran.
    while (pending !== undefined) await pending
    if (clock.now() < until && !stopping.signal.aborted) await read(until)
  }

  return {
    samples,
    get cost() {
      return describeCost(samples, readings, failures)
    },
    get absent() {
      if (samples.length === 0 && failures.count > 0) return failures.first
      const gone = failures.inARow >= GONE_AFTER || failures.lastedMs >= GONE_AFTER * Math.max(everyMs, LEAST_EVERY_MS)
      if (!gone && !(givenUp && pending !== undefined)) return undefined
      return `nothing after ${((samples.at(-1)?.at ?? 0) / 1000).toFixed(1)} s: ${failures.last}`
    },
    start(given) {
      write = given
      if (!started) void readOn()
      started = true
    },
    async edge() {
      // A source that hangs keeps nobody waiting twice.
      if (stopping.signal.aborted || (pending !== undefined && givenUp)) return
      const enough = new AbortController()
      await Promise.race([readAtEdge(clock.now() + EDGE_MS), pause(EDGE_MS, enough.signal)])
      enough.abort()
    },
    async close() {
      if (pending !== undefined && !givenUp && clock.now() - pendingSince >= EDGE_MS) {
        failures.add(`no reading within ${Math.floor(clock.now() - pendingSince)} ms`)
      }
      stopping.abort()
      current?.abort()
      const enough = new AbortController()
      const ended = await Promise.race([
        closeSampler(sampler).then(
          () => undefined,
          (thrown: unknown) => `closing it failed: ${explain(thrown)}`,
        ),
        pause(CLOSE_MS, enough.signal).then(() => `it did not end within ${CLOSE_MS} ms`),
      ])
      enough.abort()
      if (ended !== undefined) note(`plugin ${id}: ${ended}`)
    },
  }
}

/** A sampler whose members were looked at once, so that they stay what they were. */
export interface OpenSampler extends Pick<Sampler, 'source' | 'everyMs'> {
  readonly sampler: Sampler
}

async function callRead({ sampler }: OpenSampler, at: number, signal: AbortSignal): Promise<unknown> {
  return await sampler.read(at, signal)
}

async function closeSampler({ sampler }: OpenSampler): Promise<void> {
  await sampler.close()
}

/** The sample as a file holds it, without secrets; or why it is none. */
function keepSample(
  value: unknown,
  afterAt: number,
  latestAt: number,
  scrub: (text: string) => string,
): Sample | string {
  if (typeof value !== 'object' || value === null) return `a sample is no object: ${typeof value}`
  let kept: Sample
  try {
    kept = JSON.parse(scrub(JSON.stringify(value))) as Sample
  } catch (thrown) {
    return `a sample is no JSON: ${oneLine(describeThrown(thrown))}`
  }
  const { at } = kept
  if (typeof at !== 'number') return 'a sample has no instant'
  if (at < afterAt) return `a sample lies before the one before it, by ${roundToMicros(afterAt - at)} ms`
  if (at > latestAt) return 'a sample lies in the future'
  return kept
}

/** Any value can be thrown, also one that cannot be turned into text. */
export function describeThrown(thrown: unknown): string {
  try {
    return describeError(thrown)
  } catch {
    return 'something that cannot be told'
  }
}

const LONGEST_LINE = 300

export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line
}

interface Failures {
  readonly count: number
  readonly inARow: number
  /** How long nothing has come, up to the last failure, ms; 0 where the last reading came. */
  readonly lastedMs: number
  readonly first: string | undefined
  readonly last: string | undefined
  add(reason: string): void
  /** Something came. */
  end(): void
}

function createFailures(now: () => number): Failures {
  let count = 0
  let inARow = 0
  let cameAt = now()
  let failedAt = cameAt
  let first: string | undefined
  let last: string | undefined
  return {
    get count() {
      return count
    },
    get inARow() {
      return inARow
    },
    get lastedMs() {
      return inARow === 0 ? 0 : failedAt - cameAt
    },
    get first() {
      return first
    },
    get last() {
      return last
    },
    add(reason) {
      count++
      inARow++
      failedAt = now()
      first ??= reason
      last = reason
    },
    end() {
      inARow = 0
      cameAt = now()
    },
  }
}

function describeCost(
  samples: readonly Sample[],
  readings: { readonly count: number; readonly sumMs: number; readonly maxMs: number },
  { count: failed, first }: Failures,
): SamplingCost | undefined {
  if (readings.count === 0 && failed === 0) return undefined
  // Of several devices each has a sample at the same instant.
  const instants = samples.map(({ at }) => at).filter((at, i, all) => i === 0 || at !== all[i - 1])
  const distances = instants.slice(1).map((at, i) => at - instants[i]!)
  distances.sort((a, b) => a - b)
  const median = distances.length === 0 ? undefined : quantileOfSorted(distances, 0.5)
  return {
    samples: samples.length,
    failed,
    ...(first === undefined ? {} : { firstFailure: first }),
    ...(median === undefined ? {} : { everyMs: roundToMicros(median), longestGapMs: roundToMicros(distances.at(-1)!) }),
    readMeanMs: readings.count === 0 ? 0 : roundToMicros(readings.sumMs / readings.count),
    readMaxMs: roundToMicros(readings.maxMs),
  }
}
