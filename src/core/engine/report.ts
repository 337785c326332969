/** Recomputes a run from its folder: the same records in the same order, so the same summary to the last digit. */
import { BenchError } from '../errors.ts'
import type { MetricPlugin } from '../metric.ts'
import { parseGate } from '../metrics/gates.ts'
import { createMetricRegistry } from '../metrics/registry.ts'
import { createSummarizer } from '../metrics/summarize.ts'
import type { Files } from '../platform.ts'
import { parseManifest, parseSummary, readRecords } from '../report/readers.ts'
import type { Manifest } from '../run.ts'
import type { Summary } from '../summary.ts'
import { type Aside, summarizeRun } from './summary.ts'

export interface RunReport {
  readonly manifest: Manifest
  readonly summary: Summary
  /** The log ends in the middle of a line, or holds no summary: the run was cut off, and this is what it left. */
  readonly cut: boolean
}

/** Throws `BenchError('usage')` when the folder holds no run, or one that cannot be read; it names file and line. */
export async function reportFolder(
  files: Files,
  folder: string,
  plugins: readonly MetricPlugin[] = [],
): Promise<RunReport> {
  const names = await files.list(folder)
  if (names === undefined) throw new BenchError('usage', `${folder}: no such folder`)
  for (const name of ['manifest.json', 'records.jsonl']) {
    if (!names.includes(name)) throw new BenchError('usage', `${folder} holds no run: ${name} is missing`)
  }
  const manifestPath = files.join(folder, 'manifest.json')
  const manifest = parseManifest(manifestPath, await files.readText(manifestPath))
  const summarizer = createSummarizer({ slo: manifest.slo, plugins })
  const recordsPath = files.join(folder, 'records.jsonl')
  const { cut } = await readRecords(recordsPath, files.readPieces(recordsPath), (record) => summarizer.add(record))
  const registry = createMetricRegistry(plugins)
  const gates = manifest.gates.map((text) => parseGate(text, registry))
  const aside = await readAside(files, folder, names)
  return {
    manifest,
    summary: summarizeRun(manifest, summarizer, gates, aside),
    cut: cut || manifest.endedAt === undefined,
  }
}

/** What is no fold of the records is taken over from the summary that the run wrote; a run that was cut off has none. */
async function readAside(files: Files, folder: string, names: readonly string[]): Promise<Aside> {
  if (!names.includes('summary.json')) return {}
  const path = files.join(folder, 'summary.json')
  const { stopped, evaluations } = parseSummary(path, await files.readText(path))
  return { ...(evaluations === undefined ? {} : { evaluations }), ...(stopped === undefined ? {} : { stopped }) }
}
