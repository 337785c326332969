/** The main thread's side of load threads: starts them, aligns their clocks, gives them phases, and decodes what they capture. */
import { BenchError, type BenchErrorCode } from '../../errors.ts'
import type { Platform, TransportOptions } from '../../platform.ts'
import type { WorkloadRecipe } from '../../workload/mod.ts'
import type { PhaseEnd } from '../dispatch.ts'
import type { DrivenPhase, Driver, PhaseLoad } from '../driver.ts'
import type { ExchangeContext } from '../exchange.ts'
import type { RecordHooks } from '../local-desk.ts'
import { createSharedMemory } from '../share.ts'
import type { ThreadSample } from '../watch.ts'
import { type ClockOffset, measureOffset } from './clock-offset.ts'
import { openInbox, type Sender } from './inbox.ts'
import type { LoadThread, Order, Report, ShardState, ThreadSetup } from './words.ts'

export interface CrewOptions {
  readonly threads: number
  readonly setup: ThreadSetup
  /** For a rehearsal. */
  readonly rehearsal: TransportOptions
  /** A load thread is lost, and with it what it had in flight. */
  onLost(error: BenchError): void
}

const CLOSE_WITHIN_MS = 2000

/** Resolves when every thread is ready and its clock aligned. Rejects with a `BenchError` when one cannot be set up. */
export async function openCrew(platform: Platform, options: CrewOptions): Promise<Driver> {
  const startLoadThread = platform.startLoadThread!
  const members = Array.from({ length: options.threads }, () => createMember(startLoadThread()))
  let isClosing = false
  const abandon = (): void => {
    for (const { thread } of members) thread.end()
  }
  let current: CrewPhase | undefined
  for (const member of members) {
    void member.gone.then((error) => {
      if (isClosing) return
      options.onLost(error)
      current?.lose(member)
    })
  }
  try {
    await Promise.all(members.map((member) => setUp(member, options.setup)))
    // One after the other: a thread that is busy answering looks far away.
    for (const member of members) {
      member.offset = await measureOffset(platform.clock.now, async () => {
        member.thread.send({ kind: 'ping' })
        return (await member.hear('pong')).at
      })
    }
  } catch (thrown) {
    isClosing = true
    abandon()
    throw thrown
  }

  return {
    offsets: members.map(({ offset }) => offset),
    async open(url, count) {
      const opened = members.map(async (member, index) => {
        member.thread.send({
          kind: 'open',
          url,
          count: Math.floor((count + members.length - 1 - index) / members.length),
        })
        return (await member.hear('opened')).count
      })
      return (await Promise.all(opened)).reduce((sum, part) => sum + part, 0)
    },
    start(load, context, hooks) {
      current = startCrewPhase(platform, members, load, context, hooks, options.rehearsal)
      return current
    },
    get openSockets() {
      return members.reduce((sum, { state }) => sum + state.openSockets, 0)
    },
    takeSamples: () => members.map(takeSample),
    async close() {
      if (isClosing) return
      isClosing = true
      const closed = members.map(async (member) => {
        member.thread.send({ kind: 'close' })
        // What is lost has nothing left to close.
        await member.hear('closed').catch(() => {})
      })
      let timer: ReturnType<typeof setTimeout> | undefined
      const tooLong = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_WITHIN_MS)
      })
      await Promise.race([Promise.all(closed), tooLong])
      clearTimeout(timer)
      abandon()
    },
  }
}

// --- one thread -----------------------------------------------------------------------------------------------------

type ReportOf<Kind extends Report['kind']> = Extract<Report, { readonly kind: Kind }>

interface Member {
  readonly thread: LoadThread
  offset: ClockOffset
  state: ShardState
  /** Since they were last taken. */
  samples: ThreadSample[]
  /** What it last said that it uses: it and we look as often, but not at the same instants. */
  usage: Pick<ThreadSample, 'cpu' | 'spin'>
  lateSends: number
  /** Everything that concerns the phase under way. */
  onReport: (report: Report) => void
  /** Settles when it is lost: ended, or broken by an error that nobody caught. */
  readonly gone: Promise<BenchError>
  isGone: boolean
  /** The next report of a kind; rejects when the thread is lost before. */
  hear<Kind extends Report['kind']>(kind: Kind): Promise<ReportOf<Kind>>
}

