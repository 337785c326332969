/** What is to be evaluated: the plugin's options, checked together. */
import { BenchError, lmEval, type PluginOption, type PluginValues } from 'inferbench'

const SUITES = ['quick', 'standard', 'full'] as const

export const options: Readonly<Record<string, PluginOption>> = {
  tasks: { kind: 'text', summary: "tasks of lm-eval or of one's own, with commas between them; in place of a suite" },
  suite: { kind: 'text', summary: 'a set of tasks', choices: SUITES, default: 'quick' },
  includePath: { kind: 'text', summary: 'folder of task files of your own' },
  limit: {
    kind: 'number',
    summary: 'ask the first so many documents of each task (below 1: that share of them)',
    min: 0,
  },
  fewshot: { kind: 'number', summary: 'examples before each question, where not as many as the task says', min: 0 },
  seed: { kind: 'number', summary: "seed of lm-eval's draws and of the server's", min: 0 },
  endpoint: {
    kind: 'text',
    summary: 'completions can do every task, chat those that generate text',
    choices: ['completions', 'chat'],
    default: 'completions',
  },
  concurrency: { kind: 'number', summary: 'requests of lm-eval in flight', min: 1, max: 10_000, default: 4 },
  tokenizer: { kind: 'text', summary: "a tokenizer of Hugging Face, or none; else the server's own" },
  tolerance: { kind: 'number', summary: 'how much worse a score may be under load', min: 0, default: 0.02 },
  load: {
    kind: 'text',
    summary: 'when the server is asked: idle, busy with the load that was measured, or both, to be compared',
    choices: ['both', 'idle', 'busy'],
    default: 'both',
  },
  lmEval: { kind: 'text', summary: "lm-eval's executable", default: 'lm_eval' },
}

export interface Asked {
  readonly tasks: readonly string[]
  readonly includePath?: string
  readonly limit?: number
  readonly fewshot?: number
  readonly seed?: number
  readonly endpoint: lmEval.Endpoint
  readonly concurrency: number
  readonly tokenizer?: string
  readonly tolerance: number
  readonly load: 'both' | 'idle' | 'busy'
  readonly command: string
}

/** Throws `BenchError('usage')` for what no single option shows. */
export function readAsked(values: PluginValues): Asked {
  const { tasks: named, suite, includePath, limit, fewshot, seed, tokenizer } = values
  const tasks = typeof named === 'string' ? named.split(/[\s,]+/).filter((name) => name !== '') : undefined
  if (tasks?.length === 0) throw new BenchError('usage', 'tasks names no task')
  if (typeof limit === 'number' && (limit === 0 || (limit > 1 && !Number.isInteger(limit)))) {
    throw new BenchError('usage', `limit: ${limit} is neither a number of documents nor a share below 1`)
  }
  return {
    tasks: tasks ?? lmEval.suites[suite as lmEval.SuiteName],
    ...(typeof includePath === 'string' && { includePath }),
    ...(typeof limit === 'number' && { limit }),
    ...(typeof fewshot === 'number' && { fewshot }),
    ...(typeof seed === 'number' && { seed }),
    endpoint: values.endpoint as lmEval.Endpoint,
    concurrency: values.concurrency as number,
    ...(typeof tokenizer === 'string' && { tokenizer }),
    tolerance: values.tolerance as number,
    load: values.load as Asked['load'],
    command: values.lmEval as string,
  }
}
