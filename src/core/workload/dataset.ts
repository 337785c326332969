/** Data sets: JSONL, one request a line. */
import * as v from 'valibot'
import type { ChatMessage } from '../call.ts'
import { BenchError } from '../errors.ts'
import type { DatasetRow } from '../plan.ts'
import { makeRandom, shuffle } from '../stats/random.ts'

const COUNT = 'must be a whole number of at least 1'
const Tokens = v.nullish(v.pipe(v.number(COUNT), v.integer(COUNT), v.minValue(1, COUNT)))

const IDS = 'must be a list of token ids'
const TokenIds = v.pipe(v.array(v.pipe(v.number(IDS), v.integer(IDS), v.minValue(0, IDS)), IDS), v.minLength(1, IDS))

const TextPart = v.object({ type: v.literal('text'), text: v.string() })
const Content = v.union(
  [
    v.string(),
    v.pipe(
      v.array(TextPart),
      v.transform((parts) => parts.map((part) => part.text).join('')),
    ),
  ],
  'must be text (or parts of type text: nothing else can be sent yet)',
)
// Loose: what a message says beside its role and text (a name, tool calls) is sent as it stands.
const Message = v.looseObject(
  { role: v.pipe(v.string(), v.nonEmpty('must not be empty')), content: Content },
  'must be there: a message has a "role" and a "content"',
)

const PROMPT = 'must be text (or token ids), and not empty'

/** The members that mean something; others are for people. */
const Row = v.looseObject({
  prompt: v.nullish(v.union([v.pipe(v.string(), v.nonEmpty(PROMPT)), TokenIds], PROMPT)),
  prompt_token_ids: v.nullish(TokenIds),
  messages: v.nullish(v.pipe(v.array(Message, 'must be a list of messages'), v.minLength(1, 'must not be empty'))),
  max_tokens: Tokens,
  max_completion_tokens: Tokens,
  output_tokens: Tokens,
  expected_output_tokens: Tokens,
  input_tokens: Tokens,
  body: v.nullish(v.record(v.string(), v.unknown(), 'must be an object')),
})
type Row = v.InferOutput<typeof Row>

/** Of a whole request body: said otherwise (content, lengths), or not for a data set to say (which model, how to answer). */
const NOT_EXTRA = new Set([
  'prompt',
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'model',
  'stream',
  'stream_options',
])

/**
 * Reads the rows of a JSONL data set, in the file's order. A row is `{"prompt"}` (text or token ids), `{"prompt_token_ids"}` or
 * `{"messages"}`, with `"max_tokens"` (or `"output_tokens"`, `"expected_output_tokens"`), `"input_tokens"` and `"body"` (more
 * members of the request's body) where it likes, or a request of OpenAI's batch format (`{"custom_id", "url", "body"}`).
 * `row` is the number of its line. Blank lines are skipped; other members are ignored.
 *
 * Throws one `BenchError('usage')` for the first bad row (file `name`, line, what is wrong) or when there is no row.
 */
export function parseDataset(name: string, text: string): DatasetRow[] {
  const rows: DatasetRow[] = []
  const lines = text.replace(/^\uFEFF/, '').split('\n')
  for (const [index, line] of lines.entries()) {
    if (line.trim() !== '') rows.push(parseRow(name, index + 1, line))
  }
  if (rows.length === 0) {
    throw new BenchError('usage', `${name}: no rows; write one JSON object a line, such as {"prompt": "Say hello."}`)
  }
  return rows
}

/** The same rows in a seeded order; each keeps its number. */
export function shuffleDataset(rows: readonly DatasetRow[], seed: number): DatasetRow[] {
  return shuffle(rows, makeRandom(seed, 'dataset order'))
}

function parseRow(name: string, line: number, text: string): DatasetRow {
  const where = `${name}, line ${line}`
  const row = checkRow(where, parseJson(where, text))
  const wholeBody = row.prompt == null && row.prompt_token_ids == null && row.messages == null && row.body != null
  if (!wholeBody) return buildRow(where, line, row, row.body ?? undefined)
  const extra = Object.entries(row.body!).filter(([key, value]) => !NOT_EXTRA.has(key) && value !== null)
  return buildRow(`${where}, body`, line, checkRow(`${where}, body`, row.body), Object.fromEntries(extra))
}

function buildRow(where: string, line: number, row: Row, body: DatasetRow['body']): DatasetRow {
  const maxTokens = row.max_tokens ?? row.output_tokens ?? row.expected_output_tokens ?? row.max_completion_tokens
  return {
    row: line,
    content: readContent(where, row),
    ...(maxTokens != null && { maxTokens }),
    ...(row.input_tokens != null && { inputTokens: row.input_tokens }),
    ...(body !== undefined && Object.keys(body).length > 0 && { body }),
  }
}

function readContent(where: string, row: Row): DatasetRow['content'] {
  const given = (['prompt', 'prompt_token_ids', 'messages'] as const).filter((key) => row[key] != null)
  if (given.length === 0) {
    const found = Object.keys(row).map((key) => `"${key}"`)
    throw new BenchError(
      'usage',
      `${where}: neither "prompt" nor "messages" in it (it has ${found.join(', ') || 'nothing'}); rename a member or add one`,
    )
  }
  if (given.length > 1) {
    throw new BenchError('usage', `${where}: both "${given[0]}" and "${given[1]}"; a row asks one thing, remove one`)
  }
  if (row.messages != null) return { messages: row.messages as readonly ChatMessage[] }
  if (typeof row.prompt === 'string') return { prompt: row.prompt }
  return { promptTokenIds: (row.prompt ?? row.prompt_token_ids) as readonly number[] }
}

function parseJson(where: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const hint = /^\s*\[/.test(text) ? '; a JSON array is written one object a line (jq -c ".[]")' : ''
    throw new BenchError('usage', `${where}: not JSON${hint || '; write one JSON object a line'}`)
  }
}

function checkRow(where: string, value: unknown): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BenchError(
      'usage',
      `${where}: not a JSON object; write one object a line, such as {"prompt": "Say hello."}`,
    )
  }
  const result = v.safeParse(Row, value, { abortEarly: true })
  if (result.success) return result.output
  const issue = result.issues[0]
  throw new BenchError('usage', `${where}: ${v.getDotPath(issue) ?? 'row'} ${issue.message}; correct the row`)
}
