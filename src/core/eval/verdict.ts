/** Has the candidate lost quality against the reference? By the documents that both answered, and beside it by plain tolerance. */
import type { EvalResult, TaskMetric, TaskResult } from './result.ts'
import { type Pairs, pairSamples, type Sample } from './samples.ts'
import { adjustForMany, type PairedTest, testPairs } from './statistics.ts'

/** One server's answers: the result and, by task, the samples behind it. */
export interface EvalSide {
  readonly result: EvalResult
  readonly samples: ReadonlyMap<string, readonly Sample[]>
}

/**
 * - `dropped`: worse by more than the tolerance, and beyond chance; without paired samples, worse by more than the tolerance.
 * - `held`: what chance leaves open is no loss beyond the tolerance.
 * - `better`: better by more than the tolerance, and beyond chance.
 * - `undecided`: too few documents to say.
 * - `not-compared`: one side has no such score.
 */
export type TaskStatus = 'dropped' | 'held' | 'better' | 'undecided' | 'not-compared'

export interface TaskVerdict {
  readonly task: string
  readonly metric: string
  readonly filter: string
  readonly status: TaskStatus
  readonly candidate?: number
  readonly reference?: number
  /** How much better the candidate is: candidate - reference, the other way round where less is better. */
  readonly gain?: number
  /** By the tolerance alone. */
  readonly plain?: 'OK' | 'DEGRADED' | 'BETTER'
  /** Of gains; `p` already accounts for the number of tasks. */
  readonly test?: PairedTest
  readonly notes: readonly string[]
}

export interface EvalVerdict {
  readonly passed: boolean
  readonly tolerance: number
  /** Groups and tasks; what is part of a group counts in it. */
  readonly tasks: readonly TaskVerdict[]
}

const SIGNIFICANT = 0.05

/** `seed` is for the bootstrap. */
export function judgeQuality(candidate: EvalSide, reference: EvalSide, tolerance: number, seed: number): EvalVerdict {
  const compared = listNames(candidate, reference).map((name) => compareTask(name, candidate, reference, seed))
  const tested = compared.filter(({ test }) => test !== undefined)
  const adjusted = adjustForMany(tested.map(({ test }) => test!.p))
  const tasks = compared.map((found): TaskVerdict => {
    const { shared, ...one } = found
    const p = adjusted[tested.indexOf(found)]
    const test = one.test === undefined || p === undefined ? {} : { test: { ...one.test, p } }
    const { gain } = one
    if (gain === undefined) return { ...one, status: 'not-compared' }
    return {
      ...one,
      ...test,
      plain: judgePlainly(gain, tolerance),
      status: judge(shared ?? gain, test.test, tolerance),
    }
  })
  return { passed: tasks.every(({ status }) => status !== 'dropped'), tolerance, tasks }
}

function listNames(candidate: EvalSide, reference: EvalSide): readonly string[] {
  const all = [...candidate.result.tasks, ...reference.result.tasks]
  return [...new Set(all.filter(({ nested }) => !nested).map(({ name }) => name))]
}

interface ComparedTask extends Omit<TaskVerdict, 'status' | 'plain'> {
  /** The gain over the documents that both sides answered, where the scores are not of those alone. */
  readonly shared?: number
}

function compareTask(name: string, candidate: EvalSide, reference: EvalSide, seed: number): ComparedTask {
  const [a, b] = [candidate, reference].map(({ result }) => result.tasks.find((task) => task.name === name))
  const judged = a?.metrics[0] ?? b?.metrics[0]
  const { metric = '', filter = '', higherIsBetter = true } = judged ?? {}
  const [now, before] = [a, b].map((task) => findValue(task, metric, filter))
  const sides = {
    task: name,
    metric,
    filter,
    ...(now !== undefined && { candidate: now }),
    ...(before !== undefined && { reference: before }),
  }
  if (a === undefined || b === undefined || now === undefined || before === undefined) {
    const lacking = now === undefined ? 'the server' : 'the reference'
    return { ...sides, notes: [`${lacking} has no score`] }
  }
  const pairs = pairTask(a, candidate, reference, metric, filter)
  const sign = higherIsBetter ? 1 : -1
  // Turned round rather than negated: what is 0 or 1 stays so.
  const gains = higherIsBetter ? pairs.scores : pairs.scores.map(([one, other]) => [other, one] as const)
  const test = testPairs(gains, seed)
  return {
    ...sides,
    gain: sign * (now - before),
    ...(test !== undefined && { test }),
    ...(test !== undefined && pairs.single + pairs.unlike > 0 && { shared: test.difference }),
    notes: [...noteTasks(a, b), ...notePairs(pairs)],
  }
}

function findValue(task: TaskResult | undefined, metric: string, filter: string): number | undefined {
  return task?.metrics.find((one: TaskMetric) => one.metric === metric && one.filter === filter)?.value
}

/** A group's documents are those of its tasks. */
function pairTask(task: TaskResult, candidate: EvalSide, reference: EvalSide, metric: string, filter: string): Pairs {
  const names = task.subtasks ?? [task.name]
  const parts = names.map((name) =>
    pairSamples(candidate.samples.get(name) ?? [], reference.samples.get(name) ?? [], metric, filter),
  )
  return {
    scores: parts.flatMap(({ scores }) => scores),
    single: parts.reduce((sum, { single }) => sum + single, 0),
    unlike: parts.reduce((sum, { unlike }) => sum + unlike, 0),
  }
}

function noteTasks(a: TaskResult, b: TaskResult): readonly string[] {
  const differ = a.hash !== undefined && b.hash !== undefined && a.hash !== b.hash
  return differ ? ['the two sides were asked different things: the hash of the task differs'] : []
}

function notePairs({ scores, single, unlike }: Pairs): readonly string[] {
  return [
    ...(scores.length === 0 ? ['no paired samples: judged by the tolerance alone'] : []),
    ...(single > 0 ? [`${single} samples have no partner with a score`] : []),
    ...(unlike > 0 ? [`${unlike} documents differ between the sides and are left out of the test`] : []),
  ]
}

// Scores are sums of thousands of documents: a loss of exactly the tolerance must not fail by its last binary digit.
const ROUNDING = 1e-9

function judgePlainly(gain: number, tolerance: number): 'OK' | 'DEGRADED' | 'BETTER' {
  if (Math.abs(gain) <= tolerance + ROUNDING) return 'OK'
  return gain < 0 ? 'DEGRADED' : 'BETTER'
}

function judge(gain: number, test: PairedTest | undefined, tolerance: number): TaskStatus {
  const plain = judgePlainly(gain, tolerance)
  if (test === undefined) return plain === 'DEGRADED' ? 'dropped' : plain === 'BETTER' ? 'better' : 'held'
  const beyondChance = test.p < SIGNIFICANT
  if (plain === 'DEGRADED') return beyondChance ? 'dropped' : 'undecided'
  if (plain === 'BETTER' && beyondChance) return 'better'
  return test.low >= -tolerance - ROUNDING ? 'held' : 'undecided'
}
