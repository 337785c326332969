/** `bench report FILE`: what the result files of other tools say, in our forms. Their numbers, their definitions. */

import { renderHistory } from '../core/compare/history.ts'
import { renderResults, type ShownLoad } from '../core/compare/results.ts'
import { BenchError } from '../core/errors.ts'
import type { Files } from '../core/platform.ts'
import { renderLines } from '../core/report/csv.ts'
import { renderJson } from '../core/report/json.ts'
import { exit } from './exit.ts'
import type { GivenFlags } from './flags.ts'
import { addRows } from './history-file.ts'
import { type ReportFormat, readFormat } from './report-format.ts'
import type { ResultSource, Results } from './results.ts'
import type { Terminal } from './terminal.ts'

/** They ask about what only a run of ours holds. */
const OF_RUNS = ['html', 'junit', 'definitions', 'require', 'plugin'] as const

export async function reportResults(
  { sources, skipped }: Results,
  files: Files,
  paths: readonly string[],
  values: GivenFlags['values'],
  terminal: Terminal,
): Promise<number> {
  const unfit = OF_RUNS.find((flag) => values[flag] !== undefined)
  if (unfit !== undefined) {
    throw new BenchError(
      'usage',
      `--${unfit} is about a run of inferbench, and ${paths[0]} holds results of another tool`,
    )
  }
  const format = readFormat(values.format, values.json === true)
  for (const line of skipped) terminal.log.warn(line)
  const loads = sources.flatMap(listLoads)
  if (loads.length === 0) throw new BenchError('usage', `${paths.join(', ')}: no results to show`)
  await terminal.out(render(format, sources, loads, terminal))
  if (typeof values.into === 'string') {
    await addRows(
      files,
      values.into,
      loads.map(({ result }) => result),
    )
  }
  return exit.ok
}

function listLoads({ name, loads }: ResultSource): readonly ShownLoad[] {
  return loads.map(({ label, result }) => ({ label: `${name}, ${label}`, result }))
}

function render(
  format: ReportFormat,
  sources: readonly ResultSource[],
  loads: readonly ShownLoad[],
  terminal: Terminal,
): string {
  if (format === 'table') return `${renderResults(loads, terminal.width).join('\n')}\n`
  if (format === 'markdown') return renderHistory(loads.map(({ result }) => result))
  if (format === 'csv') return renderLines(sources.flatMap(listFigures))
  if (format !== 'json') {
    throw new BenchError('usage', `--format ${format} is made from the log of a run, and there is none`)
  }
  return renderJson({
    v: 1,
    kind: 'results',
    sources: sources.map(({ path, name, file, loads: measured }) => ({
      path,
      name,
      ...(file === undefined ? {} : { tool: file.tool, file: file.kind }),
      loads: measured,
    })),
  })
}

/** As of our own runs: the file stands for the run, the field's name for the metric. */
function listFigures({ path, name, loads }: ResultSource): readonly (readonly string[])[] {
  return loads.flatMap(({ label, result }) =>
    Object.entries(result).flatMap(([field, value]) =>
      typeof value === 'number' ? [[path, label, name, field, 'value', '', String(value)]] : [],
    ),
  )
}
