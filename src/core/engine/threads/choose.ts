import { BenchError } from '../../errors.ts'
import type { RunPlan } from '../../plan.ts'
import type { Platform } from '../../platform.ts'
import { describeClient, findLargest } from '../calibration.ts'
import { readCalibration } from '../calibration-cache.ts'

/** Where nobody has calibrated: streams, or arrivals a second, that one thread of a common machine carries. */
const COMMON_CAPACITY = 1000

/**
 * Threads that carry the load of a plan; 0: the main thread does, as where there are none. Rejects with
 * `BenchError('unsupported')` when threads were asked for that cannot be had.
 */
export async function chooseThreads(plan: RunPlan, platform: Platform, transport: string): Promise<number> {
  const wanted = plan.threads ?? 'auto'
  if (wanted === 0) return 0
  const obstacle = findObstacle(plan, platform)
  if (obstacle === undefined) return wanted === 'auto' ? await suggestThreads(plan, platform, transport) : wanted
  if (wanted === 'auto') return 0
  throw new BenchError('unsupported', `--threads ${wanted}: ${obstacle}; leave it out, or say 0`)
}

/** What keeps the load in the main thread. */
function findObstacle(plan: RunPlan, platform: Platform): string | undefined {
  if (platform.startLoadThread === undefined) return `${platform.name} starts no threads here`
  if (plan.adapterSource === undefined) return 'an adapter that is given as an object cannot be told to another thread'
  if (plan.scenarios.some(({ arrival }) => arrival.recipe === undefined)) {
    return 'a schedule that is given as an object cannot be told to another thread'
  }
  return undefined
}

/** As many as the heaviest scenario needs, but the main thread wants a core as well. */
async function suggestThreads(plan: RunPlan, platform: Platform, transport: string): Promise<number> {
  const most = Number(platform.machine.cores ?? 2) - 1
  if (most <= 1) return 1
  const capacity = (await readCapacity(plan, platform, transport)) ?? COMMON_CAPACITY
  const needs = plan.scenarios.map(({ arrival }) =>
    arrival.kind === 'closed' ? arrival.slots / capacity : (arrival.meanRate ?? 0) / capacity,
  )
  return Math.max(1, Math.min(most, Math.ceil(Math.max(...needs))))
}

/** Streams up to which one thread was found to stamp first events truly (`bench calibrate --threads 1`). */
async function readCapacity(plan: RunPlan, platform: Platform, transport: string): Promise<number | undefined> {
  if (platform.files === undefined || platform.cacheFolder === undefined) return undefined
  const { connections } = plan.transportOptions
  const { calibration } = await readCalibration(
    platform,
    describeClient(platform, { transport, connections, threads: 1 }),
  )
  return calibration === undefined ? undefined : findLargest(calibration.rows, 'firstEvent', 'absolute')?.streams
}
