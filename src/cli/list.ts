/** `bench list`: what there is. */
import type { CommandDef } from 'citty'
import { arrivalKinds } from '../core/arrival/mod.ts'
import { BenchError, describeError } from '../core/errors.ts'
import type { Limit } from '../core/limit.ts'
import type { MetricDefinition } from '../core/metric.ts'
import { metricRegistry } from '../core/metrics/registry.ts'
import { describeOptions } from '../core/options/json-schema.ts'
import { suggestName } from '../core/options/mod.ts'
import type { Platform } from '../core/platform.ts'
import type { MetricPlugin, PluginOption } from '../core/plugin.ts'
import { formatDuration } from '../core/units.ts'
import { limits, pluginLimits } from '../core/verdict/mod.ts'
import { loadPlatform } from '../platform/load.ts'
import { listBuiltins, loadPart } from '../registry.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { exit } from './exit.ts'

/** A name and what it is. */
type Row = readonly [name: string, text: string]

const topics: Readonly<Record<string, (platform: Platform) => Promise<readonly Row[]>>> = {
  adapters: (platform) => listParts('adapter', platform),
  plugins: listPlugins,
  schedules: async () => arrivalKinds.map(({ name, summary }): Row => [name, summary]),
  metrics: async (platform) => [
    ...[...metricRegistry.values()].map(describeMetric),
    ...(await loadPlugins(platform)).flatMap(({ id: plugin, definitions }) =>
      definitions.map((definition): Row => {
        const [id, text] = describeMetric(definition)
        return [id, `${text} (plugin ${plugin})`]
      }),
    ),
  ],
  definitions: listDefinitions,
  limits: async (platform) => [...limits, ...pluginLimits(await loadPlugins(platform))].map(describeLimit),
  formats: async () => formats,
}

const formats: readonly Row[] = [
  ['table', 'standard output of bench run and bench report'],
  ['json', 'the summary, with --json, and summary.json in the run folder'],
  ['markdown', 'summary.md in the run folder, and the job summary on GitHub'],
  ['jsonl', 'records.jsonl and series/*.jsonl in the run folder'],
  ['csv', 'a line a figure, with bench report --format csv'],
  ['vllm-rust', "result file of vllm-rust's harness, with bench report --format vllm-rust"],
  ['junit', 'gates as JUnit XML, with --junit FILE'],
  ['github', 'annotations, where GITHUB_ACTIONS is set'],
]

function describeLimit({ code, measures, unit, bad, suspect, invalid, why, remedy, explains }: Limit): Row {
  const bound = (word: string, limit: number | undefined): string[] =>
    limit === undefined ? [] : [`${word} ${bad} ${limit}${unit === '' ? '' : ` ${unit}`}`]
  const bounds = unit === '' ? 'SUSPECT' : [...bound('SUSPECT', suspect), ...bound('INVALID', invalid)].join(', ')
  const causes = explains.length === 0 ? '' : `; may cause ${explains.join(', ')}`
  return [code, `${measures}: ${bounds}. ${why}. Remedy: ${remedy}${causes}`]
}

const command: CommandDef = makeCommand(
  {
    name: 'list',
    summary: 'List adapters, plugins, schedules, metrics, limits and formats.',
    flags: {
      topic: { type: 'positional', description: `One of ${Object.keys(topics).join(', ')}; all of them when absent` },
      schema: { type: 'boolean', description: 'Print the JSON Schema of config files instead' },
    },
    examples: ['bench list', 'bench list metrics', 'bench list --schema > bench.schema.json'],
  },
  list,
)
export default command

async function list({ values, positionals, terminal }: CommandContext): Promise<number> {
  if (values.schema) {
    await terminal.out(`${JSON.stringify(describeOptions(), null, 2)}\n`)
    return exit.ok
  }
  const [topic] = positionals
  if (topic !== undefined && !Object.hasOwn(topics, topic)) {
    throw new BenchError('usage', `there is no topic "${topic}"${suggestName(topic, Object.keys(topics))}`)
  }
  const platform = await loadPlatform()
  const wanted = topic === undefined ? Object.keys(topics) : [topic]
  const parts = await Promise.all(wanted.map(async (name) => renderTopic(name, await topics[name]!(platform))))
  await terminal.out(`${parts.join('\n\n')}\n`)
  return exit.ok
}

function renderTopic(name: string, rows: readonly Row[]): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length)) + 2
  const lines = rows.map(([label, text]) => `  ${label.padEnd(width)}${text}`)
  return [name, ...(lines.length === 0 ? ['  none'] : lines)].join('\n')
}

/** How each tool makes each figure, and where that was read. */
async function listDefinitions(): Promise<readonly Row[]> {
  const { profiles } = await import('../core/profiles/mod.ts')
  return profiles.flatMap(({ name, tool, source, metrics }): Row[] => [
    [name, `${tool}, by ${source}`],
    ...Object.entries(metrics).map(([id, { title, formula }]): Row => [`  ${id}`, `${title}: ${formula}`]),
  ])
}

async function listParts(kind: 'adapter', platform: Platform): Promise<readonly Row[]> {
  const names = await listBuiltins(kind, platform)
  return await Promise.all(
    names.map(async (name): Promise<Row> => [name, (await loadPart(kind, name, platform)).summary]),
  )
}

async function loadPlugins(platform: Platform): Promise<readonly MetricPlugin[]> {
  const names = await listBuiltins('plugin', platform)
  return await Promise.all(names.map((name) => loadPart('plugin', name, platform)))
}

/** What each is, needs and can be told, and whether it works here. */
async function listPlugins(platform: Platform): Promise<readonly Row[]> {
  const plugins = await loadPlugins(platform)
  const checked = await Promise.all(plugins.map((plugin) => checkPlugin(plugin, platform)))
  return plugins.flatMap(({ id, summary, auto, needs, options = {} }, i): Row[] => [
    [id, `${summary}${auto === true ? '; runs unasked, where it works' : ''}`],
    ...(needs === undefined ? [] : [['', `needs ${needs}`] as const]),
    ['', checked[i] === undefined ? 'works here, as far as can be told before a run' : `not here: ${checked[i]}`],
    ...Object.entries(options).map(([name, option]): Row => ['', `${id}.${name}=${describeOption(option)}`]),
  ])
}

const CHECK_MS = 10_000

/** Why it cannot work here; undefined: it may. */
async function checkPlugin(plugin: MetricPlugin, platform: Platform): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`it could not be told within ${formatDuration(CHECK_MS)}`), CHECK_MS)
  })
  try {
    return await Promise.race([plugin.check?.(platform), late])
  } catch (thrown) {
    return describeError(thrown)
  } finally {
    clearTimeout(timer)
  }
}

/** `TIME  how often it is read; default 100 ms` */
function describeOption(option: PluginOption): string {
  const hint = { text: 'TEXT', url: 'URL', number: 'N', duration: 'TIME', flag: 'true|false' }[option.kind]
  const choices = option.kind === 'text' && option.choices !== undefined ? option.choices.join('|') : hint
  const { default: fallback } = option
  const shown = option.kind === 'duration' && typeof fallback === 'number' ? formatDuration(fallback) : fallback
  return `${choices}  ${option.summary}${shown === undefined ? '' : `; default ${shown}`}`
}

function describeMetric({
  id,
  unit,
  title,
  formula,
}: Pick<MetricDefinition, 'id' | 'unit' | 'title' | 'formula'>): Row {
  return [id, `${title} (${unit}): ${formula}`]
}
