/** An evaluation for people. */
import { escapeTerminal } from '../report/escape.ts'
import { groupDigits, NOTHING, padEnd, padStart, wrapWords } from '../report/text.ts'
import type { EvalResult, TaskMetric, TaskResult } from './result.ts'
import type { EvalVerdict, TaskStatus, TaskVerdict } from './verdict.ts'

export interface EvalText {
  readonly result: EvalResult
  readonly reference?: EvalResult
  readonly verdict?: EvalVerdict
}

const WIDTH = 80

export function renderEvaluation({ result, reference, verdict }: EvalText): string {
  const limited = isLimited(result) || (reference !== undefined && isLimited(reference))
  return [
    ...(limited ? ['LIMITED: not all documents were asked; these are no full scores', ''] : []),
    ...renderScores(result, reference),
    ...(verdict === undefined ? [] : ['', ...verdict.tasks.flatMap((task) => renderTask(task, verdict.tolerance))]),
    ...(verdict === undefined ? [] : ['', summarizeVerdict(verdict, limited)]),
    '',
  ].join('\n')
}

/** Told by what was asked, and by what was answered: either may be missing in a file. */
export function isLimited({ limit, tasks }: EvalResult): boolean {
  return (
    limit !== undefined || tasks.some(({ samples }) => samples !== undefined && samples.effective < samples.original)
  )
}

function renderScores(result: EvalResult, reference: EvalResult | undefined): readonly string[] {
  const against = reference === undefined ? [] : ['reference']
  const rows = [
    ['', '', 'documents', 'score', 'stderr', ...against],
    ...result.tasks.filter(({ nested }) => !nested).flatMap((task) => renderRows(task, reference)),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? padEnd(cell, widths[column]!) : padStart(cell, widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}

function renderRows(task: TaskResult, reference: EvalResult | undefined): readonly (readonly string[])[] {
  const other = reference?.tasks.find(({ name }) => name === task.name)
  return task.metrics.map((metric, index) => [
    index === 0 ? escapeTerminal(task.name) : '',
    escapeTerminal(nameMetric(metric)),
    index === 0 ? showDocuments(task) : '',
    showScore(metric.value),
    showScore(metric.standardError),
    ...(reference === undefined ? [] : [showScore(findSame(other, metric)?.value)]),
  ])
}

function findSame(task: TaskResult | undefined, { metric, filter }: TaskMetric): TaskMetric | undefined {
  return task?.metrics.find((one) => one.metric === metric && one.filter === filter)
}

function nameMetric({ metric, filter }: Pick<TaskMetric, 'metric' | 'filter'>): string {
  return filter === 'none' ? metric : `${metric},${filter}`
}

function showDocuments({ samples }: TaskResult): string {
  if (samples === undefined) return NOTHING
  const { effective, original } = samples
  return effective === original ? groupDigits(effective) : `${groupDigits(effective)} of ${groupDigits(original)}`
}

function showScore(value: number | undefined): string {
  return value === undefined ? NOTHING : value.toFixed(4)
}

const words: Readonly<Record<TaskStatus, string>> = {
  dropped: 'DROPPED',
  held: 'held',
  better: 'better',
  undecided: 'undecided: too few documents to tell from chance',
  'not-compared': 'not compared',
}

function renderTask(verdict: TaskVerdict, tolerance: number): readonly string[] {
  const { gain, test, plain } = verdict
  const parts = [
    ...(gain === undefined ? [] : [`${signed(gain)} (${plain} by the tolerance of ${tolerance})`]),
    ...(test === undefined
      ? []
      : [
          `95 % ${signed(test.low)} to ${signed(test.high)}`,
          `p ${test.p < 0.001 ? '<0.001' : test.p.toFixed(3)}`,
          test.method === 'mcnemar'
            ? `McNemar over ${groupDigits(test.pairs)} pairs: ${test.gained} gained, ${test.lost} lost`
            : `paired bootstrap over ${groupDigits(test.pairs)} pairs`,
        ]),
    ...verdict.notes,
  ]
  const head = `${verdict.task} ${nameMetric(verdict)}: ${words[verdict.status]}`
  return [escapeTerminal(head), ...wrapWords(`  ${escapeTerminal(parts.join('; '))}`, WIDTH)]
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`
}

export function summarizeVerdict({ tasks }: EvalVerdict, limited: boolean): string {
  const among = limited ? ' (limited run)' : ''
  const named = (status: TaskStatus): string =>
    tasks
      .filter((task) => task.status === status)
      .map(({ task }) => escapeTerminal(task))
      .join(', ')
  if (named('dropped') !== '') return `quality DROPPED${among}: ${named('dropped')}`
  const open = [named('undecided'), named('not-compared')].filter((names) => names !== '').join(', ')
  return open === '' ? `quality held${among}` : `quality UNDECIDED${among}: ${open}`
}
