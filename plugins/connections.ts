/** What making connections cost: how many requests opened one, and how long that took on average. */
import type {
  Accumulator,
  ConnectTimings,
  MetricDefinition,
  MetricPlugin,
  MetricResult,
  RequestRecord,
} from 'inferbench'

const opened: MetricDefinition = {
  id: 'connections_opened',
  title: 'connections',
  unit: 'connections',
  direction: 'neutral',
  version: 1,
  kind: 'scalar',
  formula: 'requests whose record says that they opened a connection',
  source: 'our own',
}

const meanCost: MetricDefinition = {
  id: 'connection_cost',
  title: 'connect',
  unit: 'ms',
  direction: 'lower',
  version: 1,
  kind: 'scalar',
  formula: 'mean of dns + connect + tls over the requests that opened a connection',
  source: 'our own; the phases are those of W3C Resource Timing',
}

class ConnectionFold implements Accumulator {
  #count = 0
  #totalMs = 0

  add(record: RequestRecord): void {
    if ('connect' in record && record.connect !== undefined) {
      this.#count++
      this.#totalMs += sumPhases(record.connect)
    }
  }

  merge(other: Accumulator): void {
    const { count, totalMs } = (other as ConnectionFold).totals()
    this.#count += count
    this.#totalMs += totalMs
  }

  totals(): { readonly count: number; readonly totalMs: number } {
    return { count: this.#count, totalMs: this.#totalMs }
  }

  result(): Readonly<Record<string, MetricResult>> {
    const cost: MetricResult =
      this.#count === 0
        ? { kind: 'absent', unit: meanCost.unit, reason: 'no request opened a connection' }
        : { kind: 'scalar', unit: meanCost.unit, value: this.#totalMs / this.#count, count: this.#count }
    return {
      [opened.id]: { kind: 'scalar', unit: opened.unit, value: this.#count },
      [meanCost.id]: cost,
    }
  }
}

function sumPhases({ dnsMs = 0, connectMs = 0, tlsMs = 0 }: ConnectTimings): number {
  return dnsMs + connectMs + tlsMs
}

const connections: MetricPlugin = {
  id: 'connections',
  summary: 'How many connections were opened, and what one cost',
  definitions: [opened, meanCost],
  accumulate: () => new ConnectionFold(),
}
export default connections
