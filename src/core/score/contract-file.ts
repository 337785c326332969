import * as v from 'valibot'
import { BenchError } from '../errors.ts'
import { asObject } from '../json.ts'
import { nearestName } from '../nearest.ts'
import {
  CARD_METRICS,
  COMPOSITE_METRICS,
  type CompositeMetric,
  type Contract,
  probadorContract,
  type Threshold,
  type Weights,
} from './contract.ts'

const finite = v.pipe(v.number(), v.finite())

const thresholdSchema = v.strictObject({ excellent: finite, good: finite, higher_is_better: v.boolean() })

const weightsSchema = v.record(v.string(), v.pipe(finite, v.minValue(0), v.maxValue(1)))

const contractSchema = v.strictObject({
  contract_version: v.optional(v.pipe(v.string(), v.nonEmpty())),
  thresholds: v.optional(v.record(v.string(), thresholdSchema)),
  interactive_weights: v.optional(weightsSchema),
  throughput_weights: v.optional(weightsSchema),
  best_in_class_bonus: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100))),
  grades: v.optional(v.pipe(v.array(v.tuple([finite, v.pipe(v.string(), v.nonEmpty())])), v.minLength(1))),
})

/**
 * Reads a contract; what it leaves out is that of the built-in one, and its version is then `custom`. Throws a usage error that
 * names the file and the member that is wrong.
 */
export function parseContract(path: string, value: unknown): Contract {
  if (asObject(value) === undefined) throw wrong(path, 'a contract is an object with thresholds, weights or grades')
  const result = v.safeParse(contractSchema, value, { abortEarly: true })
  if (!result.success) {
    const [issue] = result.issues
    const member = v.getDotPath(issue)
    throw wrong(path, `${member === null ? '' : `"${member}": `}${issue.message}`)
  }
  const { thresholds = {}, interactive_weights, throughput_weights, ...rest } = result.output
  for (const [name, threshold] of Object.entries(thresholds)) checkThreshold(path, name, threshold)
  const grades = rest.grades ?? probadorContract.grades
  if (grades.some(([min], index) => index > 0 && min >= grades[index - 1]![0])) {
    throw wrong(path, '"grades" must fall: the highest first')
  }
  return {
    contract_version: rest.contract_version ?? 'custom',
    thresholds: { ...probadorContract.thresholds, ...thresholds },
    interactive_weights: checkWeights(path, 'interactive_weights', interactive_weights),
    throughput_weights: checkWeights(path, 'throughput_weights', throughput_weights),
    best_in_class_bonus: rest.best_in_class_bonus ?? probadorContract.best_in_class_bonus,
    grades,
  }
}

function wrong(path: string, what: string): BenchError {
  return new BenchError('usage', `${path}: ${what}`)
}

function checkName(path: string, where: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  const nearest = nearestName(name, known)
  const advice = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean "${nearest}"?`
  throw wrong(path, `"${where}": there is no metric "${name}"; ${advice}`)
}

function checkThreshold(path: string, name: string, { excellent, good, higher_is_better }: Threshold): void {
  checkName(path, 'thresholds', name, [...COMPOSITE_METRICS, ...CARD_METRICS])
  if (higher_is_better ? excellent > good && good > 0 : excellent < good && good > 0) return
  const order = higher_is_better ? 'excellent > good > 0' : 'excellent < good'
  throw wrong(path, `"thresholds.${name}": needs ${order}`)
}

function checkWeights(
  path: string,
  member: 'interactive_weights' | 'throughput_weights',
  weights: Readonly<Record<string, number>> | undefined,
): Weights {
  if (weights === undefined) return probadorContract[member]
  for (const name of Object.keys(weights)) checkName(path, member, name, COMPOSITE_METRICS)
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0)
  if (Math.abs(sum - 1) > 1e-6) throw wrong(path, `"${member}" must add up to 1, not ${Number(sum.toFixed(6))}`)
  return weights as Readonly<Partial<Record<CompositeMetric, number>>>
}
