/** What `bench new` writes: files that work as they are, for a person to change. */

/** `my-server` becomes `myServer`. */
function identifier(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function quote(text: string): string {
  return `'${text}'`
}

/** A server that speaks the OpenAI dialect with one difference: the usual case. `openai` is how to import that adapter. */
export function renderAdapter(name: string, openai: string): string {
  const id = identifier(name)
  return `/** ${name}: what this server is, and where its API is described. */
import type { Adapter, Call, HttpSpec, Target } from 'inferbench'
import openai from ${quote(openai)}

// Most servers speak OpenAI's dialect: an adapter says only what is different. One that does not brings its own
// \`encode\` (a call in, an HTTP request out) and \`decoder\` (messages of the answer in, events out). Both are pure.
const ${id}: Adapter = {
  ...openai,
  name: '${name}',
  summary: '${name}, by its OpenAI-compatible API',
  flags: { ...openai.flags, forcesLength: false },
  encode,
}

export default ${id}

function encode(call: Call, target: Target): HttpSpec {
  return openai.encode(call, target)
}
`
}

/** One that folds records and samples the server: whichever is not wanted is taken out. */
export function renderPlugin(name: string): string {
  const id = name.replaceAll('-', '_')
  const variable = identifier(name)
  return `/** ${name}: what it measures, in one line. */
import {
  type Accumulator,
  createDistribution,
  cutSamples,
  type MetricDefinition,
  type MetricPlugin,
  type MetricResult,
  type Observation,
  partsOf,
  type PluginContext,
  type RequestRecord,
  type Sampler,
  type Series,
  type Window,
} from 'inferbench'

const ended: MetricDefinition = {
  id: '${id}',
  title: 'ended by itself',
  unit: '%',
  direction: 'neutral',
  version: 1,
  kind: 'scalar',
  formula: 'answers with finish reason "stop" / answers * 100',
  source: 'our own',
}
const reply: MetricDefinition = {
  id: '${id}_reply',
  title: 'reply beside the load',
  unit: 'ms',
  direction: 'lower',
  version: 1,
  kind: 'distribution',
  formula: 'end of the reply to a GET - its sending',
  source: 'our own',
}

// A plugin says what it measures, and does one or more of these: it folds the records of the run (\`accumulate\`), watches something
// beside it (\`sample\`, and \`summarize\` for its figures), or asks the server after it (\`evaluate\`). Take out what you do not need.
const ${variable}: MetricPlugin = {
  id: '${name}',
  summary: 'share of answers that the server ended by itself, and how soon it replies beside the load',
  definitions: [ended, reply],
  // --plugin-option ${name}.every=1s, or pluginOptions in a config file. Checked before the run.
  options: {
    path: { kind: 'text', default: '/v1/models', summary: 'what the server is asked for' },
    every: { kind: 'duration', default: 250, min: 20, summary: 'time between two questions' },
  },
  // Drawn over time in reports; with \`spark\` in summary.md as well.
  charts: [
    {
      id: 'reply',
      title: 'reply beside the load',
      unit: 'ms',
      spark: true,
      values: ({ replyMs }) => (typeof replyMs === 'number' ? { '': replyMs } : {}),
    },
  ],
  accumulate: count,
  sample,
  summarize,
}

export default ${variable}

interface Counts extends Accumulator {
  readonly counts: { answers: number; stopped: number }
}

/** A fold: one a scenario. \`bench report\` makes it again from the log. */
function count(): Counts {
  const counts = { answers: 0, stopped: 0 }
  return {
    counts,
    add(record: RequestRecord) {
      if (record.outcome !== 'ok') return
      counts.answers++
      if (record.finish === 'stop') counts.stopped++
    },
    merge(other: Accumulator) {
      const theirs = (other as Counts).counts
      counts.answers += theirs.answers
      counts.stopped += theirs.stopped
    },
    result() {
      return { [ended.id]: share() }
    },
  }

  function share(): MetricResult {
    const { unit } = ended
    if (counts.answers === 0) return { kind: 'absent', unit, reason: 'no answers' }
    return { kind: 'scalar', unit, value: (100 * counts.stopped) / counts.answers, count: counts.answers }
  }
}

/** Opened once before the load. What it throws is the reason for which there is nothing, and the run goes on without it. */
async function sample({ options, target, get, toRunMs }: PluginContext): Promise<Sampler> {
  const url = target.baseUrl + options.path
  await get(url)
  return {
    source: \`GET \${url}\`,
    everyMs: Number(options.every),
    // Called every \`everyMs\`, and before and after each window. It may be slow, and may throw: that is counted.
    async read(_at, signal) {
      const { sentAt, endAt } = await get(url, { signal })
      return { at: toRunMs(sentAt), replyMs: endAt - sentAt }
    },
    async close() {},
  }
}

/** Figures of the samples in one window. Pure: \`bench report\` gives what the run gave. */
function summarize(series: Series, window: Window): Observation {
  const times = createDistribution()
  // With --runs a window has several parts.
  for (const part of partsOf(series, window)) {
    for (const { replyMs } of cutSamples(series.samples, part).within) {
      if (typeof replyMs === 'number') times.add(replyMs)
    }
  }
  const { id, unit } = reply
  const distribution = times.result()
  if (distribution === undefined) {
    return { metrics: { [id]: { kind: 'absent', unit, reason: 'it was not read in this window' } } }
  }
  const line = \`reply beside the load \${distribution.mean.toFixed(1)} ms, \${distribution.max.toFixed(1)} at most\`
  return { metrics: { [id]: { kind: 'distribution', unit, distribution } }, line }
}
`
}
