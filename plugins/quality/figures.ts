/** What two evaluations come to, as metrics and as lines. */
import { type BesideFigures, lmEval, type MetricResult } from 'inferbench'
import { definitions } from './definitions.ts'

/** One pass of lm-eval, or why there is none. */
export type Pass = { readonly side: lmEval.EvalSide } | { readonly reason: string }

export interface Passes {
  readonly idle: Pass
  readonly busy: Pass
  readonly load?: BesideFigures
  readonly tolerance: number
}

/** Of the bootstrap: the same samples give the same interval. */
const SEED = 42
const SIGNIFICANT = 0.05

type Metrics = Readonly<Record<string, MetricResult>>

export function judgePasses({ idle, busy, tolerance }: Passes): lmEval.EvalVerdict | undefined {
  if (!('side' in idle) || !('side' in busy)) return undefined
  return lmEval.judgeQuality(busy.side, idle.side, tolerance, SEED)
}

export function describePasses(passes: Passes, verdict: lmEval.EvalVerdict | undefined): Metrics {
  const { idle, busy, load } = passes
  return {
    ...describePass('quality_idle', idle),
    ...describePass('quality_busy', busy),
    ...describeChange(verdict, 'reason' in idle ? idle.reason : 'reason' in busy ? busy.reason : 'not compared'),
    quality_load:
      load === undefined
        ? absent('quality_load', 'reason' in busy ? busy.reason : 'not known')
        : { kind: 'scalar', unit: 'requests', value: load.inFlightMean, count: load.requests },
  }
}

/** Every metric, for one reason. */
export function describeNothing(reason: string): Metrics {
  const pass = { reason }
  return describePasses({ idle: pass, busy: pass, tolerance: 0 }, undefined)
}

function describePass(id: string, pass: Pass): Metrics {
  const errorId = `${id}_stderr`
  if (!('side' in pass)) return { [id]: absent(id, pass.reason), [errorId]: absent(errorId, pass.reason) }
  const tasks = pass.side.result.tasks.filter(({ nested }) => !nested)
  const scores = tasks.flatMap(({ metrics }) => metrics[0]?.value ?? [])
  const own = tasks.flatMap((task): [string, MetricResult][] => {
    const { value, standardError } = task.metrics[0] ?? {}
    const count = task.samples?.effective
    return [
      [`${id}.${task.name}`, scalar(id, value, 'lm-eval gave no score', count)],
      [`${errorId}.${task.name}`, scalar(errorId, standardError, 'lm-eval gave none', count)],
    ]
  })
  return {
    [id]: scalar(id, scores.length === 0 ? undefined : mean(scores), 'lm-eval gave no score', scores.length),
    ...Object.fromEntries(own),
  }
}

function describeChange(verdict: lmEval.EvalVerdict | undefined, reason: string): Metrics {
  const ids = ['quality_change', 'quality_change_low', 'quality_change_high', 'quality_change_p'] as const
  const counts = ['quality_dropped', 'quality_undecided'] as const
  if (verdict === undefined) return Object.fromEntries([...ids, ...counts].map((id) => [id, absent(id, reason)]))
  const { tasks } = verdict
  const gains = tasks.flatMap(({ gain }) => gain ?? [])
  const own = tasks.flatMap(({ task, gain, test, notes }): [string, MetricResult][] => {
    const why = notes[0] ?? 'no paired samples'
    const values = [gain, test?.low, test?.high, test?.p]
    return ids.map((id, place) => [`${id}.${task}`, scalar(id, values[place], why, test?.pairs)])
  })
  const number = (status: lmEval.TaskVerdict['status']): number => tasks.filter((task) => task.status === status).length
  return {
    quality_change: scalar('quality_change', gains.length === 0 ? undefined : mean(gains), reason, gains.length),
    ...Object.fromEntries(own),
    quality_dropped: scalar('quality_dropped', number('dropped'), reason, tasks.length),
    quality_undecided: scalar('quality_undecided', number('undecided'), reason, tasks.length),
  }
}

function scalar(id: string, value: number | undefined, reason: string, count?: number): MetricResult {
  if (value === undefined) return absent(id, reason)
  return { kind: 'scalar', unit: unitOf(id), value, ...(count !== undefined && { count }) }
}

function absent(id: string, reason: string): MetricResult {
  return { kind: 'absent', unit: unitOf(id), reason }
}

function unitOf(id: string): string {
  return definitions.find((definition) => definition.id === id)!.unit
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** One a task: `gsm8k: 0.7100 idle, 0.7000 busy, -0.0100 (95 % -0.0500 to +0.0300): within noise`. */
export function describeTasks({ idle, busy }: Passes, verdict: lmEval.EvalVerdict | undefined): readonly string[] {
  if (verdict !== undefined) return verdict.tasks.map(describeTask)
  const passes = [['idle', idle] as const, ['busy', busy] as const]
  return passes.flatMap(([name, pass]) =>
    'side' in pass
      ? pass.side.result.tasks
          .filter(({ nested }) => !nested)
          .map((task) => `${task.name}: ${show(task.metrics[0]?.value)} ${name}, not compared`)
      : [],
  )
}

/** Of several tasks how many came to what, and which dropped. */
export function concludeTasks(lines: readonly string[], verdict: lmEval.EvalVerdict | undefined): string | undefined {
  if (lines.length <= 1 || verdict === undefined) return lines[0]
  const counts = new Map<string, number>()
  for (const { status } of verdict.tasks) counts.set(status, (counts.get(status) ?? 0) + 1)
  const dropped = verdict.tasks.filter(({ status }) => status === 'dropped').map(({ task }) => task)
  const parts = [...counts].map(([status, count]) => `${count} ${status}`)
  return `quality under load: ${parts.join(', ')}${dropped.length === 0 ? '' : ` (${dropped.join(', ')})`}`
}

function describeTask({ task, reference, candidate, gain, test, status }: lmEval.TaskVerdict): string {
  const interval = test === undefined ? '' : ` (95 % ${signed(test.low)} to ${signed(test.high)})`
  const change = gain === undefined ? '' : `, ${signed(gain)}${interval}`
  return `${task}: ${show(reference)} idle, ${show(candidate)} busy${change}: ${wordOf(status, test)}`
}

function wordOf(status: lmEval.TaskVerdict['status'], test: lmEval.TaskVerdict['test']): string {
  const beyond = test !== undefined && test.p < SIGNIFICANT
  switch (status) {
    case 'dropped':
      return test === undefined ? 'DROPPED by the tolerance; no pairs to tell from noise' : 'DROPPED beyond noise'
    case 'better':
      return test === undefined ? 'better by the tolerance; no pairs to tell from noise' : 'better beyond noise'
    case 'held':
      return beyond ? 'changed beyond noise, within the tolerance' : 'within noise'
    case 'undecided':
      return 'within noise, which is wider than the tolerance: too few documents to tell'
    case 'not-compared':
      return 'not compared'
  }
}

function show(value: number | undefined): string {
  return value === undefined ? 'no score' : value.toFixed(4)
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`
}
