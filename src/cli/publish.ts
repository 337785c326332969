/** What a finished run shows and hands on: table or JSON, JUnit, GitHub's annotations and job summary. */
import type { CheckedOptions } from '../core/options/mod.ts'
import type { Platform } from '../core/platform.ts'
import { renderGithubAnnotations, renderGithubSummary } from '../core/report/github.ts'
import { renderJUnit } from '../core/report/junit.ts'
import { renderTable } from '../core/report/table.ts'
import type { RunResult } from '../core/run.ts'
import type { Summary } from '../core/summary.ts'
import { scrub } from './errors.ts'
import { exit } from './exit.ts'
import type { Terminal } from './terminal.ts'

export type Publishable = Pick<RunResult, 'summary' | 'manifest' | 'folder'>
export type PublishOptions = Pick<CheckedOptions, 'json' | 'junit' | 'plugins' | 'require'>

export async function publishResult(
  result: Publishable,
  options: PublishOptions,
  platform: Platform,
  terminal: Terminal,
): Promise<void> {
  await terminal.out(options.json ? `${scrub(JSON.stringify(result.summary, null, 2))}\n` : showTable(result, terminal))
  if (options.junit !== undefined && platform.files !== undefined) {
    await platform.files.writeText(options.junit, scrub(renderJUnit(result.summary, result.manifest)))
  }
  await publishOnGithub(result, options, platform, terminal)
}

/** The exit code that gates and `--require` ask for. The table holds a line for each; beside JSON, what is not met is said. */
export function judgeSummary(summary: Summary, { json, require }: PublishOptions, terminal: Terminal): number {
  const missed = summary.gates.filter(({ status }) => status !== 'met')
  if (json) for (const { line } of missed) terminal.log.error(`gate ${line}`)
  if (missed.length > 0) return exit.gateMissed
  if (summary.sweep?.answer?.load === undefined && summary.sweep?.answer?.complete === true) {
    if (json) terminal.log.error('no load meets --slo')
    return exit.gateMissed
  }
  const { status } = summary.verdict
  if (require === undefined || status === 'VALID' || (require === 'suspect' && status === 'SUSPECT')) return exit.ok
  terminal.log.error(`the run is ${status}, and --require ${require} was given`)
  return exit.verdictMissed
}

function showTable({ summary, manifest, folder }: Publishable, terminal: Terminal): string {
  const table = renderTable(summary, manifest, {
    color: terminal.color,
    width: terminal.width,
    ...(folder !== undefined && { folder }),
  })
  return scrub(table.endsWith('\n') ? table : `${table}\n`)
}

async function publishOnGithub(
  { summary, manifest }: Publishable,
  options: PublishOptions,
  platform: Platform,
  terminal: Terminal,
): Promise<void> {
  if (platform.env('GITHUB_ACTIONS') !== 'true') return
  const annotations = scrub(renderGithubAnnotations(summary))
  // The runner reads commands from both; standard output belongs to the JSON when that was asked for.
  if (annotations !== '') {
    const text = annotations.endsWith('\n') ? annotations : `${annotations}\n`
    if (options.json) terminal.err(text)
    else await terminal.out(text)
  }
  const path = platform.env('GITHUB_STEP_SUMMARY')
  if (!path || platform.files === undefined) return
  const file = await platform.files.appendTo(path)
  file.append(scrub(renderGithubSummary(summary, manifest)))
  await file.close()
}
