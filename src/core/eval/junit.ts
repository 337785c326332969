/** An evaluation as JUnit XML: a case a task. */
import { renderSuites, type TestCase } from '../report/junit.ts'
import type { EvalResult, TaskResult } from './result.ts'
import type { EvalVerdict, TaskStatus, TaskVerdict } from './verdict.ts'

export interface EvalSuite {
  readonly result: EvalResult
  readonly verdict?: EvalVerdict
  /** Whether documents that are too few to tell are a failure. */
  readonly failOnUndecided: boolean
  /** ISO 8601. */
  readonly startedAt: string
  readonly properties: readonly (readonly [name: string, value: string])[]
}

/** A loss of quality is a failure, and a score that is not there an error; what cannot be told is skipped. */
export function renderEvalJUnit({ result, verdict, failOnUndecided, startedAt, properties }: EvalSuite): string {
  const cases =
    verdict === undefined
      ? result.tasks.filter(({ nested }) => !nested).map(scoreCase)
      : verdict.tasks.map((task) => verdictCase(task, failOnUndecided))
  return renderSuites([{ name: 'quality', seconds: result.seconds ?? 0, startedAt, properties, cases }])
}

function scoreCase({ name, metrics }: TaskResult): TestCase {
  const scored = metrics.some(({ value }) => value !== undefined)
  return { name, kind: scored ? 'passed' : 'error', message: 'no score', type: 'no-score' }
}

function verdictCase(task: TaskVerdict, failOnUndecided: boolean): TestCase {
  const { status, candidate, reference, notes } = task
  const open = failOnUndecided ? 'failure' : 'skipped'
  const kinds: Readonly<Record<TaskStatus, TestCase['kind']>> = {
    dropped: 'failure',
    held: 'passed',
    better: 'passed',
    undecided: open,
    'not-compared': open,
  }
  const scores = `${candidate ?? 'no score'}, reference ${reference ?? 'no score'}`
  return {
    name: `${task.task} ${task.metric},${task.filter}`,
    kind: kinds[status],
    message: [`${status}: ${scores}`, ...notes].join('; '),
    type: `quality-${status}`,
  }
}
