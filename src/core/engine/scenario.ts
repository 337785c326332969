/** One scenario: a warm-up that is kept apart, then the load that is measured. */
import type { Target } from '../adapter.ts'
import { BenchError } from '../errors.ts'
import { parseValidation } from '../metrics/quality.ts'
import type { LiveFigures } from '../metrics/scenario.ts'
import type { ScenarioPlan } from '../plan.ts'
import type { Phase as PhaseName, RequestRecord } from '../record.ts'
import type { ManifestScenario, Progress } from '../run.ts'
import { formatDuration } from '../units.ts'
import type { PreparedWorkload } from '../workload/mod.ts'
import type { AnswerFields } from './answer.ts'
import { pause } from './discover.ts'
import type { Phase, PhaseEnd } from './dispatch.ts'
import type { DrivenPhase, Driver } from './driver.ts'
import type { ExchangeContext } from './exchange.ts'
import type { Asked } from './flight.ts'
import type { Session } from './session.ts'
import type { WatchedState } from './watch.ts'

const PROGRESS_MS = 250
/** Between warm-up and measurement: time to see which connections the server keeps, so that no measured request waits for it. */
const LULL_MS = 25
/** More than a repetition that only time bounds will ask. */
const CALLS_A_REPETITION = 10_000_000

export interface ScenarioRun {
  readonly session: Session
  readonly index: number
  /** Which repetition, from 1; absent where there is but one. */
  readonly repetition?: number
  /** Of turns that share a workload: which this one is, from 0. */
  readonly order?: number
  readonly scenario: ScenarioPlan
  readonly driver: Driver
  readonly target: Target
  readonly workload: PreparedWorkload
  readonly countTokens?: (text: string) => number
  onRecord(record: RequestRecord): void
  live(): LiveFigures
  /** Where the client's own log reads from while a phase runs. */
  onState(read: (ms: number) => WatchedState): void
  progress?(progress: Progress): void
  /** Between two phases, while no load runs: what is watched is read. Never rejects. */
  edge(): Promise<void>
}

export interface ScenarioEnd {
  readonly windows: NonNullable<ManifestScenario['windows']>
  /** Why the run must not go on. */
  readonly failure?: BenchError
}

type Window = ScenarioEnd['windows'][number]

export async function runScenario(run: ScenarioRun): Promise<ScenarioEnd> {
  const { scenario, driver, target } = run
  const guard = createGuard(run)
  const windows: Window[] = []
  const end = (): ScenarioEnd => ({ windows, ...(guard.failure === undefined ? {} : { failure: guard.failure }) })

  if (run.session.plan.transportOptions.connections === 'open-first') {
    const wanted = scenario.arrival.kind === 'closed' ? scenario.arrival.slots : (scenario.maxInFlight ?? 0)
    const opened = await driver.open(target.baseUrl, wanted)
    if (opened < wanted)
      run.session.note(`${scenario.name}: ${opened} of ${wanted} connections could be opened beforehand`)
  }
  await run.edge()
  if (scenario.warmup.kind !== 'none') {
    const limits =
      scenario.warmup.kind === 'requests' ? { requests: scenario.warmup.requests } : { durationMs: scenario.warmup.ms }
    windows.push(await runPhase(run, guard, 'warmup', limits))
    if (guard.failure !== undefined || run.session.stop.aborted) return end()
    await Promise.all([pause(LULL_MS, run.session.stop), run.edge()])
  }
  const limits = {
    ...(scenario.requests === undefined ? {} : { requests: scenario.requests }),
    ...(scenario.durationMs === undefined ? {} : { durationMs: scenario.durationMs }),
  }
  windows.push(await runPhase(run, guard, 'measure', limits))
  await run.edge()
  return end()
}

/** Those that a scenario consists of. */
type OwnPhase = Exclude<PhaseName, 'beside'>

/** Which calls a phase asks, and how their ids begin. */
export interface Stretch {
  readonly idPrefix: string
  readonly firstCall: number
}

interface Limits {
  readonly requests?: number
  readonly durationMs?: number
}

/** Each repetition asks what none before it asked: a prefix cache must not answer the later ones. */
function planStretch({ session, index, repetition, order }: ScenarioRun, name: OwnPhase, limits: Limits): Stretch {
  const place = repetition === undefined ? '' : `r${repetition}`
  return {
    idPrefix: `${session.id}-${index}${place}${name === 'warmup' ? 'w' : 'm'}`,
    firstCall:
      order === undefined
        ? ((repetition ?? 1) - 1) * (limits.requests ?? CALLS_A_REPETITION)
        : order * CALLS_A_REPETITION,
  }
}

