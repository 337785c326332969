/**
 * Climbs a ladder of loads against a server that knows what it sent, and says at each step how far the client's stamps were
 * from the truth. The load is carried by `run`, as that of any benchmark.
 */
import type { CalibrationRow } from '../calibration.ts'
import { BenchError, type BenchErrorCode } from '../errors.ts'
import type { RunPlan } from '../plan.ts'
import type { Platform } from '../platform.ts'
import type { ClientSample } from '../run.ts'
import { roundToMicros } from '../units.ts'
import { compareLoads, covers } from './calibration.ts'
import {
  alignOverLoopback,
  errorQuantiles,
  joinTruth,
  measureErrors,
  measureServerLateness,
  readStamps,
  type StampedAnswer,
} from './instrument-error.ts'
import { createLoadMeter } from './load-meter.ts'
import { run } from './run.ts'
import type { TruthLog } from './truth-log.ts'

/** One rung: so many streams, each with an event every so many ms. */
export interface Level {
  readonly streams: number
  readonly gapMs: number
}

/** A level as a load: what the server is asked to send, and to whom. */
export interface Step extends Level {
  readonly firstMs: number
  readonly events: number
  readonly requests: number
}

export interface Climb {
  readonly levels: readonly Level[]
  /** How long each level is measured for, about. */
  readonly stepMs: number
  /** A run of this step against the truth server, which writes nothing. */
  plan(step: Step): Promise<RunPlan>
  /** What the server has sent since the last time. */
  takeLog(): Promise<TruthLog>
  onStart?(level: Level): void
  onRow?(row: CalibrationRow): void
  /** A level that could not be measured, and why; what is greater is left out. */
  onFailure?(level: Level, thrown: unknown): void
}

const FIRST_MS = 20
/** Answers one after the other on each stream: more where streams are few, so that there are first events to count. */
const LEAST_WAVES = 3
const MOST_WAVES = 30
const ENOUGH_REQUESTS = 100
const LEAST_EVENTS = 8
/** A p99 error so large in both respects says that the client has given up: what is greater tells nothing more. */
const FAR_MS = 10
/** Later than this in one of ten events, the server does not keep up. */
const SERVER_LATE_MS = 1
/** What no other load would change. */
const WRONG: readonly BenchErrorCode[] = ['usage', 'unsupported']
/** Opening, rehearsing and closing. */
const OVERHEAD_MS = 700

export function planStep({ streams, gapMs }: Level, stepMs: number): Step {
  const waves = Math.min(MOST_WAVES, Math.max(LEAST_WAVES, Math.ceil(ENOUGH_REQUESTS / streams)))
  const events = Math.max(LEAST_EVENTS, Math.round((stepMs / waves - FIRST_MS) / gapMs) + 1)
  return { streams, gapMs, firstMs: FIRST_MS, events, requests: waves * streams }
}

/** ms, about: what is far beyond the client is left out, and what was disturbed is measured again. */
export function estimateClimb(levels: readonly Level[], stepMs: number): number {
  return levels.reduce((sum, level) => sum + estimateStep(planStep(level, stepMs)), 0)
}

/** Every stream is warmed up by one answer. */
function estimateStep({ firstMs, events, gapMs, requests, streams }: Step): number {
  return OVERHEAD_MS + (requests / streams + 1) * (firstMs + events * gapMs)
}

/** Rows in the order of the ladder. Stops between levels when `signal` is aborted. Throws a usage error of the plans. */
export async function climbLadder(climb: Climb, platform: Platform, signal?: AbortSignal): Promise<CalibrationRow[]> {
  const rows = new Map<Level, CalibrationRow>()
  const given: Level[] = []
  const levels = climb.levels.toSorted((a, b) => compareLoads(nominal(a), nominal(b)))
  const measure = async (level: Level): Promise<void> => {
    try {
      const row = await measureStep(climb, planStep(level, climb.stepMs), platform, signal)
      if (row === undefined) return
      const before = rows.get(level)
      rows.set(level, before === undefined ? row : better(before, row))
      climb.onRow?.(row)
    } catch (thrown) {
      if (thrown instanceof BenchError && WRONG.includes(thrown.code)) throw thrown
      given.push(level)
      climb.onFailure?.(level, thrown)
    }
  }
  for (const level of levels) {
    if (signal?.aborted) break
    if (given.some((far) => covers(nominal(level), nominal(far)))) continue
    await measure(level)
    // Once may be a neighbour's doing.
    if (isFar(rows.get(level))) await measure(level)
    if (isFar(rows.get(level))) given.push(level)
  }
  // A smaller load does not err more than a greater one: where it seems to, something else disturbed it.
  for (const level of findDisturbed(rows)) if (!signal?.aborted) await measure(level)
  return levels.flatMap((level) => rows.get(level) ?? [])
}

