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

export function renderPlugin(name: string): string {
  const id = name.replaceAll('-', '_')
  const variable = identifier(name)
  return `/** ${name}: what it measures, in one line. */
import type { Accumulator, MetricPlugin, MetricResult, RequestRecord } from 'inferbench'

// A plugin says what it measures, and folds the records of the run. It may also sample something beside the run
// (\`sample\`) or ask the server after it (\`evaluate\`).
const ${variable}: MetricPlugin = {
  id: '${name}',
  summary: 'share of answers that the server ended by itself',
  definitions: [
    {
      id: '${id}',
      title: 'ended by itself',
      unit: '%',
      direction: 'neutral',
      version: 1,
      kind: 'scalar',
      formula: 'answers with finish reason "stop" / answers * 100',
      source: 'our own',
    },
  ],
  accumulate: count,
}

export default ${variable}

interface Counts extends Accumulator {
  readonly counts: { answers: number; stopped: number }
}

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
      return { ${id}: share() }
    },
  }

  function share(): MetricResult {
    const unit = '%'
    if (counts.answers === 0) return { kind: 'absent', unit, reason: 'no answers' }
    return { kind: 'scalar', unit, value: (100 * counts.stopped) / counts.answers, count: counts.answers }
  }
}
`
}
