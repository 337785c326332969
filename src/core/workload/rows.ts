/** Calls from the rows of a data set. */
import type { Call } from '../call.ts'
import { BenchError } from '../errors.ts'
import type { DatasetRow, PromptPlan } from '../plan.ts'
import { makeRandom } from '../stats/random.ts'
import { describeSpread, drawLength } from './lengths.ts'
import type { PreparedWorkload, WorkloadSettings } from './tools.ts'

export type DatasetPlan = Extract<PromptPlan, { kind: 'dataset' }>

/**
 * Row after row in the plan's order, from the first again after the last. The warm-up takes them from the last backwards, so
 * that it shares rows with the measured calls only where both together are more than there are.
 */
export function makeRows(plan: DatasetPlan, settings: WorkloadSettings): Omit<PreparedWorkload, 'recipe'> {
  const { rows } = plan
  if (rows.length === 0) throw new BenchError('usage', `${plan.name}: no rows; a data set needs at least one`)
  for (const row of rows) requireFit(plan.name, row, settings.kind)
  const common = {
    name: `${plan.name}, ${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`,
    size: rows.length,
    description: {
      kind: plan.kind,
      name: plan.name,
      hash: plan.hash,
      rows: rows.length,
      ...(plan.outputTokens && { outputTokens: describeSpread(plan.outputTokens) }),
    },
  }
  const call = (index: number): Call => makeCall(plan, settings, rows[index]!)
  return {
    ...common,
    call: (n) => call(n % rows.length),
    warmup: { ...common, call: (n) => call(rows.length - 1 - (n % rows.length)) },
  }
}

function makeCall(plan: DatasetPlan, settings: WorkloadSettings, row: DatasetRow): Call {
  const { content } = row
  const maxTokens = row.maxTokens ?? drawMaxTokens(plan, settings, row)
  const inputTokens = row.inputTokens ?? ('promptTokenIds' in content ? content.promptTokenIds.length : undefined)
  const common = {
    item: `row:${row.row}`,
    ...(maxTokens !== undefined && { maxTokens, forceLength: settings.forceLength }),
    ...(inputTokens !== undefined && { askedInputTokens: inputTokens }),
    ...(settings.temperature !== undefined && { temperature: settings.temperature }),
    ...(row.body !== undefined && { body: row.body }),
  }
  if (settings.kind === 'chat') {
    const messages = 'messages' in content ? content.messages : [{ role: 'user', content: textOf(content) }]
    return { kind: 'chat', messages, ...common }
  }
  return {
    kind: 'completion',
    prompt: 'promptTokenIds' in content ? content.promptTokenIds : textOf(content),
    ...common,
  }
}

/** By row, not by index: the same item is always the same call. */
function drawMaxTokens(plan: DatasetPlan, settings: WorkloadSettings, row: DatasetRow): number | undefined {
  return plan.outputTokens && drawLength(plan.outputTokens, makeRandom(settings.seed, 'output of rows', row.row))
}

/** {@link requireFit} has seen to it that there is one. */
function textOf(content: DatasetRow['content']): string {
  return 'prompt' in content ? content.prompt : ''
}

function requireFit(name: string, row: DatasetRow, kind: Call['kind']): void {
  if (kind === 'completion' && 'messages' in row.content) {
    throw new BenchError(
      'usage',
      `${name}, line ${row.row}: messages, which completions do not take; use --endpoint chat`,
    )
  }
  if (kind === 'chat' && 'promptTokenIds' in row.content) {
    throw new BenchError(
      'usage',
      `${name}, line ${row.row}: token ids, which chat does not take; use --endpoint completions`,
    )
  }
}
