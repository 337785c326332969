/** `bench report DIR`: every number again, from the log alone. */
import type { CommandDef } from 'citty'
import { describeOwnRun, nameOfRun } from '../core/compat/own-run.ts'
import type { LoadResult } from '../core/compat/probador/result.ts'
import { reportFolder } from '../core/engine/report.ts'
import type { RunPage } from '../core/engine/report-page.ts'
import { BenchError } from '../core/errors.ts'
import { suggestName } from '../core/nearest.ts'
import type { OldTool, RequiredVerdict } from '../core/options/mod.ts'
import type { Files } from '../core/platform.ts'
import type { MetricPlugin } from '../core/plugin.ts'
import { PROFILE_NAMES, type ProfileName } from '../core/profile.ts'
import { showAs } from '../core/profiles/show.ts'
import { renderCsv } from '../core/report/csv.ts'
import { renderJson } from '../core/report/json.ts'
import { renderMarkdown } from '../core/report/markdown.ts'
import type { Manifest } from '../core/run.ts'
import type { Summary } from '../core/summary.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { addRows } from './history-file.ts'
import { judgeSummary, type PublishOptions, publishResult } from './publish.ts'
import { FORMATS, isOldTool, readFormat } from './report-format.ts'
import { loadPlugins } from './report-plugins.ts'
import { exists, loadResults, type Results } from './results.ts'

/** As older tools, and other commands, call them. */
const OLD_NAMES: Readonly<Record<string, string>> = { compat: 'format', 'update-readme': 'into', output: 'into' }

const command: CommandDef = makeCommand(
  {
    name: 'report',
    summary: 'Recompute and show a run from its folder, or show result files of other tools.',
    about:
      'Reads manifest.json and records.jsonl, and computes every number again; nothing in the folder is changed. The folder of bench eval gives its scores and verdict again. Of result files (probador, vllm-rust, sagellm, the gateway harness) it shows what they say. Exit code: 0, 2 when the folder holds no run, 3 when a gate of the run is not met or quality dropped, 4 when the verdict is worse than --require asks.',
    flags: {
      folder: {
        type: 'positional',
        required: true,
        repeated: true,
        description: 'Folder of a run or an evaluation; or result files of other tools',
      },
      json: { type: 'boolean', description: 'Print the summary as JSON and nothing else' },
      format: {
        type: 'string',
        valueHint: 'FORMAT',
        fallback: 'table',
        description: `What is printed: ${FORMATS.join(', ')} (csv has a line a figure; the names of older tools are their result files)`,
      },
      into: {
        type: 'string',
        valueHint: 'FILE',
        description:
          'Add a row for each load to the table between the PERFORMANCE marks of a Markdown file; none is repeated',
      },
      html: { type: 'string', valueHint: 'FILE', description: 'Write a page for a browser: one file, no network' },
      junit: {
        type: 'string',
        valueHint: 'FILE',
        description: 'Write gates, or the verdict of an evaluation, as JUnit XML',
      },
      definitions: {
        type: 'string',
        valueHint: 'TOOL',
        fallback: PROFILE_NAMES[0],
        description: `Whose definitions the figures follow: ${PROFILE_NAMES.join(', ')}`,
      },
      require: {
        type: 'string',
        valueHint: 'VERDICT',
        description: 'The least verdict, else exit code 4: valid, or suspect (anything but INVALID)',
      },
      plugin: {
        type: 'string',
        valueHint: 'NAME',
        repeated: true,
        description:
          'Metric plugin to compute beside those of the run that come with inferbench, by name, path or package; repeatable',
      },
    },
    findMeant: (written) => OLD_NAMES[written.replace(/^-+/, '')],
    examples: ['bench report bench-runs/2026-11-23-k3f9', 'bench report bench-runs/2026-11-23-k3f9 --json'],
  },
  report,
)
export default command