/** The first call that no phase of this scenario has asked, nor any before it. */
export function firstCallAfter({ repetition, order, scenario }: ScenarioRun): number {
  return order === undefined
    ? (repetition ?? 1) * (scenario.requests ?? CALLS_A_REPETITION)
    : (order + 1) * CALLS_A_REPETITION
}

/** Sends the scenario's load; without limits until it is stopped, or its schedule ends. */
export function startPhase(
  run: ScenarioRun,
  guard: Guard,
  name: PhaseName,
  limits: Limits,
  stretch: Stretch,
): DrivenPhase {
  const { scenario, session, repetition } = run
  const { plan } = session
  const mark = repetition === undefined ? {} : { run: repetition }
  const phase = run.driver.start(
    {
      arrival: scenario.arrival,
      ...limits,
      ...(scenario.maxInFlight === undefined ? {} : { maxInFlight: scenario.maxInFlight }),
      drainMs: plan.drainMs,
      outageMs: plan.readyTimeoutMs,
      workload: run.workload,
      part: name === 'warmup' ? 'warmup' : 'measure',
      jobs: {
        ...stretch,
        target: guard.usageRejected ? { ...run.target, includeUsage: false } : run.target,
      },
    },
    describeContext(run, name),
    {
      onRecord(record, asked) {
        if (guard.judge(record, asked) === 'redo') {
          phase.dropUsage()
          // It counts for nothing but is not lost: a request that taught us how to ask.
          run.onRecord({
            ...record,
            ...mark,
            phase: name === 'beside' ? name : 'warmup',
            notes: [...(record.notes ?? []), 'include_usage_rejected'],
          })
          return 'redo'
        }
        session.noteServed(record)
        run.onRecord(repetition === undefined ? record : { ...record, ...mark })
        if (guard.failure !== undefined) phase.stop('failed')
        return 'keep'
      },
    },
  )
  return phase
}

async function runPhase(run: ScenarioRun, guard: Guard, name: OwnPhase, limits: Limits): Promise<Window> {
  const { session, repetition } = run
  const mark = repetition === undefined ? {} : { run: repetition }
  const phase = startPhase(run, guard, name, limits, planStretch(run, name, limits))
  run.onState((ms) => ({
    openSockets: run.driver.openSockets,
    inFlight: phase.state.inFlight,
    lateSends: phase.state.takeLateSends(),
    undecodedBytes: phase.state.undecodedBytes,
    ...(ms > 0 ? { spin: phase.state.takeSpinMs() / ms } : {}),
    ...describeThreads(run.driver),
  }))
  const onStop = (): void => phase.stop(String(session.stop.reason ?? 'interrupted'))
  if (session.stop.aborted) onStop()
  session.stop.addEventListener('abort', onStop)
  const ticker = setInterval(() => run.progress?.(describeProgress(run, name, phase, limits)), PROGRESS_MS)
  try {
    const ended = await phase.ended
    guard.judgeEnd(ended)
    return { name, ...mark, startAt: session.toRunMs(ended.startAt), endAt: session.toRunMs(ended.endAt) }
  } finally {
    clearInterval(ticker)
    session.stop.removeEventListener('abort', onStop)
  }
}

function describeThreads(driver: Driver): Pick<WatchedState, 'threads'> {
  const threads = driver.takeSamples?.()
  return threads === undefined ? {} : { threads }
}

function describeContext(run: ScenarioRun, phase: PhaseName): ExchangeContext {
  const { target } = run
  const { plan, platform } = run.session
  return {
    scenario: run.scenario.name,
    phase,
    adapter: plan.adapter,
    stream: target.stream,
    model: target.model,
    fingerprint: () => run.session.fingerprint,
    timeouts: plan.timeouts,
    saveText: plan.saveText || (plan.validate !== undefined && parseValidation(plan.validate).needsText),
    clock: platform.clock,
    toRunMs: run.session.toRunMs,
    ...(run.countTokens === undefined ? {} : { countTokens: run.countTokens }),
    ...(platform.inflate === undefined ? {} : { inflate: (coding) => platform.inflate!(coding) }),
  }
}