function nominal({ streams, gapMs }: Level): { streams: number; eventsPerSecond: number } {
  return { streams, eventsPerSecond: (streams * 1000) / gapMs }
}

function isFar(row: CalibrationRow | undefined): boolean {
  return row !== undefined && row.firstEvent.p99 > FAR_MS && row.gaps.p99 > FAR_MS
}

/** Twice the error of a load that covers it, in some respect. */
function findDisturbed(rows: ReadonlyMap<Level, CalibrationRow>): Level[] {
  return [...rows].flatMap(([level, row]) => {
    const greater = [...rows.values()].filter((other) => other !== row && covers(other, row))
    const disturbed = greater.some(
      ({ firstEvent, gaps }) => row.firstEvent.p99 > 2 * firstEvent.p99 || row.gaps.p99 > 2 * gaps.p99,
    )
    return disturbed ? [level] : []
  })
}

function better(a: CalibrationRow, b: CalibrationRow): CalibrationRow {
  return a.firstEvent.p99 + a.gaps.p99 <= b.firstEvent.p99 + b.gaps.p99 ? a : b
}

/** undefined when it was interrupted. Throws what kept it from being measured. */
async function measureStep(
  climb: Climb,
  step: Step,
  platform: Platform,
  signal: AbortSignal | undefined,
): Promise<CalibrationRow | undefined> {
  const plan = await climb.plan(step)
  climb.onStart?.(step)
  await climb.takeLog()
  const stamped: StampedAnswer[] = []
  const lateness: number[] = []
  const samples: ClientSample[] = []
  const meter = createLoadMeter()
  const result = await run(
    plan,
    platform,
    {
      record(record) {
        meter.add(record)
        const stamps = readStamps(record)
        if (stamps === undefined) return
        stamped.push(stamps)
        lateness.push(stamps.sentAt - record.dueAt)
      },
      sample: (sample) => void samples.push(sample),
    },
    signal,
  )
  if (result.failure !== undefined) throw result.failure
  const join = joinTruth(stamped, await climb.takeLog())
  const error = measureErrors(join, alignOverLoopback(join.answers))
  const load = meter.read()
  if (signal?.aborted || error === undefined || load === undefined) return undefined
  const sent = new Map(join.answers.map(({ ours, truth }) => [ours.id, truth]))
  const serverLate = measureServerLateness(sent, step.firstMs, step.gapMs)
  const cpu = readCpu(samples)
  return {
    ...load,
    gapMs: step.gapMs,
    requests: error.requests,
    firstEvent: roundAll(error.firstEvent),
    gaps: roundAll(error.gaps),
    sendLateness: roundAll(errorQuantiles(Float64Array.from(lateness))),
    ...(cpu === undefined ? {} : { cpu }),
    ...(serverLate.p90 > SERVER_LATE_MS ? { serverLimited: true } : {}),
  }
}

function roundAll<Of extends object>(quantiles: Of): Of {
  return Object.fromEntries(Object.entries(quantiles).map(([name, ms]) => [name, roundToMicros(ms)])) as Of
}

/** Of the busiest thread, over the time in which requests were open. */
function readCpu(samples: readonly ClientSample[]): number | undefined {
  const busiest = samples.flatMap(({ cpu, inFlight }) =>
    cpu === undefined || inFlight === 0 ? [] : [Math.max(...cpu)],
  )
  if (busiest.length === 0) return undefined
  return Math.round((1000 * busiest.reduce((sum, share) => sum + share, 0)) / busiest.length) / 1000
}
