/**
 * YAML files of the older tools: prompts (`prompts: [{ role, content, max_tokens?, temperature? }]`, one message each) and
 * cases (`tests: [{ name, messages, expect_contains?, expect_pattern?, max_tokens?, temperature? }]`).
 */
import * as v from 'valibot'
import { LineCounter, parseDocument } from 'yaml'
import { BenchError } from '../errors.ts'
import { compilePattern } from '../metrics/quality.ts'
import type { DatasetRow } from '../plan.ts'

const filledText = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'))
const limits = {
  max_tokens: v.exactOptional(
    v.pipe(v.number('must be a number'), v.integer('must be whole'), v.minValue(1, 'must be at least 1')),
  ),
  temperature: v.exactOptional(v.pipe(v.number('must be a number'), v.minValue(0, 'must be at least 0'))),
}

const PromptFile = v.looseObject({
  prompts: v.pipe(
    v.array(v.strictObject({ role: filledText, content: filledText, ...limits }), 'must be a list'),
    v.minLength(1, 'is empty; a file needs at least one prompt'),
  ),
})

const Case = v.strictObject({
  name: filledText,
  messages: v.pipe(
    v.array(v.looseObject({ role: filledText, content: filledText }), 'must be a list of role and content'),
    v.minLength(1, 'must not be empty'),
  ),
  expect_contains: v.exactOptional(filledText),
  expect_pattern: v.exactOptional(filledText),
  ...limits,
})
const CaseFile = v.looseObject({
  tests: v.pipe(v.array(Case, 'must be a list'), v.minLength(1, 'is empty; a file needs at least one case')),
})

/** `row` is the number of the prompt in the file, from 1. Throws `BenchError('usage')` that names the file and what is wrong. */
export function parsePromptFile(name: string, text: string): DatasetRow[] {
  const { prompts } = readYaml(
    name,
    text,
    PromptFile,
    'no prompts in it; write "prompts:" and a list of { role, content }',
  )
  return prompts.map(({ role, content, ...rest }, index) => makeRow(index, [{ role, content }], rest))
}

/** One question, and what a right answer holds. */
export interface TestCase {
  readonly name: string
  readonly row: DatasetRow
  readonly contains?: string
  readonly pattern?: RegExp
}

/** Throws as {@link parsePromptFile} does, for a pattern that is none, too. */
export function parseCaseFile(name: string, text: string): TestCase[] {
  const { tests } = readYaml(name, text, CaseFile, 'no cases in it; write "tests:" and a list of { name, messages }')
  return tests.map(({ name: title, messages, expect_contains: contains, expect_pattern: pattern, ...rest }, index) => ({
    name: title,
    row: makeRow(index, messages, rest),
    ...(contains !== undefined && { contains }),
    ...(pattern !== undefined && { pattern: compilePattern(pattern, `${name}: tests.${index}.expect_pattern`) }),
  }))
}

interface RowLimits {
  readonly max_tokens?: number
  readonly temperature?: number
}

function makeRow(
  index: number,
  messages: readonly { readonly role: string; readonly content: string }[],
  { max_tokens: maxTokens, temperature }: RowLimits,
): DatasetRow {
  return {
    row: index + 1,
    content: { messages },
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature !== undefined && { body: { temperature } }),
  }
}

function readYaml<const Schema extends v.GenericSchema>(
  name: string,
  text: string,
  schema: Schema,
  otherwise: string,
): v.InferOutput<Schema> {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  const [problem] = document.errors
  if (problem !== undefined) {
    const { line } = counter.linePos(problem.pos[0])
    throw new BenchError('usage', `${name}, line ${line}: ${problem.message.split('\n')[0]}`)
  }
  const result = v.safeParse(schema, document.toJS(), { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const where = v.getDotPath(issue)
  throw new BenchError('usage', where === null ? `${name}: ${otherwise}` : `${name}: ${where} ${issue.message}`)
}
