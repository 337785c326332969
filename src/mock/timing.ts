/** When things are due: a pure script, and the clock that it is played on. */
import type { Spread } from '../core/units.ts'
import { normal } from './random.ts'

/** The mock's view of time; tests play it on a clock of their own. Milliseconds. */
export interface MockTime {
  now(): number
  /** Calls back once, not before `at`; returns how to call it off. */
  at(at: number, callback: () => void): () => void
}

export const systemTime: MockTime = {
  now: () => performance.now(),
  at(at, callback) {
    // Every runtime may fire up to 1 ms late and truncates fractions; Node may even fire a fraction early.
    const fire = (): void => {
      const left = at - performance.now()
      if (left <= 0) callback()
      else timer = setTimeout(fire, Math.ceil(left))
    }
    let timer = setTimeout(fire, Math.max(0, Math.ceil(at - performance.now())))
    return () => clearTimeout(timer)
  },
}

/** Resolves true at `at`, or false as soon as the signal aborts. */
export function waitUntil(time: MockTime, at: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false)
    const give = (reached: boolean) => (): void => {
      cancel()
      signal.removeEventListener('abort', onAbort)
      resolve(reached)
    }
    const onAbort = give(false)
    signal.addEventListener('abort', onAbort)
    const cancel = time.at(at, give(true))
  })
}

export interface TimingScript {
  /** From a request's arrival to its first token, ms. */
  firstMs(request: number): number
  /** From token `token - 1` to token `token` (from 1), ms. */
  gapMs(request: number, token: number): number
}

/** The same seed gives the same durations for request `n`, whenever and in whatever order it is asked. Never negative. */
export function createTimingScript(ttft: Spread, itl: Spread, seed: number): TimingScript {
  const draw = (spread: Spread, request: number, token: number): number =>
    spread.deviation === 0
      ? spread.mean
      : Math.max(0, spread.mean + spread.deviation * normal(seed, request, token, 0x74))
  return {
    firstMs: (request) => draw(ttft, request, 0),
    gapMs: (request, token) => draw(itl, request, token),
  }
}

/** The instants of a request's tokens, ms since its arrival. Without load, this is all that there is to timing. */
export function planInstants(script: TimingScript, request: number, tokens: number): number[] {
  const instants: number[] = []
  for (let token = 0; token < tokens; token++) {
    instants.push(token === 0 ? script.firstMs(request) : instants[token - 1]! + script.gapMs(request, token))
  }
  return instants
}
