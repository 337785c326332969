/** Load threads without threads: the shard's end of each line is served in this one, over a channel that copies and transfers as threads do. */
import type { Adapter, Platform } from 'inferbench'
import { serveShard } from '../../src/core/engine/threads/shard.ts'
import type { Line, Order, Report } from '../../src/core/engine/threads/words.ts'
import { bareOpenai } from './plan.ts'

export interface FakeThreads {
  readonly platform: Platform
  /** What was sent to each thread, in order. */
  readonly orders: readonly Order[][]
  /** Ends a thread as an error that nobody caught does. */
  kill(index: number, error?: Error): void
}

export interface FakeOptions {
  readonly loadAdapter?: (specifier: string) => Promise<Adapter>
  /** Added to the readings of each thread's clock, ms: each has an origin of its own. */
  readonly clockAheadMs?: readonly number[]
}

/** The platform with threads; each has `clockAheadMs` on its clock. */
export function fakeThreads(platform: Platform, options: FakeOptions = {}): FakeThreads {
  const { loadAdapter = async () => bareOpenai, clockAheadMs = [] } = options
  const orders: Order[][] = []
  const kills: ((error?: Error) => void)[] = []
  const startLoadThread: NonNullable<Platform['startLoadThread']> = () => {
    const index = orders.length
    const sent: Order[] = []
    orders.push(sent)
    const { port1: ours, port2: theirs } = new MessageChannel()
    let resolve: (error: Error | undefined) => void = () => {}
    const ended = new Promise<Error | undefined>((settle) => {
      resolve = settle
    })
    const kill = (error?: Error): void => {
      ours.close()
      theirs.close()
      resolve(error)
    }
    kills.push(kill)
    const line: Line<Report, Order> = {
      send: (message, transfer = []) => theirs.postMessage(message, [...transfer]),
      listen: (listener) => {
        theirs.onmessage = ({ data }) => listener(data)
      },
    }
    serveShard(line, withClockAhead(platform, clockAheadMs[index] ?? 0), loadAdapter)
    return {
      send: (message, transfer = []) => {
        sent.push(message as Order)
        ours.postMessage(message, [...transfer])
      },
      listen: (listener) => {
        ours.onmessage = ({ data }) => listener(data as never)
      },
      ended,
      end: () => kill(),
    }
  }
  return { platform: { ...platform, startLoadThread }, orders, kill: (index, error) => kills[index]!(error) }
}

function withClockAhead(platform: Platform, aheadMs: number): Platform {
  const { clock } = platform
  return { ...platform, clock: { ...clock, now: () => clock.now() + aheadMs } }
}
