/**
 * A run, from plan to result. The page to read first: what happens, in order.
 *
 *   open the transport -> start the server, where that is asked for, and find it -> make the calls ready -> open the run folder
 *     -> let plugins open what they watch -> rehearse, so that this process is warm -> for each scenario: warm up, measure (`scenario.ts` -> `dispatch.ts` -> `exchange.ts`)
 *     -> let plugins ask the server -> summarise -> write
 */
import { BenchError } from '../errors.ts'
import { parseValidation } from '../metrics/quality.ts'
import { readMetricSettings } from '../metrics/settings.ts'
import { createSummarizer, type Summarizer } from '../metrics/summarize.ts'
import type { RunPlan } from '../plan.ts'
import type { Platform, Transport, TransportOptions } from '../platform.ts'
import type { RequestRecord } from '../record.ts'
import { renderMarkdown } from '../report/markdown.ts'
import { drawSparks } from '../report/sparks.ts'
import type { ClientSample, Manifest, Progress, RunResult } from '../run.ts'
import type { Summary } from '../summary.ts'
import { formatDuration } from '../units.ts'
import { createJudge, type Judge, pluginLimits } from '../verdict/mod.ts'
import { type LocalTokenizer, loadTokenizer, type PreparedWorkload } from '../workload/mod.ts'
import { createAnswerCheck } from './answer-check.ts'
import { prepareCalls } from './calls.ts'
import { type Discovery, discover, pause } from './discover.ts'
import { type Driver, driveHere } from './driver.ts'
import { type Evaluated, evaluatePlugins } from './evaluation.ts'
import { checkFolder, createNullJournal, type Journal, makeRunFolder, openJournal } from './journal.ts'
import { listLevels } from './levels.ts'
import { type LoadWatch, watchLoad } from './load-watch.ts'
import { describeEnd, describeOutcome, describeRun } from './manifest.ts'
import { listActive } from './plugin-figures.ts'
import { type Checks, checkPlugins, openPlugins, type PluginHost } from './plugin-host.ts'
import { REHEARSAL_OPTIONS, rehearse } from './rehearsal.ts'
import { listTurns } from './repeat.ts'
import { runScenario, type ScenarioEnd, type ScenarioRun } from './scenario.ts'
import { type OwnServer, openServer } from './server.ts'
import { openSession, type Session } from './session.ts'
import { findTotalFailure, summarizeRun } from './summary.ts'
import { chooseThreads } from './threads/choose.ts'
import { createStateReader, startWatch } from './watch.ts'

/** Who looks on. Called off the capture path; must not throw. */
export interface RunObserver {
  /** About four times a second. */
  progress?(progress: Progress): void
  /** A line for whoever waits: why nothing happens yet. */
  say?(line: string): void
  /** Each record as it is written, in order of ending. */
  record?(record: RequestRecord): void
  /** What the client saw of itself, about four times a second. */
  sample?(sample: ClientSample): void
  /** Between two repetitions, while nothing is sent and, with `restart`, no server runs: the next begins when it resolves. */
  rest?(): Promise<void>
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
  const session = openSession(plan, platform, signal)
  const transport = openTransport(plan, platform, plan.transportOptions)
  // Threads take some time to start: meanwhile the server is asked what it is.
  const opening = openDriver(session, transport)
  opening.catch(() => {})
  let server: OwnServer | undefined
  let host: PluginHost | undefined
  try {
    const folder = plan.start === undefined ? plan.out : await makeFolder(session)
    server = openServer(session, transport, folder ?? undefined)
    const checks = checkPlugins(session)
    const known = await prepare(session, transport, server, opening, observer)
    host = await watchPlugins(session, checks, known.discovery, server)
    const setting: Setting = { ...known, host, manifest: { ...known.manifest, ...describePlugins(host) } }
    const plugins = listActive(plan.plugins, setting.manifest)
    const driver = await opening
    const journal = await openRunJournal(session, folder)
    await journal.manifest(setting.manifest)
    await rehearse(session, driver, setting.discovery.target, setting.workloads[0]!)
    const summarizer = createSummarizer({
      slo: plan.slo,
      plugins,
      settings: readMetricSettings(plan.options),
    })
    const judge = createJudge(setting.manifest.scenarios, pluginLimits(plugins))
    const folds = { summarizer, judge, load: watchLoad(session, transport.name) }
    const { ends, idle, last } = await measure(session, driver, server, setting, journal, folds, observer)
    const evaluated = await evaluate(session, setting, last, journal, observer)
    // Its sockets go first: where files are scarce, the summary needs one of theirs.
    await driver.close()
    return await conclude(session, setting, journal, folds, { ends, idle, evaluated })
  } catch (thrown) {
    // What was waited for in vain has a reason of its own: the server that we started has ended.
    throw session.failure ?? thrown
  } finally {
    session.close()
    await host?.close()
    await opening.then((driver) => driver.close()).catch(() => {})
    await transport.close()
    await server?.stop()
  }
}

