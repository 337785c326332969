/**
 * A run, from plan to result. The page to read first: what happens, in order.
 *
 *   open the transport -> find the server -> make the calls ready -> open the run folder
 *     -> for each scenario: warm up, measure (`scenario.ts` -> `dispatch.ts` -> `exchange.ts`)
 *     -> summarise -> write
 */
import { BenchError } from '../errors.ts'
import { createSummarizer } from '../metrics/summarize.ts'
import { createScrubber } from '../options/secrets.ts'
import type { RunPlan } from '../plan.ts'
import type { Platform, Transport } from '../platform.ts'
import type { RequestRecord } from '../record.ts'
import { renderMarkdown } from '../report/markdown.ts'
import type { ClientSample, Manifest, ManifestScenario, Progress, RunResult } from '../run.ts'
import type { Summary } from '../summary.ts'
import { roundToMicros } from '../units.ts'
import { type LocalTokenizer, loadTokenizer } from '../workload/mod.ts'
import { prepareCalls } from './calls.ts'
import { discover } from './discover.ts'
import { checkFolder, createNullJournal, type Journal, openJournal } from './journal.ts'
import { describeRun } from './manifest.ts'
import { startSampling } from './sampling.ts'
import { runScenario, type ScenarioEnd } from './scenario.ts'
import { findTotalFailure, summarizeRun } from './summary.ts'
import { startWatch } from './watch.ts'

/** Who looks on. Called off the capture path; must not throw. */
export interface RunObserver {
  /** About four times a second. */
  progress?(progress: Progress): void
  /** A line for whoever waits: why nothing happens yet. */
  say?(line: string): void
  /** Each record as it is written, in order of ending. */
  record?(record: RequestRecord): void
}

/**
 * Runs a plan. Aborting `signal` stops sending and drains; what there is is written and returned.
 * Rejects with a `BenchError` when nothing could be measured at all (no server, no folder, wrong plan); a run that went wrong
 * later comes back as a result with a `failure`.
 */
export async function run(
  plan: RunPlan,
  platform: Platform,
  observer: RunObserver = {},
  signal?: AbortSignal,
): Promise<RunResult> {
  const transport = openTransport(plan, platform)
  try {
    return await runOver(transport, plan, platform, observer, signal)
  } finally {
    await transport.close()
  }
}

