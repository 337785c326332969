/** A load thread: carries out the orders of the main thread, one phase at a time, and reports. */
import type { Adapter } from '../../adapter.ts'
import { makeArrival } from '../../arrival/mod.ts'
import { BenchError, describeError } from '../../errors.ts'
import type { Platform, Transport } from '../../platform.ts'
import { makeWorkload } from '../../workload/mod.ts'
import { type PreparedPhase, preparePhase } from '../dispatch.ts'
import { createJobMaker, type JobMaker } from '../job-maker.ts'
import { shareAmong } from '../share.ts'
import { watchThread } from '../watch.ts'
import { BatchWriter } from './batch.ts'
import { openRelayDesk, type RelayDesk, type RelayFlight } from './relay.ts'
import type { Line, Order, PhaseOrder, Report, ThreadSetup } from './words.ts'

const STATE_MS = 50

interface Running {
  readonly desk: RelayDesk
  readonly maker: JobMaker
  readonly phase: PreparedPhase
  readonly isRehearsal: boolean
}

/** What was set up: an adapter and a transport of its own. */
interface Tools {
  readonly adapter: Adapter
  readonly setup: ThreadSetup
  readonly transport: Transport
}

/** Serves until the main thread ends this one. `loadAdapter` finds it by name, path or package. */
export function serveShard(
  line: Line<Report, Order>,
  platform: Platform,
  loadAdapter: (specifier: string) => Promise<Adapter>,
): void {
  const { clock } = platform
  const writer = new BatchWriter((batch) => line.send({ kind: 'batch', batch }, [batch.buffer]))
  let tools: Tools | undefined
  let running: Running | undefined
  let isWatching = false
  let keys = 0

  const setUp = async (setup: ThreadSetup): Promise<void> => {
    try {
      const adapter = await loadAdapter(setup.adapter)
      const transport = openTransport(platform, setup.transport, setup.transportOptions)
      tools = { adapter, setup, transport }
      line.send({ kind: 'ready' })
    } catch (thrown) {
      const code = thrown instanceof BenchError ? { code: thrown.code } : {}
      line.send({ kind: 'failed', message: describeError(thrown), ...code })
    }
  }

  /** From the first load on: what loading and rehearsing took is not the load's. */
  const watch = (): void => {
    if (isWatching) return
    isWatching = true
    watchThread(platform, (_, sample, ms) => {
      const spinMs = running?.phase.state.takeSpinMs() ?? 0
      line.send({ kind: 'sample', sample: { ...sample, ...(ms > 0 ? { spin: spinMs / ms } : {}) } })
    })
  }

  const prepare = (order: PhaseOrder, { adapter, setup, transport }: Tools): void => {
    const { rehearsal } = order
    const through = rehearsal === undefined ? transport : openTransport(platform, setup.transport, rehearsal)
    const workload = makeWorkload(order.workload)
    const maker = createJobMaker(adapter, order.part === 'warmup' ? workload.warmup : workload, order.jobs)
    const arrival = makeArrival(order.arrival.plan, order.arrival.seed)
    let desk: RelayDesk | undefined
    const phase = preparePhase<RelayFlight>(
      { ...order, baseUrl: order.jobs.target.baseUrl, arrival, makeJob: maker.make },
      shareAmong(order.shard, order.shards, order.memory),
      platform,
      through,
      (floor) => {
        desk = openRelayDesk(order, writer, clock.now, () => keys++, floor)
        return desk
      },
    )
    running = { desk: desk!, maker, phase, isRehearsal: rehearsal !== undefined }
    const report = (): void => {
      const { inFlight, ended, draining } = phase.state
      const { openSockets } = through.stats()
      const lateSends = phase.state.takeLateSends()
      line.send({ kind: 'state', state: { inFlight, ended, draining, openSockets, lateSends } })
    }
    const reporting = setInterval(report, STATE_MS)
    void phase.ended.then((end) => {
      clearInterval(reporting)
      running = undefined
      writer.flush()
      report()
      line.send({ kind: 'idle', end })
      if (through !== transport) void through.close()
    })
    // What was left behind until now shall not have to be collected while the first answers come in.
    platform.collectGarbage?.()
    line.send({ kind: 'prepared' })
  }

  const carryOut = (order: Order): void => {
    switch (order.kind) {
      case 'setup':
        void setUp(order.setup)
        break
      case 'ping':
        line.send({ kind: 'pong', at: clock.now() })
        break
      case 'open':
        void openAhead(order.url, order.count)
        break
      case 'prepare':
        if (tools !== undefined) prepare(order.phase, tools)
        break
      case 'begin':
        if (running === undefined) break
        running.phase.begin(order.startAt)
        if (!running.isRehearsal) watch()
        break
      case 'stop':
        running?.phase.stop(order.reason)
        break
      case 'abort':
        running?.phase.abort(order.reason)
        break
      case 'drop-usage':
        running?.maker.dropUsage()
        break
      case 'redo':
        running?.phase.redo(order.n)
        break
      case 'seen':
        running?.desk.see(order.key, order.look)
        break
      case 'taken':
        writer.recycle(order.buffer)
        running?.desk.settle(order.settled)
        break
      case 'close':
        void Promise.resolve(tools?.transport.close()).then(() => line.send({ kind: 'closed' }))
        break
    }
  }

  const openAhead = async (url: string, count: number): Promise<void> => {
    const opened = (await tools?.transport.open?.(url, count)) ?? count
    line.send({ kind: 'opened', count: opened })
  }

  line.listen(carryOut)
}

function openTransport(platform: Platform, name: string, options: ThreadSetup['transportOptions']): Transport {
  const factory = platform.transports[name]
  if (factory === undefined) throw new BenchError('unsupported', `${platform.name} has no transport "${name}"`)
  return factory(options, platform.clock)
}