const IDLE: ShardState = { inFlight: 0, ended: 0, draining: false, openSockets: 0, lateSends: 0 }

function createMember(thread: LoadThread): Member {
  const waiting = new Map<Report['kind'], (report: Report) => void>()
  let lose: (reason: string) => void = () => {}
  const gone = new Promise<BenchError>((resolve) => {
    lose = (reason) => {
      member.isGone = true
      resolve(new BenchError('run-failed', `a load thread was lost: ${reason.split('\n', 1)[0]}`))
    }
  })
  const member: Member = {
    thread,
    offset: { offsetMs: 0, uncertaintyMs: 0 },
    state: IDLE,
    samples: [],
    usage: {},
    lateSends: 0,
    onReport: () => {},
    gone,
    isGone: false,
    hear: (kind) =>
      new Promise((resolve, reject) => {
        waiting.set(kind, resolve as (report: Report) => void)
        void gone.then(reject)
      }),
  }
  void thread.ended.then((error) => lose(error?.message ?? 'it ended by itself'))
  thread.listen((report) => {
    if (report.kind === 'broken') {
      lose(report.message)
      thread.end()
    }
    if (report.kind === 'sample') member.samples.push(report.sample)
    if (report.kind === 'state') {
      member.state = report.state
      member.lateSends += report.state.lateSends
    }
    const heard = waiting.get(report.kind)
    waiting.delete(report.kind)
    heard?.(report)
    member.onReport(report)
  })
  return member
}

async function setUp(member: Member, setup: ThreadSetup): Promise<void> {
  const failed = member.hear('failed')
  const ready = member.hear('ready')
  member.thread.send({ kind: 'setup', setup })
  const outcome = await Promise.race([ready, failed])
  if (outcome.kind === 'failed') throw new BenchError((outcome.code ?? 'internal') as BenchErrorCode, outcome.message)
}

/** The worst of what was said since the last time; CPU in the mean. */
function takeSample(member: Member): ThreadSample {
  const samples = member.samples
  member.samples = []
  if (samples.length === 0) return { timerLateMs: 0, ...member.usage }
  const cpu = samples.flatMap((sample) => sample.cpu ?? [])
  const spin = samples.flatMap((sample) => sample.spin ?? [])
  const gc = samples.flatMap((sample) => sample.gcMs ?? [])
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  member.usage = {
    ...(cpu.length === 0 ? {} : { cpu: Math.round(mean(cpu) * 1000) / 1000 }),
    ...(spin.length === 0 ? {} : { spin: mean(spin) }),
  }
  return {
    timerLateMs: Math.max(0, ...samples.map(({ timerLateMs }) => timerLateMs)),
    ...member.usage,
    ...(gc.length === 0
      ? {}
      : {
          gcMs: gc.reduce((sum, ms) => sum + ms, 0),
          gcMaxMs: Math.max(...samples.map(({ gcMaxMs }) => gcMaxMs ?? 0)),
        }),
  }
}

// --- one phase ------------------------------------------------------------------------------------------------------

interface CrewPhase extends DrivenPhase {
  /** A thread is gone, and what it had not told. The others give up. */
  lose(member: Member): void
}