async function watchPlugins(
  session: Session,
  checks: Checks,
  { target }: Discovery,
  server: OwnServer,
): Promise<PluginHost> {
  const { plan, platform } = session
  return await openPlugins(session, checks, {
    target,
    serverPid: () => server.pid,
    openTransport: (options) => openTransport(plan, platform, options),
  })
}

function describePlugins(host: PluginHost): Pick<Manifest, 'plugins'> {
  const plugins = host.describe()
  return plugins.length === 0 ? {} : { plugins }
}

/** What is known before plugins are asked whether they can watch. */
interface Known {
  readonly discovery: Discovery
  readonly tokenizer: LocalTokenizer | undefined
  /** One for each scenario. */
  readonly workloads: readonly PreparedWorkload[]
  readonly manifest: Manifest
}

/** What is known and ready before the first request. */
interface Setting extends Known {
  readonly host: PluginHost
}

async function prepare(
  session: Session,
  transport: Transport,
  server: OwnServer,
  opening: Promise<Driver>,
  observer: RunObserver,
): Promise<Known> {
  const { plan, platform, note, scrub } = session
  if (platform.files !== undefined && typeof plan.out === 'string') await checkFolder(platform.files, plan.out)
  const tokenizer = await readTokenizer(plan, platform)
  const say = (line: string): void => observer.say?.(scrub(line))
  await server.start(say, plan.repeat?.restart === true ? 1 : undefined)
  const discovery = await discover(plan, platform, transport, say, session.stop)
  for (const line of discovery.notes) note(line)
  const workloads = await prepareCalls(plan, discovery.target, platform, transport, tokenizer, note)
  const { offsets } = await opening
  return {
    discovery,
    tokenizer,
    workloads,
    manifest: describeRun(session, discovery, workloads, transport.name, offsets, server.description),
  }
}

/** What is folded from the records as they are written. */
interface Folds {
  readonly summarizer: Summarizer
  readonly judge: Judge
  readonly load: LoadWatch
}

interface Measured {
  readonly ends: readonly ScenarioEnd[]
  readonly idle: NonNullable<Manifest['idle']>
  /** The turn that ended last. */
  readonly last: ScenarioRun | undefined
}

async function measure(
  session: Session,
  driver: Driver,
  server: OwnServer,
  setting: Setting,
  journal: Journal,
  { summarizer, judge, load }: Folds,
  observer: RunObserver,
): Promise<Measured> {
  const client = createStateReader()
  const stopWatch = startWatch(session, client.read, (sample) => {
    journal.sample('client', sample)
    judge.sample(sample)
    observer.sample?.(sample)
  })
  const { host } = setting
  const idleMs = session.plan.idleMs ?? host.idleMs
  const idle: NonNullable<Manifest['idle']>[number][] = []
  const check = makeCheck(session)
  const ends: ScenarioEnd[] = []
  let last: ScenarioRun | undefined
  await host.start(journal)
  try {
    if (idleMs > 0) idle.push(await rest(session, host, observer, 'before', idleMs))
    const turns =
      session.plan.sweep === undefined
        ? listTurns(session, server, observer)
        : listLevels(session, (scenario) => summarizer.summary([scenario])[0]!)
    for await (const { index, scenario, repetition, order } of turns) {
      last = {
        session,
        index,
        ...(repetition === undefined ? {} : { repetition }),
        ...(order === undefined ? {} : { order }),
        scenario,
        driver,
        target: setting.discovery.target,
        workload: setting.workloads[index]!,
        ...(setting.tokenizer === undefined ? {} : { countTokens: setting.tokenizer.count }),
        onRecord(given) {
          const record = check(given)
          journal.record(record)
          summarizer.add(record)
          judge.add(record)
          load.add(record)
          observer.record?.(record)
        },
        live: () => summarizer.live(scenario.name, repetition),
        onState: client.set,
        ...(observer.progress === undefined ? {} : { progress: observer.progress }),
        edge: host.edge,
      }
      const end = await runScenario(last)
      ends[index] = { ...end, windows: [...(ends[index]?.windows ?? []), ...end.windows] }
      if (end.failure !== undefined) session.fail(end.failure)
      if (session.stop.aborted) break
    }
    if (idleMs > 0 && !session.stop.aborted) idle.push(await rest(session, host, observer, 'after', idleMs))
  } finally {
    stopWatch()
    await host.stop()
  }
  return { ends, idle, last }
}

/** Nothing is sent, so that plugins see an idle server. */
async function rest(
  { platform, stop, toRunMs }: Session,
  host: PluginHost,
  observer: RunObserver,
  name: 'before' | 'after',
  ms: number,
): Promise<NonNullable<Manifest['idle']>[number]> {
  observer.say?.(`idle for ${formatDuration(ms)}, so that plugins see the server ${name} the load`)
  await host.edge()
  const startAt = toRunMs(platform.clock.now())
  await pause(ms, stop)
  const endAt = toRunMs(platform.clock.now())
  await host.edge()
  return { name, startAt, endAt }
}

function makeCheck({ plan }: Session): ReturnType<typeof createAnswerCheck> {
  const { validate, saveText } = plan
  return createAnswerCheck(validate === undefined ? undefined : parseValidation(validate), saveText)
}

