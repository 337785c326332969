/** Calibrates this client: our truth server in a process of its own, and the ladder that is climbed against it. */
import type { Calibration, CalibrationKey, CalibrationRow } from '../core/calibration.ts'
import { climbLadder, estimateClimb, type Level } from '../core/engine/calibrate.ts'
import { describeClient } from '../core/engine/calibration.ts'
import { readCalibration, writeCalibration } from '../core/engine/calibration-cache.ts'
import { readTruthLog } from '../core/engine/truth-log.ts'
import { type CheckedOptions, type NameOption, type RunOptions, readOptions } from '../core/options/mod.ts'
import type { RunPlan } from '../core/plan.ts'
import type { Platform } from '../core/platform.ts'
import { formatDuration } from '../core/units.ts'
import { TOOL_VERSION } from '../core/version.ts'
import { startServerProcess } from '../platform/server-process.ts'
import { makePlan } from './plan.ts'
import type { TruthProcessOptions } from './truth-process.ts'

/** The client that is calibrated; what is absent is as `bench run` has it. */
export type ClientOptions = Pick<CheckedOptions, 'transport' | 'connections' | 'threads'>

export interface CalibrationPlan {
  readonly client: ClientOptions
  readonly levels: readonly Level[]
  readonly stepMs: number
  /** How errors call an option. */
  readonly nameOption?: NameOption
}

export interface CalibrationObserver {
  onStart?(level: Level): void
  onRow?(row: CalibrationRow): void
  onFailure?(level: Level, thrown: unknown): void
}

const GAP_MS = 10
/** Streams at ever shorter gaps, after the ladder of streams. */
const FAST_STREAMS = 100
const SHORT_GAPS_MS = [5, 2, 1]

/** All of those with at most `maxStreams` streams. */
export function defaultLevels(quick: boolean, maxStreams: number): Level[] {
  const streams = quick ? [1, 10, 100, 500] : [1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
  const gaps = quick ? SHORT_GAPS_MS.slice(0, 1) : SHORT_GAPS_MS
  return [
    ...streams.map((count): Level => ({ streams: count, gapMs: GAP_MS })),
    ...gaps.map((gapMs): Level => ({ streams: FAST_STREAMS, gapMs })),
  ].filter((level) => level.streams <= maxStreams)
}

const MOST_QUICK_STREAMS = 500

/** How long each level is measured for. */
export const stepMsOf = { whole: 3000, quick: 1200 } as const

/**
 * Throws `BenchError('unsupported')` where no process can be started, and `run-failed` when no level could be measured.
 * Aborting `signal` ends with the rows that there are; undefined when there are none.
 */
export async function calibrateClient(
  plan: CalibrationPlan,
  platform: Platform,
  observer: CalibrationObserver = {},
  signal?: AbortSignal,
): Promise<Calibration | undefined> {
  const module = new URL(`./truth-process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
  const options: TruthProcessOptions = {}
  const server = await startServerProcess(platform, module, options, 'a truth server')
  let failure: unknown
  try {
    const rows = await climbLadder(
      {
        ...observer,
        levels: plan.levels,
        stepMs: plan.stepMs,
        plan: ({ streams, firstMs, gapMs, events, requests }) =>
          planTruthRun(platform, plan.nameOption, {
            ...plan.client,
            url: server.url,
            concurrency: streams,
            requests,
            outputTokens: events,
            body: { truth: { firstMs, gapMs } },
          }),
        takeLog: async () => {
          const url = `${server.url}/log`
          return await readTruthLog(url, [await (await fetch(url)).text()])
        },
        onFailure(level, thrown) {
          failure ??= thrown
          observer.onFailure?.(level, thrown)
        },
      },
      platform,
      signal,
    )
    if (rows.length === 0 && failure !== undefined) throw failure
    if (rows.length === 0) return undefined
    return {
      v: 1,
      tool: TOOL_VERSION,
      key: keyOf(plan.client, platform),
      madeAt: new Date(platform.clock.epoch()).toISOString(),
      rows,
    }
  } finally {
    await server.close()
  }
}

const DAY_MS = 86_400_000

/** For `bench run --calibrate`: what was measured within a day still holds. */
export async function calibrateFirst(
  { transport, transportOptions, threads }: RunPlan,
  platform: Platform,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const client: ClientOptions = {
    ...(transport === undefined ? {} : { transport }),
    connections: transportOptions.connections,
    ...(threads === undefined ? {} : { threads }),
  }
  const { calibration } = await readCalibration(platform, keyOf(client, platform))
  if (calibration !== undefined && platform.clock.epoch() - Date.parse(calibration.madeAt) < DAY_MS) return
  const plan: CalibrationPlan = { client, levels: defaultLevels(true, MOST_QUICK_STREAMS), stepMs: stepMsOf.quick }
  const about = formatDuration(1000 * Math.ceil(estimateClimb(plan.levels, plan.stepMs) / 1000)).replace('.0 s', ' s')
  say(`calibrating this client first: about ${about}`)
  const made = await calibrateClient(plan, platform, {}, signal)
  if (made !== undefined && !signal.aborted) await writeCalibration(platform, made)
}

function keyOf({ transport, connections, threads }: ClientOptions, platform: Platform): CalibrationKey {
  return describeClient(platform, {
    transport: transport ?? platform.defaultTransport,
    connections: connections ?? 'reuse',
    threads: threads ?? 'auto',
  })
}

function planTruthRun(platform: Platform, nameOption: NameOption | undefined, options: RunOptions): Promise<RunPlan> {
  const given: RunOptions = { adapter: 'openai', model: 'mock-model', promptTokens: 32, seed: 1, ...options, out: null }
  return makePlan(readOptions(given), platform, nameOption)
}
