import type { MetricDefinition } from 'inferbench'

const base = { direction: 'higher', version: 1, kind: 'scalar', unit: '1' } as const
const lmEvalSource = 'lm-evaluation-harness: the first metric of the task'
const pairedSource =
  "McNemar's exact test with the interval of Agresti and Min (2005) where answers are right or wrong, else a paired bootstrap (Efron); Holm (1979) over the tasks"

/** Of each task as `id.task`; without a task: the mean over the tasks. */
export const definitions: readonly MetricDefinition[] = [
  {
    ...base,
    id: 'quality_idle',
    title: 'quality idle',
    formula: 'score of the task, asked while nothing else is asked',
    source: lmEvalSource,
  },
  {
    ...base,
    id: 'quality_idle_stderr',
    title: 'quality idle, standard error',
    direction: 'neutral',
    formula: 'standard error of quality_idle over the documents',
    source: 'lm-evaluation-harness',
  },
  {
    ...base,
    id: 'quality_busy',
    title: 'quality busy',
    formula: 'score of the task, asked while the load that was measured goes on',
    source: lmEvalSource,
  },
  {
    ...base,
    id: 'quality_busy_stderr',
    title: 'quality busy, standard error',
    direction: 'neutral',
    formula: 'standard error of quality_busy over the documents',
    source: 'lm-evaluation-harness',
  },
  {
    ...base,
    id: 'quality_change',
    title: 'quality busy against idle',
    formula: 'quality_busy - quality_idle; the other way round where less is better',
    source: 'our own',
  },
  {
    ...base,
    id: 'quality_change_low',
    title: 'quality change, 95 % from',
    formula: 'lower end of the 95 % interval of quality_change over paired documents',
    source: pairedSource,
  },
  {
    ...base,
    id: 'quality_change_high',
    title: 'quality change, 95 % to',
    formula: 'upper end of the 95 % interval of quality_change over paired documents',
    source: pairedSource,
  },
  {
    ...base,
    id: 'quality_change_p',
    title: 'quality change, p',
    direction: 'neutral',
    formula: 'how likely so large a quality_change is, either way, when load changes nothing',
    source: pairedSource,
  },
  {
    ...base,
    id: 'quality_dropped',
    title: 'tasks dropped',
    direction: 'lower',
    formula: 'tasks that are worse under load by more than the tolerance, and beyond chance',
    source: 'as bench eval judges',
  },
  {
    ...base,
    id: 'quality_undecided',
    title: 'tasks undecided',
    direction: 'lower',
    formula: 'tasks with too few documents to tell a drop from chance',
    source: 'as bench eval judges',
  },
  {
    ...base,
    id: 'quality_load',
    title: 'load beside',
    direction: 'neutral',
    unit: 'requests',
    formula: 'sum of times that requests of the load were in flight while lm-eval ran / time that lm-eval ran',
    source: 'our own; requests of lm-eval not included',
  },
]
