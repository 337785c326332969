/** Counts what the mock really served; `metrics.ts` writes it down in each profile's dialect. */

/** Prometheus' kind: observations at most as large as each bound, and their sum. */
export class Histogram {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0
  count = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = bounds.map(() => 0)
  }

  observe(value: number): void {
    this.sum += value
    this.count++
    for (const [place, bound] of this.bounds.entries()) if (value <= bound) this.counts[place]!++
  }
}

/** Everything that was observed, in seconds and tokens. Bounds differ by profile, so observers are added by `metrics.ts`. */
export type Quantity =
  | 'ttft'
  | 'itl'
  | 'tpot'
  | 'e2e'
  | 'queue'
  | 'inference'
  | 'prefill'
  | 'decode'
  | 'promptTokens'
  | 'generationTokens'
  | 'maxTokens'
  | 'tokensPerSecond'

/** A generation request is one request here, however many prompts and answers it has; tokens count all of them. */
export interface MockCounts {
  /** Generation requests that arrived, refused ones too. */
  readonly requests: number
  /** Refused or broken on purpose. */
  readonly errors: number
  readonly running: number
  readonly waiting: number
  readonly promptTokens: number
  readonly generationTokens: number
  /** Ended requests by finish reason of the first answer; `abort`: the client left, `error`: a fault. */
  readonly finished: Readonly<Record<string, number>>
}

export interface Tally {
  /** The request left the queue. */
  started(at: number): void
  /** `count` answers got their next token. */
  tokens(at: number, count: number): void
  finished(at: number, reason: string): void
}

export class Meter {
  requests = 0
  errors = 0
  promptTokens = 0
  generationTokens = 0
  readonly finished: Map<string, number> = new Map()
  readonly histograms: Map<string, { readonly quantity: Quantity; readonly histogram: Histogram }> = new Map()

  /** Adds a histogram under its exposed name; must be called before the first request. */
  watch(name: string, quantity: Quantity, bounds: readonly number[]): void {
    this.histograms.set(name, { quantity, histogram: new Histogram(bounds) })
  }

  private observe(quantity: Quantity, value: number): void {
    for (const each of this.histograms.values()) if (each.quantity === quantity) each.histogram.observe(value)
  }

  /** `arrivedAt` and all instants after it in ms of the mock's clock. */
  begin(arrivedAt: number, promptTokens: number, maxTokens: number): Tally {
    let startedAt = arrivedAt
    let firstAt: number | undefined
    let lastAt = arrivedAt
    let tokens = 0
    let steps = 0
    return {
      started: (at) => {
        startedAt = at
        this.promptTokens += promptTokens
        this.observe('queue', (at - arrivedAt) / 1000)
      },
      tokens: (at, count) => {
        if (firstAt === undefined) {
          firstAt = at
          this.observe('ttft', (at - arrivedAt) / 1000)
        } else {
          for (let answer = 0; answer < count; answer++) this.observe('itl', (at - lastAt) / 1000)
        }
        lastAt = at
        steps++
        tokens += count
        this.generationTokens += count
      },
      finished: (at, reason) => {
        this.finished.set(reason, (this.finished.get(reason) ?? 0) + 1)
        // As in vLLM, a request that did not end by itself has a reason and no latency.
        if (reason === 'abort' || reason === 'error') return
        this.observe('e2e', (at - arrivedAt) / 1000)
        this.observe('inference', (lastAt - startedAt) / 1000)
        this.observe('promptTokens', promptTokens)
        this.observe('generationTokens', tokens)
        this.observe('maxTokens', maxTokens)
        if (firstAt === undefined) return
        this.observe('prefill', (firstAt - startedAt) / 1000)
        this.observe('decode', (lastAt - firstAt) / 1000)
        if (steps > 1) this.observe('tpot', (lastAt - firstAt) / 1000 / (steps - 1))
        if (at > arrivedAt) this.observe('tokensPerSecond', (1000 * tokens) / (at - arrivedAt))
      },
    }
  }
}
