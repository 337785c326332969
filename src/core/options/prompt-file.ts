/** YAML files of prompts, as probador has them: `prompts: [{ role, content, max_tokens?, temperature? }]`, one message each. */
import * as v from 'valibot'
import { LineCounter, parseDocument } from 'yaml'
import { BenchError } from '../errors.ts'
import type { DatasetRow } from '../plan.ts'

const Prompt = v.strictObject({
  role: v.pipe(v.string('must be text'), v.nonEmpty('must not be empty')),
  content: v.pipe(v.string('must be text'), v.nonEmpty('must not be empty')),
  max_tokens: v.exactOptional(
    v.pipe(v.number('must be a number'), v.integer('must be whole'), v.minValue(1, 'must be at least 1')),
  ),
  temperature: v.exactOptional(v.pipe(v.number('must be a number'), v.minValue(0, 'must be at least 0'))),
})
const PromptFile = v.looseObject({
  prompts: v.pipe(v.array(Prompt, 'must be a list'), v.minLength(1, 'is empty; a file needs at least one prompt')),
})

/** `row` is the number of the prompt in the file, from 1. Throws `BenchError('usage')` that names the file and what is wrong. */
export function parsePromptFile(name: string, text: string): DatasetRow[] {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const [problem] = document.errors
  if (problem !== undefined) {
    const { line } = counter.linePos(problem.pos[0])
    throw new BenchError('usage', `${name}, line ${line}: ${problem.message.split('\n')[0]}`)
  }
  const result = v.safeParse(PromptFile, document.toJS(), { abortEarly: true })
  if (!result.success) {
    const issue = result.issues[0]
    const where = v.getDotPath(issue)
    throw new BenchError(
      'usage',
      where === null
        ? `${name}: no prompts in it; write "prompts:" and a list of { role, content }`
        : `${name}: ${where} ${issue.message}`,
    )
  }
  return result.output.prompts.map(({ role, content, max_tokens: maxTokens, temperature }, index) => ({
    row: index + 1,
    content: { messages: [{ role, content }] },
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { body: { temperature } }),
  }))
}
