/** `bench list`: what there is. */
import type { CommandDef } from 'citty'
import { arrivalKinds } from '../core/arrival/mod.ts'
import { BenchError } from '../core/errors.ts'
import type { Limit } from '../core/limit.ts'
import { metricRegistry } from '../core/metrics/registry.ts'
import { describeOptions } from '../core/options/json-schema.ts'
import { suggestName } from '../core/options/mod.ts'
import type { Platform } from '../core/platform.ts'
import { limits } from '../core/verdict/mod.ts'
import { loadPlatform } from '../platform/load.ts'
import { listBuiltins, loadPart } from '../registry.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { exit } from './exit.ts'

/** A name and what it is. */
type Row = readonly [name: string, text: string]

const topics: Readonly<Record<string, (platform: Platform) => Promise<readonly Row[]>>> = {
  adapters: (platform) => listParts('adapter', platform),
  plugins: (platform) => listParts('plugin', platform),
  schedules: async () => arrivalKinds.map(({ name, summary }): Row => [name, summary]),
  metrics: async () =>
    [...metricRegistry.values()].map(({ id, unit, title, formula }): Row => [id, `${title} (${unit}): ${formula}`]),
  definitions: listDefinitions,
  limits: async () => limits.map(describeLimit),
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

async function listParts(kind: 'adapter' | 'plugin', platform: Platform): Promise<readonly Row[]> {
  const names = await listBuiltins(kind, platform)
  return await Promise.all(
    names.map(async (name): Promise<Row> => [name, (await loadPart(kind, name, platform)).summary]),
  )
}