function startCrewPhase(
  platform: Platform,
  members: readonly Member[],
  load: PhaseLoad,
  context: ExchangeContext,
  hooks: RecordHooks,
  rehearsal: TransportOptions,
): CrewPhase {
  const { clock } = platform
  const inbox = openInbox(platform, hooks)
  const memory = createSharedMemory()
  const orderAll = (order: Order): void => {
    // Whoever is done may be at another phase by now.
    for (const { thread } of working) thread.send(order)
  }
  let startAt = clock.now()
  let preparing = members.length
  const working = new Set(members)
  const senders = new Map<Member, Sender>()
  let endAt = Number.NEGATIVE_INFINITY
  let why: PhaseEnd = { why: 'complete' }
  let resolve: (end: PhaseEnd & { startAt: number; endAt: number }) => void = () => {}
  const ended = new Promise<PhaseEnd & { startAt: number; endAt: number }>((settle) => {
    resolve = settle
  })

  const begin = (): void => {
    startAt = clock.now()
    for (const { thread, offset } of members) thread.send({ kind: 'begin', startAt: startAt - offset.offsetMs })
  }
  const finish = (): void => {
    inbox.close()
    resolve({ ...why, startAt, endAt: Math.max(startAt, endAt) })
  }

  const hear = (member: Member, sender: Sender, report: Report): void => {
    if (report.kind === 'batch') inbox.push(sender, report.batch)
    else if (report.kind === 'prepared' && --preparing === 0) begin()
    else if (report.kind === 'idle') {
      const { end } = report
      endAt = Math.max(endAt, end.endAt + member.offset.offsetMs)
      if (end.why === 'stopped') {
        why = { why: 'stopped', reason: end.reason }
        // A server that is gone for one is gone for all.
        orderAll({ kind: 'stop', reason: end.reason })
      }
      leave(member)
    }
  }
  const leave = (member: Member): void => {
    if (working.delete(member) && working.size === 0) inbox.after(finish)
  }
  const lose = (member: Member): void => {
    if (!working.has(member)) return
    const at = clock.now()
    why = { why: 'stopped', reason: 'failed' }
    endAt = Math.max(endAt, at)
    inbox.abandon(senders.get(member)!, at)
    leave(member)
    orderAll({ kind: 'abort', reason: 'failed' })
  }

  for (const [shard, member] of members.entries()) {
    const sender = createSender(member, members.length === 1 ? context : { ...context, thread: shard })
    senders.set(member, sender)
    member.state = { ...IDLE, openSockets: member.state.openSockets }
    member.onReport = (report) => hear(member, sender, report)
    member.thread.send({
      kind: 'prepare',
      phase: {
        ...describeLoad(load),
        timeouts: context.timeouts,
        stream: context.stream,
        ...(load.isRehearsal === true ? { rehearsal } : {}),
        shard,
        shards: members.length,
        memory,
      },
    })
  }
  for (const member of members) if (member.isGone) lose(member)

  const sum = (of: (state: ShardState) => number): number => members.reduce((total, { state }) => total + of(state), 0)
  return {
    ended,
    stop: (reason) => orderAll({ kind: 'stop', reason }),
    abort: (reason) => orderAll({ kind: 'abort', reason }),
    dropUsage: () => orderAll({ kind: 'drop-usage' }),
    lose,
    state: {
      get startAt() {
        return startAt
      },
      get inFlight() {
        return sum((state) => state.inFlight)
      },
      get ended() {
        return sum((state) => state.ended)
      },
      total: load.requests,
      get draining() {
        return members.some(({ state }) => state.draining)
      },
      get undecodedBytes() {
        return inbox.waitingBytes
      },
      takeLateSends: () => members.reduce((total, member) => total + takeLate(member), 0),
      takeSpinMs: () => 0,
    },
  }
}

function takeLate(member: Member): number {
  const count = member.lateSends
  member.lateSends = 0
  return count
}

function createSender({ thread, offset }: Member, context: ExchangeContext): Sender {
  return {
    context,
    offsetMs: offset.offsetMs,
    redo: (n) => thread.send({ kind: 'redo', n }),
    seen: (key, look) => thread.send({ kind: 'seen', key, look }),
    taken: (buffer, settled) => thread.send({ kind: 'taken', settled, buffer }, [buffer]),
  }
}

/** What of a phase crosses threads. Who makes a load for threads sees to it that it is all there. */
function describeLoad(load: PhaseLoad) {
  const { requests, durationMs, maxInFlight } = load
  return {
    arrival: load.arrival.recipe!,
    ...(requests === undefined ? {} : { requests }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
    drainMs: load.drainMs,
    outageMs: load.outageMs,
    workload: load.workload.recipe as WorkloadRecipe,
    part: load.part,
    jobs: load.jobs,
  }
}
