/** The result file of lm-eval, read as versions 0.4.0 to 0.4.13 write it. */
import { BenchError } from '../errors.ts'
import { asArray, asCount, asObject, asText, type JsonObject, parsePythonJson } from '../json.ts'

/** One figure of a task: `exact_match,strict-match`. */
export interface TaskMetric {
  readonly metric: string
  /** `none` where the task filters nothing. */
  readonly filter: string
  /** Absent when lm-eval wrote none, or no number. */
  readonly value?: number
  readonly standardError?: number
  readonly higherIsBetter: boolean
}

export interface TaskResult {
  readonly name: string
  /** In the order of the file; the first is the one that is judged. */
  readonly metrics: readonly TaskMetric[]
  /** Documents that were asked, and that the task has. */
  readonly samples?: { readonly effective: number; readonly original: number }
  /** `multiple_choice`, `generate_until`, ... */
  readonly outputType?: string
  readonly hash?: string
  /** Of a group such as mmlu: the tasks that it is the mean of, however deep. */
  readonly subtasks?: readonly string[]
  /** Part of a group that is here too: its score counts there. */
  readonly nested: boolean
}

export interface EvalResult {
  /** Groups first, then tasks. */
  readonly tasks: readonly TaskResult[]
  /** What `--limit` said; absent when all documents were asked. */
  readonly limit?: number
  readonly version?: string
  /** The lines of its description of the machine and its packages. */
  readonly environment: readonly string[]
  readonly seconds?: number
  /** `results` as it stands in the file. */
  readonly raw: Readonly<Record<string, JsonObject>>
}

/** Throws `BenchError('run-failed')` when the text is no result. `path` is for the error. */
export function parseResult(text: string, path: string): EvalResult {
  const file = asObject(parsePythonJson(text))
  const results = asObject(file?.results)
  if (file === undefined || results === undefined) {
    throw new BenchError('run-failed', `${path} is no result file of lm-eval; the log beside it says what happened`)
  }
  const raw = keepObjects(results)
  const subtasks = asObject(file.group_subtasks) ?? {}
  const nested = new Set(Object.values(subtasks).flatMap(asArray))
  const limit = asObject(file.config)?.limit
  const seconds = Number(file.total_evaluation_time_seconds)
  const version = asText(file.lm_eval_version)
  return {
    tasks: Object.entries({ ...keepObjects(asObject(file.groups) ?? {}), ...raw }).map(([name, task]) => ({
      ...readTask(name, task, file),
      ...listLeaves(name, subtasks),
      nested: nested.has(name),
    })),
    ...(typeof limit === 'number' && { limit }),
    ...(version !== undefined && { version }),
    environment: (asText(file.pretty_env_info) ?? '').split('\n').filter((line) => line.trim() !== ''),
    ...(seconds > 0 && { seconds }),
    raw,
  }
}

function keepObjects(members: JsonObject): Readonly<Record<string, JsonObject>> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => {
      const object = asObject(value)
      return object === undefined ? [] : [[name, object]]
    }),
  )
}

/** The tasks under a group; nothing for a task, which older versions list with an empty list. */
function listLeaves(name: string, subtasks: JsonObject): Pick<TaskResult, 'subtasks'> {
  const parts = asArray(subtasks[name]).filter((part) => typeof part === 'string')
  if (parts.length === 0) return {}
  // A group that holds itself would never end.
  const rest = Object.fromEntries(Object.entries(subtasks).filter(([key]) => key !== name))
  return { subtasks: parts.flatMap((part) => listLeaves(part, rest).subtasks ?? [part]) }
}

function readTask(name: string, task: JsonObject, file: JsonObject): Omit<TaskResult, 'subtasks' | 'nested'> {
  const better = asObject(asObject(file.higher_is_better)?.[name]) ?? {}
  const sizes = asObject(asObject(file['n-samples'])?.[name])
  const [original, effective] = [asCount(sizes?.original), asCount(sizes?.effective)]
  const outputType = asText(asObject(asObject(file.configs)?.[name])?.output_type)
  const hash = asText(asObject(file.task_hashes)?.[name])
  return {
    name,
    metrics: Object.keys(task).flatMap((key) => readMetric(key, task, better)),
    ...(original !== undefined && effective !== undefined && { samples: { effective, original } }),
    ...(outputType !== undefined && { outputType }),
    ...(hash !== undefined && { hash }),
  }
}

/** A figure's key is `metric,filter`; its standard error's is `metric_stderr,filter`. */
function readMetric(key: string, task: JsonObject, better: JsonObject): readonly TaskMetric[] {
  const [metric = '', filter] = splitOnce(key)
  if (filter === undefined || metric.endsWith('_stderr')) return []
  const [value, error] = [task[key], task[`${metric}_stderr,${filter}`]]
  return [
    {
      metric,
      filter,
      ...(isNumber(value) && { value }),
      ...(isNumber(error) && { standardError: error }),
      higherIsBetter: better[metric] !== false,
    },
  ]
}

function splitOnce(key: string): readonly string[] {
  const at = key.indexOf(',')
  return at < 0 ? [key] : [key.slice(0, at), key.slice(at + 1)]
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
