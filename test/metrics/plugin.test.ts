import { readdirSync } from 'node:fs'
import type { Accumulator, MetricDefinition, MetricPlugin, RequestRecord } from 'inferbench'
import { metricRegistry } from '../../src/core/metrics/registry.ts'
import type { Summarizer } from '../../src/core/metrics/summarize.ts'
import { createSummarizer } from '../../src/core/metrics/summarize.ts'
import { testPlugin } from '../conformance/plugin.ts'

/** The built-in fold, seen as a plugin: it must keep the rules that others must keep. */
class BuiltIn implements Accumulator {
  readonly summarizer: Summarizer = createSummarizer({ slo: [{ metric: 'ttft', limitMs: 33 }] })

  add(record: RequestRecord): void {
    this.summarizer.add(record)
  }

  merge(other: Accumulator): void {
    this.summarizer.merge((other as BuiltIn).summarizer)
  }

  result() {
    return this.summarizer.summary([{ name: 'sample', title: 'sample' }])[0]!.metrics
  }
}

const builtIn: MetricPlugin = {
  id: 'built-in',
  summary: 'everything that a summary has',
  definitions: [...metricRegistry.values()],
  accumulate: () => new BuiltIn(),
}

testPlugin(builtIn)

const longestText: MetricDefinition = {
  id: 'longest_answer',
  title: 'longest answer',
  unit: 'tokens',
  direction: 'neutral',
  version: 1,
  kind: 'scalar',
  formula: 'greatest outputTokens of an answer',
  source: 'an example of a plugin in a few lines',
}

const longest: MetricPlugin = {
  id: 'longest',
  summary: 'the longest answer',
  definitions: [longestText],
  accumulate: () => createLongest(),
}

interface Longest extends Accumulator {
  readonly tokens: () => number | undefined
}

function createLongest(): Longest {
  let most: number | undefined
  const take = (tokens: number | undefined): void => {
    if (tokens !== undefined && (most === undefined || tokens > most)) most = tokens
  }
  return {
    tokens: () => most,
    add: (record) => take(record.outcome === 'ok' ? record.outputTokens : undefined),
    merge: (other) => take((other as Longest).tokens()),
    result: () => ({
      longest_answer:
        most === undefined
          ? { kind: 'absent', unit: 'tokens', reason: 'no request succeeded' }
          : { kind: 'scalar', unit: 'tokens', value: most },
    }),
  }
}

testPlugin(longest)

const folder = new URL('../../plugins/', import.meta.url)

for (const name of readdirSync(folder).filter((one) => one.endsWith('.ts'))) {
  const module = (await import(new URL(name, folder).href)) as { readonly default: MetricPlugin }
  testPlugin(module.default)
}
