/** Schedules of one rate, in requests a second. They do not end: a run's number of requests or its duration ends them. */
import type { OpenArrival } from '../arrival.ts'
import { requirePositive } from './check.ts'
import { gammaPace, type Pace, poissonPace, steadyPace } from './pace.ts'

/** Equal gaps; the first request is due at 0. */
export function constant(rate: number): OpenArrival {
  requirePositive('rate', rate)
  return atRate(`constant ${rate}/s`, rate, steadyPace)
}

/** A Poisson process: users who do not know of each other. */
export function poisson(rate: number, seed: number): OpenArrival {
  requirePositive('rate', rate)
  return atRate(`poisson ${rate}/s seed ${seed}`, rate, poissonPace(seed))
}

/** Gamma gaps of shape `burstiness`: coefficient of variation 1/sqrt(burstiness), 1 is Poisson, less is burstier. */
export function gamma(rate: number, burstiness: number, seed: number): OpenArrival {
  requirePositive('rate', rate)
  return atRate(`gamma ${rate}/s burstiness ${burstiness} seed ${seed}`, rate, gammaPace(burstiness, seed))
}

function atRate(name: string, rate: number, pace: Pace): OpenArrival {
  return { kind: 'open', name, meanRate: rate, due: (n) => (pace(n) * 1000) / rate }
}
