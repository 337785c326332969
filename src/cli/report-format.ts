/** What `bench report` prints. */
import { BenchError } from '../core/errors.ts'
import { suggestName } from '../core/nearest.ts'
import { OLD_TOOLS, type OldTool } from '../core/options/mod.ts'

export type ReportFormat = 'table' | 'json' | 'markdown' | 'csv' | OldTool

export const FORMATS: readonly ReportFormat[] = ['table', 'json', 'markdown', 'csv', ...OLD_TOOLS]

export function readFormat(given: unknown, json: boolean): ReportFormat {
  if (given === undefined) return json ? 'json' : 'table'
  const format = FORMATS.find((name) => name === given)
  if (format === undefined) {
    throw new BenchError('usage', `--format: there is no "${given}"${suggestName(String(given), FORMATS)}`)
  }
  if (json && format !== 'json') throw new BenchError('usage', `--json and --format ${format} contradict each other`)
  return format
}

export function isOldTool(format: ReportFormat): format is OldTool {
  return (OLD_TOOLS as readonly string[]).includes(format)
}