function describeProgress(run: ScenarioRun, name: OwnPhase, phase: Phase, limits: Limits): Progress {
  const { state } = phase
  const elapsedMs = run.session.platform.clock.now() - state.startAt
  const leftByCount =
    limits.requests === undefined || state.ended === 0
      ? undefined
      : (elapsedMs / state.ended) * (limits.requests - state.ended)
  const leftByTime = limits.durationMs === undefined ? undefined : limits.durationMs - elapsedMs
  const left = Math.min(leftByCount ?? Number.POSITIVE_INFINITY, leftByTime ?? Number.POSITIVE_INFINITY)
  return {
    scenario: run.scenario.name,
    title: run.scenario.title,
    ...describePlace(run),
    ...(run.repetition === undefined || run.order !== undefined
      ? {}
      : { run: run.repetition, runCount: run.session.plan.repeat?.runs ?? run.repetition }),
    phase: state.draining ? 'drain' : name,
    done: state.ended,
    ...(limits.requests === undefined ? {} : { total: limits.requests }),
    inFlight: state.inFlight,
    elapsedMs,
    ...(Number.isFinite(left) ? { leftMs: Math.max(0, left) } : {}),
    ...run.live(),
  }
}

/** How many turns a sweep takes is not known before. */
function describePlace({ index, order, session }: ScenarioRun): Pick<Progress, 'scenarioIndex' | 'scenarioCount'> {
  if (order !== undefined) return { scenarioIndex: 0, scenarioCount: 1 }
  return { scenarioIndex: index, scenarioCount: session.plan.scenarios.length }
}

// --- what ends a run early ------------------------------------------------------------------------------------------

export interface Guard {
  /** The server refuses `stream_options.include_usage`: later requests go without. */
  readonly usageRejected: boolean
  readonly failure: BenchError | undefined
  judge(record: RequestRecord, asked: Asked): 'keep' | 'redo'
  judgeEnd(end: PhaseEnd): void
}

/** Answers that will not change by asking again, when no request has succeeded yet. */
const HOPELESS_STATUS = new Set([301, 302, 303, 307, 308, 401, 403, 404, 405])
const OUT_OF_FILES = new Set(['EMFILE', 'ENFILE'])

export function createGuard(run: ScenarioRun): Guard {
  const { target } = run
  const { plan } = run.session
  let succeeded = false
  let usageRejected = false
  let failure: BenchError | undefined

  const judge: Guard['judge'] = (record, asked) => {
    if (record.outcome === 'ok') succeeded = true
    if (asked.includesUsage && rejectsUsage(record)) {
      if (!usageRejected) run.session.note('the server rejects stream_options.include_usage; asked without it')
      usageRejected = true
      return 'redo'
    }
    if (failure === undefined) failure = findFailure(record)
    return 'keep'
  }

  const findFailure = (record: RequestRecord): BenchError | undefined => {
    if (record.outcome === 'http-error' && !succeeded && HOPELESS_STATUS.has(record.status)) {
      const said = record.error === undefined ? '' : `: ${record.error.replace(/[.\s]+$/, '')}`
      return new BenchError(
        'run-failed',
        `${target.baseUrl} answered ${record.status} to the first requests${said}${adviseStatus(record.status)}`,
      )
    }
    if (record.outcome === 'refused' && OUT_OF_FILES.has(record.reason)) {
      return new BenchError(
        'run-failed',
        `this process may open no more files (${record.reason}): raise the limit (ulimit -n 65536), or lower the number of streams`,
      )
    }
    return undefined
  }

  const adviseStatus = (status: number): string => {
    if (status === 401 || status === 403) return '; set the key with --api-key-env NAME'
    if (status === 404) return `; check --model (now "${target.model}"), --url and --endpoint`
    if (status < 400) return '; it redirects: give the final address as --url'
    return '; check --url and --endpoint'
  }

  return {
    get usageRejected() {
      return usageRejected
    },
    get failure() {
      return failure
    },
    judge,
    judgeEnd(end) {
      if (end.why !== 'stopped' || end.reason !== 'server gone') return
      failure ??= new BenchError(
        'run-failed',
        `${target.baseUrl} went away during the run and did not come back within ${formatDuration(plan.readyTimeoutMs)}; what was measured before is kept`,
      )
    },
  }
}

export function rejectsUsage(record: RequestRecord | AnswerFields): boolean {
  if (record.outcome !== 'http-error' || (record.status !== 400 && record.status !== 422)) return false
  return /stream_options|include_usage/i.test(record.error ?? '')
}
