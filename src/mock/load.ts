/** How busy the mock is. With a {@link Capacity} it has slots and a queue and slows with load; without, load changes nothing. */
import type { MockSettings } from './options.ts'
import type { TimingScript } from './timing.ts'

/** One request's place. */
export interface Place {
  /** Resolves true once the request runs, false when the signal aborts first. */
  admitted(signal: AbortSignal): Promise<boolean>
  /** Must be called once, however the request ends. */
  leave(): void
}

export interface Load {
  readonly running: number
  readonly waiting: number
  /** undefined: the queue is full. */
  join(): Place | undefined
  /** From admission to the first token, ms. */
  firstMs(request: number, promptTokens: number): number
  /** To the next token, ms, as things stand now. */
  gapMs(request: number, token: number): number
}

export function createLoad(settings: MockSettings, script: TimingScript): Load {
  const { capacity } = settings
  const slots = capacity?.slots ?? Number.POSITIVE_INFINITY
  const limit = capacity?.queue ?? Number.POSITIVE_INFINITY
  const queue: (() => void)[] = []
  let running = 0

  const startNext = (): void => {
    while (running < slots && queue.length > 0) {
      running++
      queue.shift()!()
    }
  }

  const join = (): Place | undefined => {
    if (running >= slots && queue.length >= limit) return undefined
    let runs = false
    let start: () => void = () => {}
    const started = new Promise<boolean>((resolve) => {
      start = () => {
        runs = true
        resolve(true)
      }
    })
    queue.push(start)
    startNext()
    return {
      admitted: (signal) => (runs ? Promise.resolve(true) : Promise.race([started, whenAborted(signal)])),
      leave() {
        if (runs) running--
        else queue.splice(queue.indexOf(start), 1)
        startNext()
      },
    }
  }

  /** 1 with one request, `1 + slowdown` with all slots taken. */
  const slowness = (): number => {
    if (capacity === undefined || slots <= 1) return 1
    return 1 + ((capacity.slowdown ?? 0.5) * Math.max(0, running - 1)) / (slots - 1)
  }

  return {
    get running() {
      return running
    },
    get waiting() {
      return queue.length
    },
    join,
    // Speeds give the mean, the script its scatter.
    firstMs(request, promptTokens) {
      if (capacity === undefined) return script.firstMs(request)
      const prefillMs = (1000 * promptTokens) / capacity.prefillTokensPerSecond
      return Math.max(0, prefillMs * slowness() + script.firstMs(request) - settings.ttft.mean)
    },
    gapMs(request, token) {
      if (capacity === undefined) return script.gapMs(request, token)
      const decodeMs = 1000 / capacity.decodeTokensPerSecond
      return Math.max(0, decodeMs * slowness() + script.gapMs(request, token) - settings.itl.mean)
    },
  }
}

function whenAborted(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false)
    else signal.addEventListener('abort', () => resolve(false), { once: true })
  })
}
