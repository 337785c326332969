import { BenchError } from '../../errors.ts'
import type { RunPlan } from '../../plan.ts'
import type { Platform } from '../../platform.ts'

/** So many streams, or arrivals a second, are little enough for one thread, by what was measured on common machines. */
const STREAMS_A_THREAD = 1000
const RATE_A_THREAD = 1000

/**
 * Threads that carry the load of a plan; 0: the main thread does, as where there are none. Throws `BenchError('unsupported')`
 * when threads were asked for that cannot be had.
 */
export function chooseThreads(plan: RunPlan, platform: Platform): number {
  const wanted = plan.threads ?? 'auto'
  if (wanted === 0) return 0
  const obstacle = findObstacle(plan, platform)
  if (obstacle === undefined) return wanted === 'auto' ? suggestThreads(plan, platform) : wanted
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
function suggestThreads(plan: RunPlan, platform: Platform): number {
  const cores = Number(platform.machine.cores ?? 2)
  const needs = plan.scenarios.map(({ arrival }) =>
    arrival.kind === 'closed' ? arrival.slots / STREAMS_A_THREAD : (arrival.meanRate ?? 0) / RATE_A_THREAD,
  )
  return Math.max(1, Math.min(cores - 1, Math.ceil(Math.max(...needs))))
}
