/** Schedules: when requests are sent. See `arrival.ts` for the contract. */
import type { Arrival, ArrivalPlan } from '../arrival.ts'
import { closedLoop } from './closed.ts'
import { constant, gamma, poisson } from './open.ts'
import { gammaPace, type Pace, poissonPace, steadyPace } from './pace.ts'
import { replay } from './replay.ts'
import { stages } from './stages.ts'

export type { ArrivalPlan, RateStage } from '../arrival.ts'
export { closedLoop } from './closed.ts'
export { constant, gamma, poisson } from './open.ts'
export { replay } from './replay.ts'
export { sliceArrival } from './slice.ts'

/** For `bench list`. */
export const arrivalKinds: readonly { readonly name: ArrivalPlan['kind']; readonly summary: string }[] = [
  { name: 'closed', summary: 'a fixed number of requests in flight; the next is sent as soon as one ends' },
  { name: 'constant', summary: 'equal gaps at a rate' },
  { name: 'poisson', summary: 'independent users: exponential gaps at a rate' },
  { name: 'gamma', summary: 'gamma gaps at a rate; burstiness 1 is Poisson, less is burstier, more is steadier' },
  { name: 'stages', summary: 'steps and linear ramps of the rate, one after the other' },
  { name: 'replay', summary: 'requests at given instants' },
]

/** Makes the schedule. Throws `BenchError('usage')` for a number that makes no schedule. */
export function makeArrival(plan: ArrivalPlan, seed: number): Arrival {
  return { ...makeSchedule(plan, seed), recipe: { plan, seed } }
}

function makeSchedule(plan: ArrivalPlan, seed: number): Arrival {
  switch (plan.kind) {
    case 'closed':
      return closedLoop(plan.slots)
    case 'constant':
      return constant(plan.rate)
    case 'poisson':
      return poisson(plan.rate, seed)
    case 'gamma':
      return gamma(plan.rate, plan.burstiness, seed)
    case 'stages':
      return stages(plan.stages, ...choosePace(plan.pace ?? 'poisson', plan.burstiness ?? 1, seed))
    case 'replay':
      return replay(plan.instants)
  }
}

function choosePace(kind: 'constant' | 'poisson' | 'gamma', burstiness: number, seed: number): [Pace, string] {
  switch (kind) {
    case 'constant':
      return [steadyPace, 'constant']
    case 'poisson':
      return [poissonPace(seed), `poisson seed ${seed}`]
    case 'gamma':
      return [gammaPace(burstiness, seed), `gamma burstiness ${burstiness} seed ${seed}`]
  }
}