/** The server is asked by plugins while it can still be loaded as it was. `last`: the turn that ended last. */
async function evaluate(
  session: Session,
  { host, manifest }: Setting,
  last: ScenarioRun | undefined,
  journal: Journal,
  observer: RunObserver,
): Promise<Evaluated> {
  if (last === undefined || session.stop.aborted) return {}
  const { plan, platform } = session
  const check = makeCheck(session)
  return await evaluatePlugins(session, listActive(plan.plugins, manifest), host.contextOf, {
    last,
    folder: journal.folder,
    keep(given) {
      const record = check(given)
      journal.record(record)
      observer.record?.(record)
    },
    say: (line) => observer.say?.(line),
    openTransport: (options) => openTransport(plan, platform, options),
  })
}

async function conclude(
  session: Session,
  setting: Setting,
  journal: Journal,
  { summarizer, judge, load }: Folds,
  { ends, idle, evaluated }: Pick<Measured, 'ends' | 'idle'> & { readonly evaluated: Evaluated },
): Promise<RunResult> {
  const { plan, interrupted } = session
  const { host } = setting
  const calibration = await load.quote()
  const ended: Manifest = {
    ...describeEnd(session, setting.manifest, ends),
    ...describePlugins(host),
    ...(idle.length === 0 ? {} : { idle }),
    ...(calibration === undefined ? {} : { calibration }),
  }
  const stopped = session.failure?.message ?? (interrupted ? 'interrupted' : undefined)
  const aside = { ...(stopped === undefined ? {} : { stopped }), ...evaluated }
  const watched = { plugins: plan.plugins, samples: host.samples }
  const summary = summarizeRun(ended, summarizer, judge, plan.gates, aside, watched)
  const manifest = describeOutcome(ended, summary, setting.tokenizer?.hash)
  const markdown = renderMarkdown(summary, manifest, drawSparks(watched.plugins, watched.samples))
  const writing = await writeResult(journal, manifest, summary, markdown)
  const failure = session.failure ?? writing ?? (interrupted ? undefined : findTotalFailure(summary.scenarios))
  return {
    manifest,
    summary,
    interrupted,
    ...(journal.folder === undefined ? {} : { folder: journal.folder }),
    ...(failure === undefined ? {} : { failure }),
  }
}

/** Threads of their own carry the load where the platform has them and everything that they need can be told to them. */
async function openDriver(session: Session, transport: Transport): Promise<Driver> {
  const { plan, platform } = session
  const threads = await chooseThreads(plan, platform, transport.name)
  if (threads === 0) {
    return driveHere(platform, plan.adapter, transport, () => openTransport(plan, platform, REHEARSAL_OPTIONS))
  }
  const { openCrew } = await import('./threads/crew.ts')
  return await openCrew(platform, {
    threads,
    setup: { adapter: plan.adapterSource!, transport: transport.name, transportOptions: plan.transportOptions },
    rehearsal: REHEARSAL_OPTIONS,
    onLost: session.fail,
  })
}

function openTransport(plan: RunPlan, platform: Platform, options: TransportOptions): Transport {
  const name = plan.transport ?? platform.defaultTransport
  const factory = platform.transports[name]
  if (factory === undefined) {
    const known = Object.keys(platform.transports).join(', ')
    throw new BenchError('unsupported', `--transport: ${platform.name} has no transport "${name}"; it has ${known}`)
  }
  return factory(options, platform.clock)
}

async function readTokenizer(plan: RunPlan, platform: Platform): Promise<LocalTokenizer | undefined> {
  if (plan.tokenizer === undefined) return undefined
  if (platform.files === undefined)
    throw new BenchError('unsupported', `--tokenizer: ${platform.name} cannot read files`)
  return await loadTokenizer(await platform.files.readText(plan.tokenizer))
}

/** Before the run begins: the server's log is kept even if it never does. null where nothing is written. */
async function makeFolder({ plan, platform, id, originEpochMs }: Session): Promise<string | null> {
  if (platform.files === undefined || plan.out === null) return null
  const startedAt = new Date(originEpochMs).toISOString()
  return await makeRunFolder(platform.files, { id, startedAt, ...(plan.out === undefined ? {} : { out: plan.out }) })
}

async function openRunJournal(session: Session, folder: string | null | undefined): Promise<Journal> {
  const { platform } = session
  if (platform.files === undefined || folder === null) return createNullJournal()
  return await openJournal(platform.files, {
    id: session.id,
    startedAt: new Date(session.originEpochMs).toISOString(),
    scrub: session.scrub,
    // What follows would be lost: a full disk ends the run, with what there is.
    onFailure: session.fail,
    ...(folder === undefined ? {} : { out: folder }),
  })
}

/** Returns what kept it from being written: the figures are known by now, and are worth showing all the same. */
async function writeResult(
  journal: Journal,
  manifest: Manifest,
  summary: Summary,
  markdown: string,
): Promise<BenchError | undefined> {
  try {
    await journal.manifest(manifest)
    await journal.finish(summary, markdown)
    return undefined
  } catch (thrown) {
    if (thrown instanceof BenchError) return thrown
    throw thrown
  }
}
