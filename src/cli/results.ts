/** Results as `bench score` and `bench compare` take them: run folders of ours, result files of the old tools, folders of either. */
import { describeOwnRepetitions, describeOwnRun, joinScores, nameOfRun } from '../core/compat/own-run.ts'
import type { LoadResult } from '../core/compat/probador/result.ts'
import { type MeasuredLoad, type ResultFile, readResultFile } from '../core/compat/result-file.ts'
import { BenchError } from '../core/errors.ts'
import { asArray, asObject, asText, parseJson, parsePythonJson } from '../core/json.ts'
import type { Files } from '../core/platform.ts'
import { parseManifest, parseSummary } from '../core/report/readers.ts'
import type { Manifest } from '../core/run.ts'
import type { TrainingFile } from '../core/score/document.ts'
import type { TrainingStep } from '../core/score/training.ts'
import type { Summary } from '../core/summary.ts'

/** What one file or run folder holds. */
export interface ResultSource {
  readonly path: string
  /** Who was measured: as the user or the file says, else the file's name. */
  readonly name: string
  readonly loads: readonly MeasuredLoad[]
  /** Only of a file of an old tool. */
  readonly file?: ResultFile
  /** Only of a run of ours. */
  readonly run?: { readonly manifest: Manifest; readonly summary: Summary }
}

export interface Results {
  readonly sources: readonly ResultSource[]
  readonly training: readonly TrainingFile[]
  /** Files of a folder that hold no result: a line each. */
  readonly skipped: readonly string[]
}

/** `LABEL=PATH` names who was measured; a path with `=` in it that exists is a path. */
async function splitLabel(files: Files, given: string): Promise<{ readonly path: string; readonly label?: string }> {
  const match = /^([^=/\\]+)=(.+)$/.exec(given)
  if (match === null || (await exists(files, given))) return { path: given }
  return { path: match[2]!, label: match[1]! }
}

/** Rejects for what is there and cannot be read: taken for missing, it would be written over, or a gate passed without it. */
export async function exists(files: Files, path: string): Promise<boolean> {
  if ((await files.list(path)) !== undefined) return true
  try {
    for await (const _ of files.readPieces(path)) break
    return true
  } catch (thrown) {
    if (isMissing(thrown)) return false
    throw thrown
  }
}

/** Of an error of {@link Files}: nothing is at that path. */
function isMissing(thrown: unknown): boolean {
  const cause = thrown instanceof BenchError ? (thrown.cause as { readonly code?: unknown } | undefined) : undefined
  return cause?.code === 'ENOENT' || cause?.code === 'ENOTDIR'
}

/** Throws a usage error for a path that holds nothing to read. */
export async function loadResults(files: Files, paths: readonly string[]): Promise<Results> {
  const parts = await Promise.all(paths.map((path) => loadPath(files, path)))
  return {
    sources: tellApart(parts.flatMap(({ sources }) => sources)),
    training: parts.flatMap(({ training }) => training),
    skipped: parts.flatMap(({ skipped }) => skipped),
  }
}

const nothing: Results = { sources: [], training: [], skipped: [] }

async function loadPath(files: Files, given: string): Promise<Results> {
  const { path, label } = await splitLabel(files, given)
  const names = await files.list(path)
  if (names === undefined) return await loadFile(files, path, label)
  if (names.includes('eval.json')) return { ...nothing, sources: [await loadEvaluation(files, path, label)] }
  if (names.includes('manifest.json')) {
    return { ...nothing, sources: [await loadRun(files, path, names, label)] }
  }
  const parts = await Promise.all([...names].sort().map((name) => loadMember(files, files.join(path, name), label)))
  return {
    sources: parts.flatMap(({ sources }) => sources),
    training: parts.flatMap(({ training }) => training),
    skipped: parts.flatMap(({ skipped }) => skipped),
  }
}

/** A run folder or a JSON file within a folder; what is neither is no business of ours. */
async function loadMember(files: Files, path: string, label: string | undefined): Promise<Results> {
  try {
    const names = await files.list(path)
    if (names?.includes('eval.json')) return { ...nothing, sources: [await loadEvaluation(files, path, label)] }
    if (names?.includes('manifest.json') && names.includes('summary.json')) {
      return { ...nothing, sources: [await loadRun(files, path, names, label)] }
    }
    if (names !== undefined || !path.endsWith('.json')) return nothing
    return await loadFile(files, path, label)
  } catch (thrown) {
    // One that cannot be read keeps no other from being scored.
    if (thrown instanceof BenchError && thrown.code === 'usage') {
      return { ...nothing, skipped: [thrown.message] }
    }
    throw thrown
  }
}

async function loadRun(
  files: Files,
  folder: string,
  names: readonly string[],
  label: string | undefined,
): Promise<ResultSource> {
  if (!names.includes('summary.json')) {
    throw new BenchError('usage', `${folder} holds a run without summary.json: it was cut off before it had one`)
  }
  const [manifestPath, summaryPath] = ['manifest.json', 'summary.json'].map((name) => files.join(folder, name))
  const manifest = parseManifest(manifestPath!, await files.readText(manifestPath!))
  const summary = parseSummary(summaryPath!, await files.readText(summaryPath!))
  return describeRun(folder, manifest, summary, label)
}