async function runOver(
  transport: Transport,
  plan: RunPlan,
  platform: Platform,
  observer: RunObserver,
  signal: AbortSignal | undefined,
): Promise<RunResult> {
  const id = platform.randomId()
  const originAt = platform.clock.now()
  const originEpochMs = platform.clock.epoch()
  const toRunMs = (at: number): number => roundToMicros(at - originAt)
  const scrub = createScrubber(plan.secrets)
  const notes: string[] = []

  if (platform.files !== undefined && typeof plan.out === 'string') await checkFolder(platform.files, plan.out)
  const tokenizer = await readTokenizer(plan, platform)
  const say = (line: string): void => observer.say?.(scrub(line))
  const discovery = await discover(plan, platform, transport, say, signal)
  notes.push(...discovery.notes)
  const workloads = await prepareCalls(plan, discovery.target, platform, transport, tokenizer, (line) =>
    notes.push(line),
  )

  // What stops a run early: the user, a full disk. What there is by then is kept.
  const stopping = new AbortController()
  const forwardStop = (): void => stopping.abort('interrupted')
  if (signal?.aborted) forwardStop()
  signal?.addEventListener('abort', forwardStop)
  let failure: BenchError | undefined
  const fail = (error: BenchError): void => {
    failure ??= error
    stopping.abort('failed')
  }

  const journal = await openRunJournal(plan, platform, id, originEpochMs, scrub, fail)
  const draft = describeRun(plan, platform, discovery, workloads, {
    id,
    originEpochMs,
    transport: transport.name,
    notes,
  })
  await journal.manifest(draft)

  const summarizer = createSummarizer({ slo: plan.slo, plugins: plan.plugins })
  const onRecord = (record: RequestRecord): void => {
    journal.record(record)
    summarizer.add(record)
    observer.record?.(record)
  }
  let readState = (): Omit<ClientSample, 'at' | 'timerLateMs'> => ({
    openSockets: 0,
    inFlight: 0,
    lateSends: 0,
    undecodedBytes: 0,
  })
  const stopWatch = startWatch(
    platform,
    toRunMs,
    () => readState(),
    (sample) => journal.sample('client', sample),
  )
  const sampling = startSampling(plan.plugins, platform, toRunMs, journal, (line) => notes.push(line))

  const ends: ScenarioEnd[] = []
  try {
    for (const [index, scenario] of plan.scenarios.entries()) {
      const end = await runScenario({
        index,
        scenario,
        plan,
        platform,
        transport,
        target: discovery.target,
        workload: workloads[index]!,
        runId: id,
        toRunMs,
        ...(tokenizer === undefined ? {} : { countTokens: tokenizer.count }),
        stop: stopping.signal,
        onRecord,
        note: (line) => notes.push(line),
        live: () => summarizer.live(scenario.name),
        onState: (read) => {
          readState = read
        },
        ...(observer.progress === undefined ? {} : { progress: observer.progress }),
      })
      ends.push(end)
      if (end.failure !== undefined) fail(end.failure)
      if (stopping.signal.aborted) break
    }
  } finally {
    stopWatch()
    await sampling.stop()
    signal?.removeEventListener('abort', forwardStop)
  }

  const manifest: Manifest = {
    ...draft,
    notes,
    scenarios: draft.scenarios.map((scenario, index): ManifestScenario => withWindows(scenario, ends[index])),
    endedAt: new Date(platform.clock.epoch()).toISOString(),
  }
  const interrupted = signal?.aborted ?? false
  const summary = summarizeRun(manifest, summarizer, plan.gates, stopReason(interrupted, failure))
  if (!interrupted) failure ??= findTotalFailure(summary.scenarios)
  await writeResult(journal, manifest, summary)
  return {
    manifest,
    summary,
    interrupted,
    ...(journal.folder === undefined ? {} : { folder: journal.folder }),
    ...(failure === undefined ? {} : { failure }),
  }
}

function openTransport(plan: RunPlan, platform: Platform): Transport {
  const name = plan.transport ?? platform.defaultTransport
  const factory = platform.transports[name]
  if (factory === undefined) {
    const known = Object.keys(platform.transports).join(', ')
    throw new BenchError('unsupported', `--transport: ${platform.name} has no transport "${name}"; it has ${known}`)
  }
  return factory(plan.transportOptions, platform.clock)
}

async function readTokenizer(plan: RunPlan, platform: Platform): Promise<LocalTokenizer | undefined> {
  if (plan.tokenizer === undefined) return undefined
  if (platform.files === undefined)
    throw new BenchError('unsupported', `--tokenizer: ${platform.name} cannot read files`)
  return await loadTokenizer(await platform.files.readText(plan.tokenizer))
}

async function openRunJournal(
  plan: RunPlan,
  platform: Platform,
  id: string,
  originEpochMs: number,
  scrub: (text: string) => string,
  onFailure: (error: BenchError) => void,
): Promise<Journal> {
  if (platform.files === undefined || plan.out === null) return createNullJournal()
  return await openJournal(platform.files, {
    id,
    startedAt: new Date(originEpochMs).toISOString(),
    scrub,
    onFailure,
    ...(plan.out === undefined ? {} : { out: plan.out }),
  })
}

function withWindows(scenario: ManifestScenario, end: ScenarioEnd | undefined): ManifestScenario {
  return end === undefined ? scenario : { ...scenario, windows: end.windows }
}

function stopReason(interrupted: boolean, failure: BenchError | undefined): string | undefined {
  return failure?.message ?? (interrupted ? 'interrupted' : undefined)
}

async function writeResult(journal: Journal, manifest: Manifest, summary: Summary): Promise<void> {
  await journal.manifest(manifest)
  await journal.finish(summary, renderMarkdown(summary, manifest))
}
