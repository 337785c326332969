/** The table of loads that a Markdown file keeps. */
import { addToHistory } from '../core/compare/history.ts'
import type { LoadResult } from '../core/compat/probador/result.ts'
import type { Files } from '../core/platform.ts'
import { exists } from './results.ts'

/** Adds a row for each load that has none yet; a file that is not there is begun. */
export async function addRows(files: Files, path: string, results: readonly LoadResult[]): Promise<void> {
  const document = (await exists(files, path)) ? await files.readText(path) : ''
  await files.writeText(path, addToHistory(document, results))
}
