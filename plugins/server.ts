/** The server's own metrics beside ours: what it did meanwhile, and whether it counts what we count. */
import type { MetricPlugin } from 'inferbench'
import { charts } from './server/charts.ts'
import { definitions } from './server/definitions.ts'
import { limits } from './server/limits.ts'
import { summarizeServer } from './server/summarize.ts'
import { watchServer } from './server/watch.ts'

const server: MetricPlugin = {
  id: 'server',
  summary: "the server's own metrics: running and waiting requests, caches, tokens and times, beside what we saw",
  needs: 'a server that shows metrics; some want a flag for it: llama-server --metrics, SGLang --enable-metrics',
  auto: true,
  definitions,
  limits,
  charts,
  options: {
    url: { kind: 'url', summary: 'address of the metrics, where the server itself does not show them' },
    path: { kind: 'text', summary: 'path of the metrics; absent: as the adapter says, then /metrics' },
    every: { kind: 'duration', summary: 'time between two readings', default: 1000, min: 100, max: 60_000 },
  },
  sample: watchServer,
  summarize: summarizeServer,
}
export default server