function describeRun(path: string, manifest: Manifest, summary: Summary, label: string | undefined): ResultSource {
  const name = label ?? nameOfRun(manifest)
  const loads = summary.scenarios.map((scenario): MeasuredLoad => {
    const runs = describeOwnRepetitions({ manifest, summary }, scenario, name)
    return {
      label: scenario.title,
      result: describeOwnRun({ manifest, summary }, scenario, name),
      ...(runs === undefined ? {} : { runs }),
    }
  })
  return { path, name, loads, run: { manifest, summary } }
}

/** Of an evaluation there is one thing to score: how many answers were right. */
async function loadEvaluation(files: Files, folder: string, label: string | undefined): Promise<ResultSource> {
  const path = files.join(folder, 'eval.json')
  const candidate = asObject(asObject(parseJson(await files.readText(path)))?.candidate)
  if (candidate === undefined) throw new BenchError('usage', `${path} is no evaluation`)
  const name = label ?? asText(candidate.model) ?? baseName(folder)
  const quality = joinScores(asArray(candidate.tasks).flatMap(readScore))
  const result: LoadResult = { runtime_name: name, concurrency: 1, ...(quality && { quality }) }
  return { path: folder, name, loads: [{ label: 'quality', result }] }
}

/** Of a task that is no part of a group which is there too, its first metric. */
function readScore(value: unknown): { score: number; documents: number }[] {
  const task = asObject(value)
  const score = asObject(asArray(task?.metrics)[0])?.value
  const documents = asObject(task?.samples)?.effective
  return task?.nested === true || typeof score !== 'number' || typeof documents !== 'number'
    ? []
    : [{ score, documents }]
}

async function loadFile(files: Files, path: string, label: string | undefined): Promise<Results> {
  const value = parsePythonJson(await files.readText(path))
  const stored = asObject(value)
  // Of two runs that are read themselves.
  if (stored?.kind === 'comparison') return nothing
  if (stored?.kind === 'baseline') {
    const [manifest, summary] = [stored.manifest, stored.summary].map((part) => JSON.stringify(part ?? null))
    return {
      ...nothing,
      sources: [describeRun(path, parseManifest(path, manifest!), parseSummary(path, summary!), label)],
    }
  }
  const training = readTraining(path, value)
  if (training !== undefined) return { ...nothing, training: [training] }
  const name = label ?? baseName(path)
  const file = readResultFile(value, name)
  if (file === undefined) {
    const what = value === undefined ? 'is no JSON' : 'is no result file that is known'
    throw new BenchError(
      'usage',
      `${path} ${what}; give a run folder or a result of probador, vllm-rust, sagellm or the gateway harness`,
    )
  }
  const loads = label === undefined ? file.loads : file.loads.map((load) => rename(load, label))
  return { ...nothing, sources: [{ path, name: loads[0]?.result.runtime_name ?? name, loads, file }] }
}

function rename(load: MeasuredLoad, name: string): MeasuredLoad {
  return { ...load, result: { ...load.result, runtime_name: name } }
}

export function baseName(path: string): string {
  return (
    path
      .replace(/[/\\]+$/, '')
      .split(/[/\\]/)
      .at(-1) ?? path
  ).replace(/\.json$/, '')
}

/** Two runs of ours of one server at one load would be two lines of one name: then folders tell them apart. */
function tellApart(sources: readonly ResultSource[]): readonly ResultSource[] {
  const keys = sources.flatMap(({ name, loads }) => loads.map(({ result }) => `${name}\n${result.concurrency}`))
  const twice = new Set(keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => key.split('\n')[0]))
  return sources.map((source) => {
    if (source.run === undefined || !twice.has(source.name)) return source
    const name = `${source.name} (${baseName(source.path)})`
    return { ...source, name, loads: source.loads.map((load) => rename(load, name)) }
  })
}

const BOTTLENECKS = ['memory_bw', 'compute', 'launch', 'transfer']

/** Throws a usage error for a step profiler's file without a step, or with one that cannot be scored. */
function readTraining(path: string, value: unknown): TrainingFile | undefined {
  const file = asObject(value)
  if (typeof file?.model_name !== 'string' || !Array.isArray(file.results)) return undefined
  const results = file.results.map((step, index) => {
    const read = readStep(step)
    if (read !== undefined) return read
    throw new BenchError(
      'usage',
      `${path}: results[${index}] is no training step: name, ms_per_step, tokens_per_sec, wall_coverage and bottleneck (${BOTTLENECKS.join(', ')})`,
    )
  })
  if (results.length === 0) throw new BenchError('usage', `${path} holds no training step`)
  return { model_name: file.model_name, results }
}

function readStep(value: unknown): TrainingStep | undefined {
  const step = asObject(value)
  const { name, ms_per_step, tokens_per_sec, wall_coverage, bottleneck, hotspot_layers = 0 } = step ?? {}
  // The original's JSON has the names of its variants: MemoryBw.
  const kind = String(bottleneck)
    .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
    .toLowerCase()
  if (typeof name !== 'string' || typeof tokens_per_sec !== 'number' || !BOTTLENECKS.includes(kind)) return undefined
  if (typeof ms_per_step !== 'number' || typeof wall_coverage !== 'number' || typeof hotspot_layers !== 'number')
    return undefined
  return {
    name,
    ms_per_step,
    tokens_per_sec,
    wall_coverage,
    bottleneck: kind as TrainingStep['bottleneck'],
    hotspot_layers,
  }
}
