/** A gateway before several workers, with an API of its own: one answer for one prompt, whole, and its metrics as JSON. */
import type { Dialect } from './dialect.ts'
import { countTokens, said } from './dialect.ts'
import type { Meter } from './meter.ts'

const nothing = (): readonly object[] => []

/** It never streams, so there is nothing to say in between. Its refusals are FastAPI's. */
export const gateway: Dialect = {
  opening: nothing,
  chunks: nothing,
  usageChunk: () => ({}),
  body: (answer, latencyMs) => ({
    text: answer.choices.map((choice) => said(choice).text).join(''),
    tokens_per_sec: latencyMs > 0 ? (1000 * countTokens(answer).completion) / latencyMs : 0,
    latency_ms: latencyMs,
    model: answer.model,
  }),
  error: ({ message }) => ({ detail: message }),
  unauthorized: () => ({ detail: 'Unauthorized' }),
  unknownRoute: () => ({ detail: 'Not Found' }),
  wrongMethod: () => ({ detail: 'Method Not Allowed' }),
  models: () => ({}),
  health: () => '',
}

/** `/metrics`, which is no Prometheus text here. */
export function describeGateway(meter: Meter): object {
  const latency = [...meter.histograms.values()].find(({ quantity }) => quantity === 'e2e')?.histogram
  const totalMs = 1000 * (latency?.sum ?? 0)
  return {
    request_count: meter.requests,
    avg_latency_ms: latency === undefined || latency.count === 0 ? 0 : totalMs / latency.count,
    total_latency_ms: totalMs,
    worker_status: 'healthy',
  }
}
