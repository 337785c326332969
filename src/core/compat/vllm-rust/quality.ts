/** Verdict of vllm-rust's `quality_eval.py` over two lm-eval results: task by task, against a plain tolerance. */

export type TaskResult = Readonly<Record<string, unknown>>

export interface QualityVerdict {
  readonly passed: boolean
  readonly status: Readonly<Record<string, 'OK' | 'DEGRADED' | 'BETTER' | 'SKIP'>>
}

const ACCURACY_KEYS = ['acc,none', 'acc_norm,none', 'acc', 'acc_norm']

/** 0 when none is there, as in the original: then both sides agree. */
function accuracyOf(task: TaskResult): number {
  const key = ACCURACY_KEYS.find((name) => typeof task[name] === 'number')
  return key === undefined ? 0 : (task[key] as number)
}

/** Tasks that only the reference has are not looked at. */
export function compareQuality(
  candidate: Readonly<Record<string, TaskResult>>,
  reference: Readonly<Record<string, TaskResult>>,
  tolerance: number,
): QualityVerdict {
  const status: Record<string, 'OK' | 'DEGRADED' | 'BETTER' | 'SKIP'> = {}
  for (const [name, task] of Object.entries(candidate)) {
    const other = reference[name]
    const difference = other === undefined ? 0 : accuracyOf(task) - accuracyOf(other)
    if (other === undefined) status[name] = 'SKIP'
    else if (Math.abs(difference) <= tolerance) status[name] = 'OK'
    else status[name] = difference < -tolerance ? 'DEGRADED' : 'BETTER'
  }
  return { passed: !Object.values(status).includes('DEGRADED'), status }
}