async function report({ values, positionals, terminal }: CommandContext): Promise<number> {
  const [folder] = positionals
  if (folder === undefined)
    throw new BenchError('usage', 'bench report needs the folder of a run: bench report bench-runs/...')
  const platform = await loadPlatform()
  if (platform.files === undefined)
    throw new BenchError('unsupported', `${platform.name} has no files to read a run from`)
  const foreign = await loadForeign(platform.files, positionals)
  if (foreign !== undefined) {
    const { reportResults } = await import('./report-results.ts')
    return await reportResults(foreign, platform.files, positionals, values, terminal)
  }
  if (positionals.length > 1)
    throw new BenchError('usage', `bench report shows one run; ${positionals[1]} is one too many`)
  const { findEvaluation, reportEvaluation } = await import('./report-eval.ts')
  const evaluation = await findEvaluation(platform.files, folder)
  if (evaluation !== undefined) return await reportEvaluation(platform.files, folder, evaluation, values, terminal)
  const plugins = await loadPlugins(values.plugin as readonly string[] | undefined, folder, platform, terminal)
  const required = readRequired(values.require)
  const shown = showAs(readProfileName(values.definitions))
  const page = typeof values.html === 'string' ? await openPage(platform.files, folder, plugins) : undefined
  const { manifest, cut, sparks, ...read } = await reportFolder(platform.files, folder, plugins, (record) => {
    shown.add(record)
    page?.look(record)
  })
  const summary = shown.apply(read.summary)
  const format = readFormat(values.format, values.json === true)
  const output: PublishOptions = {
    json: format === 'json',
    ...(typeof values.junit === 'string' && { junit: values.junit }),
    ...(required !== undefined && { require: required }),
  }
  if (format === 'csv') await terminal.out(renderCsv(summary, manifest))
  else if (format === 'markdown') await terminal.out(renderMarkdown(summary, manifest, sparks))
  else if (isOldTool(format)) await terminal.out(await renderOldFile(format, platform.files, folder, manifest, summary))
  else await publishResult({ manifest, summary, folder }, output, platform, terminal)
  if (page !== undefined)
    await platform.files.writeText(String(values.html), await page.render({ manifest, summary, cut }))
  if (typeof values.into === 'string') await addRows(platform.files, values.into, rowsOf(manifest, summary))
  if (cut) terminal.log.warn('the run was cut off; this is what its log holds')
  return judgeSummary(summary, output, terminal)
}

/** Loaded where it is asked for. */
async function openPage(files: Files, folder: string, plugins: readonly MetricPlugin[]): Promise<RunPage> {
  const { openRunPage } = await import('./report-page.ts')
  return await openRunPage(files, folder, plugins)
}

/** Result files, or folders of them. undefined: a run of ours, or nothing to read. */
async function loadForeign(files: Files, paths: readonly string[]): Promise<Results | undefined> {
  const [path] = paths as readonly [string]
  const names = await files.list(path)
  if (names === undefined && !(await exists(files, path))) return undefined
  if (names?.some((name) => name === 'manifest.json' || name === 'records.jsonl')) return undefined
  const results = await loadResults(files, paths)
  // Any project's folder has JSON files; only results make it one of results.
  return names !== undefined && results.sources.length === 0 ? undefined : results
}

/** The one that says most, where it has several: of the others each is a part. */
async function renderOldFile(
  tool: OldTool,
  files: Files,
  folder: string,
  manifest: Manifest,
  summary: Summary,
): Promise<string> {
  const { describeAsOldTool, readLoggedRun } = await import('./old-files.ts')
  const [{ value }] = describeAsOldTool(tool, await readLoggedRun(files, folder, manifest, summary))
  return renderJson(value)
}

function rowsOf(manifest: Manifest, summary: Summary): readonly LoadResult[] {
  return summary.scenarios.map((scenario) => describeOwnRun({ manifest, summary }, scenario, nameOfRun(manifest)))
}

function readRequired(given: unknown): RequiredVerdict | undefined {
  if (given === undefined || given === 'valid' || given === 'suspect') return given
  throw new BenchError('usage', `--require: there is no "${given}"${suggestName(String(given), ['valid', 'suspect'])}`)
}

function readProfileName(given: unknown): ProfileName {
  const name = given ?? PROFILE_NAMES[0]
  if ((PROFILE_NAMES as readonly unknown[]).includes(name)) return name as ProfileName
  const help = suggestName(String(name), PROFILE_NAMES) || `; there are ${PROFILE_NAMES.join(', ')}`
  throw new BenchError('usage', `--definitions: there is no "${name}"${help}`)
}
