/** Recomputes a run from its folder: the same records in the same order, so the same summary to the last digit. */
import { BenchError } from '../errors.ts'
import { parseGate } from '../metrics/gates.ts'
import { createMetricRegistry } from '../metrics/registry.ts'
import { readMetricSettings } from '../metrics/settings.ts'
import { createSummarizer } from '../metrics/summarize.ts'
import type { Files } from '../platform.ts'
import type { MetricPlugin, Sample } from '../plugin.ts'
import type { RequestRecord } from '../record.ts'
import { parseManifest, parseSummary, readClientLog, readRecords, readSeries } from '../report/readers.ts'
import { drawSparks, type Spark } from '../report/sparks.ts'
import type { Manifest } from '../run.ts'
import type { Summary } from '../summary.ts'
import { createJudge, type Judge, pluginLimits } from '../verdict/mod.ts'
import { listActive, type SamplesById } from './plugin-figures.ts'
import { type Aside, summarizeRun } from './summary.ts'

export interface RunReport {
  readonly manifest: Manifest
  readonly summary: Summary
  /** The log ends in the middle of a line, or holds no summary: the run was cut off, and this is what it left. */
  readonly cut: boolean
  /** What plugins sampled, for `summary.md`. */
  readonly sparks: readonly Spark[]
}

/** Throws `BenchError('usage')` when the folder holds no run, or one that cannot be read; it names file and line. */
export async function reportFolder(
  files: Files,
  folder: string,
  plugins: readonly MetricPlugin[] = [],
  /** Each record in turn, for whoever makes figures of their own. */
  look?: (record: RequestRecord) => void,
): Promise<RunReport> {
  const names = await files.list(folder)
  if (names === undefined) throw new BenchError('usage', `${folder}: no such folder`)
  for (const name of ['manifest.json', 'records.jsonl']) {
    if (!names.includes(name)) throw new BenchError('usage', `${folder} holds no run: ${name} is missing`)
  }
  const manifestPath = files.join(folder, 'manifest.json')
  const manifest = parseManifest(manifestPath, await files.readText(manifestPath))
  const active = listActive(plugins, manifest)
  const summarizer = createSummarizer({
    slo: manifest.slo,
    plugins: active,
    settings: readMetricSettings(manifest.options),
  })
  const recordsPath = files.join(folder, 'records.jsonl')
  const judge = createJudge(manifest.scenarios, pluginLimits(active))
  const { cut } = await readRecords(recordsPath, files.readPieces(recordsPath), (record) => {
    summarizer.add(record)
    judge.add(record)
    look?.(record)
  })
  await watchAgain(files, folder, judge)
  const written = await readSummary(files, folder, names)
  // A gate on the metric of a plugin that is not here is one that was not measured.
  const registry = new Map([...Object.entries(written?.definitions ?? {}), ...createMetricRegistry(plugins)])
  const gates = manifest.gates.map((text) => parseGate(text, registry))
  const aside = takeAside(written)
  const samples = await readSamples(files, folder, active)
  return {
    manifest,
    summary: summarizeRun(manifest, summarizer, judge, gates, aside, { plugins, samples }),
    cut: cut || manifest.endedAt === undefined,
    sparks: drawSparks(active, samples),
  }
}

/** A folder without the client's log is judged without it, and the verdict says so. */
async function watchAgain(files: Files, folder: string, judge: Judge): Promise<void> {
  const series = files.join(folder, 'series')
  if ((await files.list(series))?.includes('client.jsonl') !== true) return
  const path = files.join(series, 'client.jsonl')
  await readClientLog(path, files.readPieces(path), judge.sample)
}

/** What plugins sampled, as far as it is there: a series that is missing is one without samples. */
async function readSamples(files: Files, folder: string, plugins: readonly MetricPlugin[]): Promise<SamplesById> {
  const series = files.join(folder, 'series')
  const present = (await files.list(series)) ?? []
  const samples = new Map<string, readonly Sample[]>()
  for (const { id, summarize } of plugins) {
    if (summarize === undefined || !present.includes(`${id}.jsonl`)) continue
    const path = files.join(series, `${id}.jsonl`)
    samples.set(id, await readSeries(path, files.readPieces(path)))
  }
  return samples
}

/** As the run wrote it; one that was cut off has none. */
async function readSummary(files: Files, folder: string, names: readonly string[]): Promise<Summary | undefined> {
  if (!names.includes('summary.json')) return undefined
  const path = files.join(folder, 'summary.json')
  return parseSummary(path, await files.readText(path))
}

/** What is no fold of the records is taken over. */
function takeAside({ stopped, evaluations, conclusions }: Partial<Summary> = {}): Aside {
  return {
    ...(stopped === undefined ? {} : { stopped }),
    ...(evaluations === undefined ? {} : { evaluations }),
    ...(conclusions === undefined ? {} : { conclusions }),
  }
}
